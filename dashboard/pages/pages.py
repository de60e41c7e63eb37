"""The pages of a site, and one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from dashboard.page import NUMBERS, Page, Route
from dashboard.request import CannotApplyError, Request
from dashboard.sending import receipt_of
from logdig.questions.catalog import question_of
from logdig.questions.engine.question import Answer

PAGES_MOST = 500
"""Pages that are listed, those with the most views."""


def listed(request: Request) -> dict[str, Any]:
    """List pages with what other questions know of them; what cannot be filtered as asked is left out and named.

    Returns:
        ``rows`` of question pages with ``depth``, ``conversions``, ``frustration`` (bursts, clicks in vain and quick
        returns) and ``by_day`` (views of each day of ``days``); ``cannot`` = filters by column that cannot be applied.
    """
    pages = request.answer("pages")
    rows = pages.rows.slice(0, PAGES_MOST).to_pylist()
    cannot: dict[str, list[str]] = {}
    days = _by_day(request)
    depths = _others(request, "depths", ("depth", "conversions"), cannot)
    stuck = _stuck(_others(request, "frustration", ("frustration",), cannot))
    facts = {row["page"]: row for row in depths.rows.to_pylist()} if depths else {}
    for row in rows:
        own = facts.get(row["page"], {})
        row["by_day"] = days.get(row["page"], {})
        if depths:
            row |= {"depth": own.get("depth"), "conversions": own.get("conversions", 0.0)}
        if stuck is not None:
            row["frustration"] = stuck.get(row["page"], 0.0)
    return {
        "rows": rows,
        "total_rows": pages.rows.num_rows,
        "columns": [{"name": column.name} for column in pages.columns],
        "receipt": receipt_of(pages),
        "cannot": cannot,
    }


def changes(request: Request) -> Answer:
    """What the release of a day changed on the page: elements that more or fewer of its visitors click."""
    return request.answer("releases", compare=False, release_day=request.day("since"))


def _by_day(request: Request) -> Mapping[str | None, dict[str, float]]:
    found: dict[str | None, dict[str, float]] = defaultdict(dict)
    for row in request.answer("pages", by="day", compare=False).rows.select(["day", "page", "views"]).to_pylist():
        found[row["page"]][row["day"].isoformat()] = row["views"]
    return found


def _others(request: Request, name: str, columns: tuple[str, ...], cannot: dict[str, list[str]]) -> Answer | None:
    try:
        return request.answer(name, compare=False)
    except CannotApplyError:
        can = question_of(name).filters
        for column in columns:
            cannot[column] = [one for one in request.where if one.partition(".")[0] not in can]
        return None


def _stuck(found: Answer | None) -> Mapping[str | None, float] | None:
    if found is None:
        return None
    times: dict[str | None, float] = defaultdict(float)
    for row in found.rows.select(["page", "times", "repeat_prone"]).to_pylist():
        if not row["repeat_prone"]:
            times[row["page"]] += row["times"]
    return times


PAGE = Page(
    "pages",
    20,
    asks=dict.fromkeys(("pages", "scroll", "flow", "page_events", "frustration", "depths"), NUMBERS),
    routes=(
        Route("listed", listed, NUMBERS, question_of("pages").filters),
        Route("changes", changes, NUMBERS, question_of("releases").filters),
    ),
)
