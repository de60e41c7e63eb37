"""What every page shares: the apps, the menu of one, its goals and releases, and how fresh its tables are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.access_answers import PERSONS
from dashboard.page import NUMBERS, Has, Page, Route, Scope
from dashboard.request import FILTERS, PERIODS, Request
from logdig.questions.listens.heard import DIMENSIONS as LISTENING
from logdig.questions.site.visits import PEOPLE
from logdig.store.state.releases import read_releases

LEDGER_DAYS = 7
"""Days of the ledger that the head line sums up."""
VALUES_MOST = 200
STATE_TABLES = ("page_views", "sessions", "clicks", "traffic", "ledger")


def shell_page(pages: Sequence[Page]) -> Page:
    """The addresses of the frame around every page."""

    def app(request: Request) -> dict[str, Any]:
        has = Has(request.settings, request.source, request.app.name)
        return {
            "apps": [one.name for one in request.settings.apps],
            "app": request.app.name,
            "zone": request.app.timezone,
            "today": request.today,
            "scope": request.scope,
            "live": request.live is not None,
            # A day that is not over would tell who came just now.
            "periods": [one for one in PERIODS if not (request.numbers_only and one == "today")],
            "filters": [one for one in FILTERS if not (request.numbers_only and one in PERSONS)],
            "goals": [goal.name for goal in request.settings.goals if goal.app in ("", request.app.name)],
            "releases": releases(request),
            "pages": [
                {
                    "name": page.name,
                    "filters": page.filters,
                    "asks": page.answers,
                    "listed": page.listed and _may_see(page, request.scope) and page.needs(has),
                }
                for page in sorted(pages, key=lambda page: page.place)
            ],
        }

    return Page(
        "shell",
        0,
        routes=(
            Route("app", app, NUMBERS),
            Route("state", state, NUMBERS),
            Route("values", values, NUMBERS),
        ),
        listed=False,
    )


def _may_see(page: Page, scope: Scope) -> bool:
    return scope == "people" or page.scope == "numbers"


def releases(request: Request) -> list[dict[str, Any]]:
    """Releases that the owner has noted, by time."""
    zone = ZoneInfo(request.app.timezone)
    noted = [release for release in read_releases(request.store) if release.app == request.app.name]
    return [
        {"name": one.name, "at": one.at, "day": one.at.astimezone(zone).date()}
        for one in sorted(noted, key=lambda release: release.at)
    ]


def state(request: Request) -> dict[str, Any]:
    """How fresh the tables are, what waits, and what the ledger says of the last days.

    Returns:
        ``version`` changes whenever a table does; ``data_until`` = when the oldest of them was written, None = there
        are none; ``waiting`` = days that are due; ``ledger`` = sums of LEDGER_DAYS days, None = it was never counted.
    """
    pinned = request.source.pin(STATE_TABLES)
    states = [pinned.state(name, request.app.name) for name in STATE_TABLES]
    written = [one.written_at for one in states if one.written_at is not None and one.name != "ledger"]
    text = "/".join(f"{one.name} {one.snapshot_id}" for one in states)
    return {
        "now": request.now,
        "version": hashlib.sha256(text.encode()).hexdigest()[:16],
        "data_until": min(written, default=None),
        "waiting": sorted({day for one in states for day in one.waiting}),
        "ledger": _ledger(pinned, request.app.name, request.now),
    }


def _ledger(pinned: Any, app: str, now: datetime) -> dict[str, Any] | None:
    last = now.date()
    first = last - timedelta(days=LEDGER_DAYS - 1)
    names = ("sent", "missing", "rejected", "waiting", "in_dlq")
    found = pinned.rows("ledger", names, app, first, last, sample=False).to_pylist()
    rows = [row for row in found if first <= row["day"] <= last]
    return {name: sum(row[name] or 0 for row in rows) for name in names} | {"days": LEDGER_DAYS} if rows else None


def values(request: Request) -> list[str]:
    """Values of a filter, the commonest of the asked days first."""
    name = request.choice("filter", FILTERS)
    if name == "goal":
        return [goal.name for goal in request.settings.goals if goal.app in ("", request.app.name)]
    reads: dict[str, Callable[[], Any]] = {
        "page": lambda: request.answer("pages", where={}, compare=False),
        "release": lambda: request.answer("pages", by="release", where={}, compare=False),
    }
    if name in PEOPLE:
        reads[name] = lambda: request.answer("sources", by=name, where={}, compare=False)
    elif name in LISTENING:
        reads[name] = lambda: request.answer("listens", by=name, where={}, compare=False)
    if name not in reads:
        return []
    found = reads[name]().rows.column(name).to_pylist()
    return list(dict.fromkeys(value for value in found if value is not None))[:VALUES_MOST]
