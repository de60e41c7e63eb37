"""Numbers of each five minutes, counted from stored lines: what mart `live_stats` holds, before any job has run.

What `analytics.marts.live_stats` says in Spark is said here in plain Python; a test holds both, and the stream, to the
same rows. Source: docs/listening.md, "Live numbers".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Sets:
    """Ids of a slot and group."""

    visitors: set[str] = field(default_factory=set)
    views: set[str] = field(default_factory=set)
    listens: set[str] = field(default_factory=set)
    listeners: set[tuple[str, str]] = field(default_factory=set)
    mobile: set[str] = field(default_factory=set)
    unknown_device: set[str] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Take an event in."""
        if event.user_key is not None:
            self.visitors.add(event.user_key)
        if event.view is not None:
            self.views.add(event.view)
        if event.heard is None:
            return
        self.listens.add(event.event_id)
        if event.who is not None:
            self.listeners.add(event.who)
        if event.heard.mobile is None:
            self.unknown_device.add(event.event_id)
        elif event.heard.mobile:
            self.mobile.add(event.event_id)

    def union(self, other: _Sets) -> None:
        """Take in what another one holds."""
        for name in COUNTS:
            getattr(self, name).update(getattr(other, name))


COUNTS = tuple(_Sets.__dataclass_fields__)
"""Columns of live_stats that count."""


def slot_of(at: datetime) -> datetime:
    """When the five minutes of a time begin."""
    return at - (at - EPOCH) % SLOT


def slot_rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Count events by slot and group: the columns of `live_stats` without the day, in the order of its keys.

    Args:
        events: In any order; one that comes twice counts once.
    """
    regions: dict[tuple[str, datetime, str], _Sets] = defaultdict(_Sets)
    for event in events:
        regions[event.app, slot_of(event.occurred_at), event.region].add(event)
    groups: dict[tuple[str, datetime, str, str], _Sets] = defaultdict(_Sets)
    for (app, slot, region), sets in regions.items():
        groups[app, slot, "all", ""].union(sets)
        groups[app, slot, "region", region] = sets
    return [
        dict(zip(("app", "slot_at", "kind", "region"), key, strict=True))
        | {name: len(getattr(sets, name)) for name in COUNTS}
        for key, sets in sorted(groups.items())
    ]
