"""Who is there now: people of the last half hour, read from raw before any table knows them.

What the marts' Spark functions say of an event (which one counts, its page) is said here in plain Python; a test holds
both to the same result. Source: docs/dashboard.md, "Live".
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from logdig.config.settings import Settings
from logdig.store.keys import day_prefix, parse_key
from logdig.store.object_store import EventStore, StoredObject
from logdig.store.objects import decompress
from logdig.times import parse_wire_time
from logdig.visits.pages import grouped, page_of

WINDOW = timedelta(minutes=30)
"""Events of so long a time count."""
STORED = timedelta(minutes=40)
"""Objects of so long a time are read: an event may wait for max_age before it is stored."""
MOST_BYTES = 32 * 1024**2
"""Most that is read, compressed; of more objects a share is read, chosen by name."""
PAGES_MOST = 10
MINUTES = int(WINDOW.total_seconds()) // 60
DIGEST_BITS = 64


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
    """Events of an object, and when the last of its lines arrived."""

    events: tuple[Seen, ...]
    latest: datetime | None


class LiveReader:
    """Reads the newest raw objects, each once.

    Args:
        store: The bucket.
        settings: Page rules and allowed query parameters of the apps.
        most_bytes: Most that is read.
    """

    def __init__(self, store: EventStore, settings: Settings, most_bytes: int = MOST_BYTES) -> None:
        self._store, self._settings, self._most_bytes = store, settings, most_bytes
        self._known: dict[str, _Read] = {}
        self._lock = threading.Lock()

    def now(self, app: str, now: datetime) -> Live:
        """Count the people of an app.

        Args:
            app: Its name.
            now: Time, UTC.
        Raises:
            StoreUnavailableError: S3 does not answer.
        """
        with self._lock:
            listed = list(self._recent(now))
            chosen, share = chosen_of(listed, self._most_bytes)
            known = {entry.key: self._known.get(entry.key) or self._read(entry.key) for entry in chosen}
            # What has grown old is forgotten, so that memory holds the window alone.
            self._known = known
        return counted(known.values(), app, now, share)

    def _recent(self, now: datetime) -> Iterator[StoredObject]:
        first = now - STORED
        for day in sorted({first.date(), now.date()}):
            for entry in self._store.list(day_prefix("raw", day)):
                if entry.stored_at is not None and entry.stored_at >= first:
                    yield entry

    def _read(self, key: str) -> _Read:
        try:
            text = decompress(self._store.get(key))
        except KeyError:
            text = None
        seen, latest = [], ""
        for line in text.splitlines() if text else ():
            fields = _fields(line)
            latest = max(latest, str(fields.get("received_at") or ""))
            event = event_of(fields, self._settings)
            if event is not None:
                seen.append(event)
        return _Read(tuple(seen), parse_wire_time(latest))


def chosen_of(listed: Sequence[StoredObject], most_bytes: int) -> tuple[list[StoredObject], float]:
    """Choose objects by name so that about ``most_bytes`` are read: names are digests, and so a fair choice.

    Returns:
        The objects, and the share of all bytes that they hold.
    """
    total = sum(entry.size_bytes for entry in listed)
    if total <= most_bytes:
        return list(listed), 1.0
    limit = int(most_bytes / total * 2**DIGEST_BITS)
    chosen = [entry for entry in listed if int(parse_key(entry.key).sha256[: DIGEST_BITS // 4], 16) < limit]
    # A choice may be unlucky; the smallest object then stands for all.
    chosen = chosen or [min(listed, key=lambda entry: (entry.size_bytes, entry.key))]
    return chosen, sum(entry.size_bytes for entry in chosen) / total


def _fields(line: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


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
        (line.get("page_view_id") or event_id) if is_view else None,
        _page(app, str(line.get("current_page") or ""), settings) if is_view else None,
        1 / rate if isinstance(rate, int | float) and rate > 0 else 1.0,
    )


def counts(line: Mapping[str, Any]) -> bool:
    """Tell whether an event counts, as ``analytics.marts.people_events.counted`` does."""

    def has(name: str) -> bool:
        return line.get(name) is not None

    bot = bool(line.get("bot"))
    in_session = has("page_view_id") or has("session_id")
    is_post = (
        not in_session
        and not has("seq")
        and not has("element")
        and line.get("type") in ("page", "click")
        and (has("x") or "x" in (line.get("legacy") or {}))
    )
    people = not bot or (not in_session and not line.get("signed"))
    refused = (line.get("consent") or {}).get("analytics") is False
    return people and not (is_post and bot) and not line.get("staff") and not refused


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
