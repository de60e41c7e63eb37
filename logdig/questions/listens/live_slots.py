"""Numbers of each five minutes, counted from stored lines: what mart `live_stats` holds, before any job has run.

What `analytics.marts.live_stats` says in Spark is said here in plain Python; a test holds both, and the stream, to the
same rows. Source: docs/listening.md, "Live numbers".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from logdig.questions.raw_objects import counts
from logdig.times import parse_wire_time
from logdig.visits.day_parts import day_part
from logdig.visits.zip_states import state_of

SLOT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Event:
    """What is kept of a stored line that counts.

    ``view`` names the page view of a page event; ``heard`` is the row of table `listens` of a listen, without its day.
    """

    app: str
    event_id: str
    occurred_at: datetime
    user_key: str | None
    customer_id: str | None
    view: str | None
    region: str
    heard: Mapping[str, Any] | None = None

    @property
    def who(self) -> tuple[str, str] | None:
        """Who listened: the customer, or the visitor where no customer is known."""
        if self.customer_id is not None:
            return "c", self.customer_id
        return ("v", self.user_key) if self.user_key is not None else None


def event_of(line: Mapping[str, Any]) -> Event | None:
    """Read a line of raw; None = it does not count, or cannot be read."""
    at = parse_wire_time(str(line.get("occurred_at") or ""))
    app, event_id, kind = line.get("app"), line.get("event_id"), line.get("type")
    if at is None or not isinstance(app, str) or not isinstance(event_id, str) or not counts(line):
        return None
    page_view_id, user_key, customer_id = (line.get(name) for name in ("page_view_id", "user_key", "customer_id"))
    view = f"{line.get('session_id') or ''} {page_view_id}" if page_view_id is not None else event_id
    state = state_of((line.get("listen") or {}).get("zip"))
    known = "-".join(str(line[name]) for name in ("country", "region") if line.get(name) is not None)
    return Event(
        app, event_id, at.astimezone(UTC), user_key, customer_id, view if kind == "page" else None,
        f"US-{state}" if state else known, _heard(line, at, state) if kind == "listen" else None,
    )  # fmt: skip


def _heard(line: Mapping[str, Any], at: datetime, state: str | None) -> Mapping[str, Any]:
    """The row of table `listens`, without its day."""
    listen, tz_min = line.get("listen") or {}, line.get("tz_min")
    hour = (at.astimezone(UTC) + timedelta(minutes=tz_min or 0)).hour
    plain = {name: line.get(name) for name in ("app", "event_id", "customer_id", "user_key")}
    own = {name: listen.get(name) for name in ("track_id", "mobile", "zip", "listened_ms")}
    return plain | own | {
        "occurred_at": at, "tz_min": tz_min, "local_hour": hour, "day_part": day_part(hour), "state": state,
        "ads_consent": bool((line.get("consent") or {}).get("ads")),
    }  # fmt: skip


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
        if event.heard["mobile"] is None:
            self.unknown_device.add(event.event_id)
        elif event.heard["mobile"]:
            self.mobile.add(event.event_id)


COUNTS = tuple(_Sets.__dataclass_fields__)
"""Columns of live_stats that count."""


def slot_of(at: datetime) -> datetime:
    """When the five minutes of a time begin."""
    return at - (at - datetime(1970, 1, 1, tzinfo=UTC)) % SLOT


def slot_rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Count events by slot and group: the columns of `live_stats` without the day, in the order of its keys.

    Args:
        events: In any order; one that comes twice counts once.
    """
    groups: dict[tuple[str, datetime, str, str], _Sets] = {}
    for event in events:
        slot = slot_of(event.occurred_at)
        for kind, region in (("all", ""), ("region", event.region)):
            groups.setdefault((event.app, slot, kind, region), _Sets()).add(event)
    return [
        dict(zip(("app", "slot_at", "kind", "region"), key, strict=True))
        | {name: len(getattr(sets, name)) for name in COUNTS}
        for key, sets in sorted(groups.items())
    ]
