"""Who is there now: people of the last half hour, read from raw before any table knows them.

What the marts' Spark functions say of an event (which one counts, its page) is said here in plain Python; a test holds
both to the same result. Source: docs/dashboard.md, "Live".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from logdig.config.settings import Settings
from logdig.questions.listens import live_slots
from logdig.questions.listens.live_slots import Event
from logdig.questions.raw_objects import MOST_BYTES, Line, RecentObjects, counts
from logdig.store.object_store import EventStore
from logdig.times import parse_wire_time
from logdig.visits.pages import grouped, page_of

WINDOW = timedelta(minutes=30)
"""Events of so long a time count."""
PAGES_MOST = 10
MINUTES = int(WINDOW.total_seconds()) // 60


class LivePage(msgspec.Struct, frozen=True):
    """Views of a page within the window."""

    page: str
    views: float


class Live(msgspec.Struct, frozen=True):
    """Who is there.

    Args:
        visitors: Different people with an event in the last 30 minutes; of a share of the objects multiplied, and then
            at most so many, since one person's events may lie in several.
        views: Their page views.
        events: Their events.
        minutes: Events by minute, the oldest first, 30.
        pages: Pages by views.
        as_of: Latest arrival that is in the numbers; None = nothing was stored.
        objects: How many objects were read.
        share: Part of the bytes that was read, 1 = everything.
    """

    visitors: float
    views: float
    events: float
    minutes: tuple[float, ...]
    pages: tuple[LivePage, ...]
    as_of: datetime | None
    objects: int
    share: float


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that counts, with what is counted of it."""

    app: str
    event_id: str
    received_at: str
    occurred_at: datetime
    user_key: str | None
    view: str | None
    page: str | None
    weight: float


@dataclass(frozen=True, slots=True)
class _Read:
    """Events of an object, the same as the numbers of each five minutes want them, and the latest arrival."""

    events: tuple[Seen, ...]
    for_slots: tuple[Event, ...]
    latest: datetime | None


class LiveReader:
    """Reads the newest raw objects, each once.

    Args:
        store: The bucket.
        settings: Page rules and allowed query parameters of the apps.
        most_bytes: Most that is read.
    """

    def __init__(self, store: EventStore, settings: Settings, most_bytes: int = MOST_BYTES) -> None:
        self._settings = settings
        self._reads: list[_Read] = []
        self.kept: dict[object, object] = {}
        """What was made of these objects and of nothing that changes faster; emptied when the objects are others."""
        self._objects = RecentObjects(store, self._parse, most_bytes)

    def now(self, app: str, now: datetime) -> Live:
        """Count the people of an app.

        Args:
            app: Its name.
            now: Time, UTC.
        Raises:
            StoreUnavailableError: S3 does not answer.
        """
        reads, share = self._objects.read(now)
        return counted(reads, app, now, share)

    def listening(self, app: str, now: datetime) -> tuple[list[Event], datetime | None, float]:
        """Events of an app as `live_slots` counts them, the latest arrival, and the share read."""
        reads, share = self._objects.read(now)
        if reads != self._reads:
            self._reads, self.kept = reads, {}
        events = [event for read in reads for event in read.for_slots if event.app == app]
        return events, max((read.latest for read in reads if read.latest), default=None), share

    def _parse(self, lines: Iterator[Line]) -> _Read:
        seen, for_slots, latest = [], [], ""
        for line in lines:
            latest = max(latest, str(line.get("received_at") or ""))
            if (event := event_of(line, self._settings)) is not None:
                seen.append(event)
            if (slot_event := live_slots.event_of(line)) is not None:
                for_slots.append(slot_event)
        return _Read(tuple(seen), tuple(for_slots), parse_wire_time(latest))


def event_of(line: Mapping[str, Any], settings: Settings) -> Seen | None:
    """Read a line of raw; None = it does not count: a bot's, staff's, of somebody who refused, or unreadable."""
    at = parse_wire_time(str(line.get("occurred_at") or ""))
    app, event_id = line.get("app"), line.get("event_id")
    if at is None or not isinstance(app, str) or not isinstance(event_id, str) or not counts(line):
        return None
    is_view = line.get("type") == "page"
    rate = line.get("sample_rate")
    return Seen(
        app,
        event_id,
        str(line.get("received_at") or ""),
        at,
        line.get("user_key"),
        f"{line.get('session_id') or ''} {line.get('page_view_id') or event_id}" if is_view else None,
        _page(app, str(line.get("current_page") or ""), settings) if is_view else None,
        1 / rate if isinstance(rate, int | float) and rate > 0 else 1.0,
    )


def _page(app: str, address: str, settings: Settings) -> str:
    allowed = next((one.allowed_query for one in settings.apps if one.name == app), ())
    patterns = [page.pattern for page in settings.pages if page.app in ("", app)]
    return grouped(page_of(address, allowed).path, patterns)


def counted(reads: Collection[_Read], app: str, now: datetime, share: float) -> Live:
    """Count the events of the window, each once, whichever objects it lies in."""
    first = now - WINDOW
    events: dict[str, Seen] = {}
    for event in (event for read in reads for event in read.events if event.app == app):
        # Of the copies of an event the one counts that the tables keep.
        if event.event_id not in events or event.received_at < events[event.event_id].received_at:
            events[event.event_id] = event
    events = {name: event for name, event in events.items() if first < event.occurred_at <= now}
    visitors: dict[str, float] = {}
    views: dict[str, Seen] = {}
    minutes = [0.0] * MINUTES
    for event in events.values():
        if event.user_key is not None:
            visitors[event.user_key] = max(visitors.get(event.user_key, 0.0), event.weight)
        if event.view is not None:
            views.setdefault(event.view, event)
        minutes[min(int((event.occurred_at - first).total_seconds() // 60), MINUTES - 1)] += event.weight
    pages: dict[str, float] = {}
    for event in views.values():
        pages[event.page or ""] = pages.get(event.page or "", 0.0) + event.weight
    most = sorted(pages.items(), key=lambda item: (-item[1], item[0]))[:PAGES_MOST]
    return Live(
        visitors=sum(visitors.values()) / share,
        views=sum(event.weight for event in views.values()) / share,
        events=sum(event.weight for event in events.values()) / share,
        minutes=tuple(count / share for count in minutes),
        pages=tuple(LivePage(page, count / share) for page, count in most),
        as_of=max((read.latest for read in reads if read.latest is not None), default=None),
        objects=len(reads),
        share=share,
    )
