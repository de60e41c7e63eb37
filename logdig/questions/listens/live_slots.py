"""Numbers of each five minutes, counted from stored lines: what mart `live_stats` holds, before any job has run.

What `analytics.marts.live_stats` says in Spark is said here in plain Python; a test holds both, and the stream, to the
same rows. Source: docs/listening.md, "Live numbers".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from logdig.questions.raw_objects import Line, Listen
from logdig.visits.zip_states import state_of

SLOT = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a stored line that counts.

    ``view`` names the page view of a page event; ``heard`` is there of a listen.
    """

    app: str
    event_id: str
    occurred_at: datetime
    user_key: str | None
    customer_id: str | None
    view: str | None
    region: str
    heard: Listen | None = None

    @property
    def who(self) -> tuple[str, str] | None:
        """Who listened: the customer, or the visitor where no customer is known."""
        if self.customer_id is not None:
            return "c", self.customer_id
        return ("v", self.user_key) if self.user_key is not None else None


def event_of(line: Line) -> Event:
    """What the numbers need of a line that counts."""
    view = None
    if line.type == "page":
        seen = line.page_view_id
        view = line.event_id if seen is None else f"{line.session_id or ''} {seen}"
    state = state_of(line.listen.zip) if line.listen is not None else None
    known = "-".join(part for part in (line.country, line.region) if part is not None)
    heard = (line.listen or Listen()) if line.type == "listen" else None
    return Event(
        line.app, line.event_id, line.occurred_at.astimezone(UTC), line.user_key, line.customer_id, view,
        f"US-{state}" if state else known, heard,
    )  # fmt: skip


COUNTS = ("visitors", "views", "listens", "listeners", "mobile", "unknown_device")
"""Columns of live_stats that count."""


def slot_of(at: datetime) -> datetime:
    """When the five minutes of a time begin."""
    return EPOCH + (at - EPOCH) // SLOT * SLOT


def slot_rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Count events by slot and group: the columns of `live_stats` without the day, in the order of its keys.

    Args:
        events: In any order; one that comes twice counts once.
    """
    regions: defaultdict[tuple[str, int, str], list[Event]] = defaultdict(list)
    for event in events:
        regions[event.app, (event.occurred_at - EPOCH) // SLOT, event.region].append(event)
    groups: defaultdict[tuple[str, int, str, str], list[Event]] = defaultdict(list)
    for (app, slot, region), own in regions.items():
        groups[app, slot, "all", ""] += own
        groups[app, slot, "region", region] = own
    return [
        {"app": app, "slot_at": EPOCH + slot * SLOT, "kind": kind, "region": region, **_counts(own)}
        for (app, slot, kind, region), own in sorted(groups.items())
    ]


def _counts(events: list[Event]) -> dict[str, int]:
    """Sizes of the sets of ids, of each of COUNTS."""
    listens = [(event, event.heard.mobile) for event in events if event.heard is not None]
    ids: tuple[set[Any], ...] = (
        {event.user_key for event in events} - {None},
        {event.view for event in events} - {None},
        {event.event_id for event, _ in listens},
        {event.who for event, _ in listens} - {None},
        {event.event_id for event, mobile in listens if mobile},
        {event.event_id for event, mobile in listens if mobile is None},
    )
    return {name: len(found) for name, found in zip(COUNTS, ids, strict=True)}
