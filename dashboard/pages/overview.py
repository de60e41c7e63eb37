"""The overview: how many came, from where, with what, what they did, and who is there now."""

from __future__ import annotations

from typing import Any

import msgspec

from dashboard.page import NUMBERS, Page, Route
from dashboard.request import Request


def live(request: Request) -> dict[str, Any]:
    """Who is there now, read from raw; ``now`` = time of asking."""
    found = request.live.now(request.app.name, request.now)
    return {"now": request.now} | msgspec.structs.asdict(found)


PAGE = Page(
    "overview",
    10,
    asks={
        "trend": NUMBERS,
        "pages": NUMBERS,
        "goals": NUMBERS,
        "links": NUMBERS,
        "custom": NUMBERS,
        "traffic": NUMBERS,
    },
    routes=(Route("live", live, NUMBERS),),
)
