"""The overview: how many came, from where, with what, what they did, and who is there now."""

from __future__ import annotations

from typing import Any

import msgspec

from dashboard.page import NUMBERS, Page, Route
from dashboard.request import Request


def live(request: Request) -> dict[str, Any]:
    """Who is there now, read from raw; ``now`` = time of asking.

    Raises:
        InputError: This dashboard may not read raw.
    """
    found = msgspec.structs.asdict(request.raw.now(request.app.name, request.now))
    if request.numbers_only:
        least = request.settings.dashboard_least_visitors
        found["pages"] = [page for page in found["pages"] if page.views >= least]
        found["minutes"] = found["minutes"] if found["visitors"] >= least else ()
    return {"now": request.now} | found


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
