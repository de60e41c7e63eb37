"""Who is there now: people of the last half hour, read from raw before any table knows them.

What the marts' Spark functions say of an event (which one counts, its page) is said here in plain Python; a test holds
both to the same result. Source: docs/dashboard.md, "Live".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

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
T = TypeVar("T")


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


class Seen(msgspec.Struct, frozen=True, gc=False):
    """An event that counts, with what is counted of it."""

    event_id: str
    received_at: str
    occurred_at: datetime
    user_key: str | None
    view: str | None
    page: str | None
    weight: float


class _Read:
    """Lines of an object that count, and its latest arrival; what a page makes of them is made when it asks first."""

    def __init__(self, lines: Iterable[Line], settings: Settings) -> None:
        every = tuple(lines)
        self._lines = tuple(line for line in every if counts(line))
        self._settings = settings
        self.latest = parse_wire_time(max((line.received_at for line in every), default=""))

    @cached_property
    def events(self) -> dict[str, list[Seen]]:
        """By app, for the number of people."""
        return _by_app(self._lines, lambda line: seen_of(line, self._settings))

    @cached_property
    def for_slots(self) -> dict[str, list[Event]]:
        """By app, for the numbers of each five minutes."""
        return _by_app(self._lines, live_slots.event_of)


def _by_app(lines: Iterable[Line], make: Callable[[Line], T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for line in lines:
        found.setdefault(line.app, []).append(make(line))
    return found


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
        events = [event for read in reads for event in read.for_slots.get(app, ())]
        return events, max((read.latest for read in reads if read.latest), default=None), share

    def _parse(self, lines: Iterator[Line]) -> _Read:
        return _Read(lines, self._settings)


def seen_of(line: Line, settings: Settings) -> Seen:
    """What the number of people needs of a line that counts."""
    is_view, rate = line.type == "page", line.sample_rate
    return Seen(
        line.event_id,
        line.received_at,
        line.occurred_at,
        line.user_key,
        f"{line.session_id or ''} {line.page_view_id or line.event_id}" if is_view else None,
        _page(line.app, line.current_page or "", settings) if is_view else None,
        1 / rate if rate is not None and rate > 0 else 1.0,
    )


def _page(app: str, address: str, settings: Settings) -> str:
    allowed = next((one.allowed_query for one in settings.apps if one.name == app), ())
    patterns = [page.pattern for page in settings.pages if page.app in ("", app)]
    return grouped(page_of(address, allowed).path, patterns)


def counted(reads: Collection[_Read], app: str, now: datetime, share: float) -> Live:
    """Count the events of the window, each once, whichever objects it lies in."""
    first = now - WINDOW
    events: dict[str, Seen] = {}
    for event in (event for read in reads for event in read.events.get(app, ())):
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
