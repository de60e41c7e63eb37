"""Who listens to what, where and when."""

from __future__ import annotations

from typing import Any

import msgspec

from dashboard.page import NUMBERS, PEOPLE, Has, Page, Route
from dashboard.request import Request
from logdig.questions.engine.parameters import Parameters
from logdig.questions.fresh_listens import listening_now


def live(request: Request) -> dict[str, Any]:
    """The last 30 minutes and 30 hours, of the tables and of raw; ``now`` = time of asking."""
    events, as_of, share = request.live.listening(request.app.name, request.now)
    words = msgspec.to_builtins(request.settings.words)
    asked = Parameters(request.app.name, request.today, request.today, zone=request.app.timezone, words=words)
    found = listening_now(request.source, events, asked, request.now)
    return {"now": request.now, "as_of": as_of, "share": share, **found}


def _has_listens(has: Has) -> bool:
    return has.rows("listens")


PAGE = Page(
    "listening",
    60,
    asks={
        "listens": NUMBERS,
        "listeners": NUMBERS,
        "tracks": NUMBERS,
        "interest_tracks": NUMBERS,
        "interests": PEOPLE,
        "single_listens": PEOPLE,
    },
    routes=(Route("live", live, NUMBERS),),
    needs=_has_listens,
)
