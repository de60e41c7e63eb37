"""The last stored events of both zones, and those that come after them: what `logdig events` shows.

Events are read from the objects that the flush writes, never from the queue, where a reader would hide messages from
the flush. Source: docs/check.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from logdig.events.lenient_json import UnreadableError, parse_text
from logdig.store.keys import ZONES, Zone, day_prefix, parse_key
from logdig.store.object_store import EventStore, StoredObject
from logdig.store.objects import decompress
from logdig.times import Clock, wire_time

DAYS_BACK = 14
"""How far the past is searched; a queue holds an event no longer."""
DAYS_NEW = 2
"""Days of arrival that are listed for new objects: today and, for what waited over midnight, yesterday."""
KNOWN_IDS = 100_000
"""Ids that are remembered, so that an event which was sent or flushed twice shows once."""
CLOCK_SKEW = timedelta(minutes=1)
"""Largest difference between the clocks of collector and store that ordering by time of storing allows for."""

NEVER = datetime(9000, 1, 1, tzinfo=UTC)

_DECODER = msgspec.json.Decoder(dict)


class RecentEvent(msgspec.Struct, frozen=True):
    """One event as it is shown. Fields that a rejected event lacks, or that are no text in it, are None.

    ``element`` is the selector of a click or form, ``name`` that of a custom event, ad or track.
    """

    received_at: str
    rejected: bool
    type: str | None
    app: str | None
    page: str | None
    element: str | None
    name: str | None
    visitor: str | None
    customer: str | None
    id: str | None
    bot: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A choice of events: all conditions must hold; empty ones always do."""

    types: Collection[str] = ()
    app: str | None = None
    since: datetime | None = None

    def matches(self, event: RecentEvent) -> bool:
        """Tell whether an event meets the conditions. A rejected event without a readable type meets any type."""
        return (
            (not self.types or event.type in self.types or (event.rejected and event.type is None))
            and (self.app is None or event.app == self.app)
            and (self.since is None or event.received_at >= wire_time(self.since))
        )


class EventFeed:
    """Gives the last events first, then the new ones at each call.

    Args:
        store: Holds the zones.
        chosen: Events to show.
        clock: Tells which day it is.
        on_unreadable: Called with the key of each object that is damaged.
    """

    def __init__(
        self, store: EventStore, chosen: EventFilter, clock: Clock, on_unreadable: Callable[[str], None]
    ) -> None:
        self._store, self._chosen, self._clock, self._on_unreadable = store, chosen, clock, on_unreadable
        self._known_keys: set[str] = set()
        self._known_ids: dict[str, None] = {}

    def last(self, count: int) -> list[RecentEvent]:
        """Up to so many of the newest events, oldest first. Call it before `new`."""
        events: list[RecentEvent] = []
        today, since = self._clock().date(), self._chosen.since
        for day in (today - timedelta(days=days) for days in range(DAYS_BACK)):
            is_listed_again = (today - day).days < DAYS_NEW
            if not is_listed_again and (len(events) == count or (since is not None and day < since.date())):
                break
            objects = list(self._list(day))
            self._known_keys.update(entry.key for entry in objects)
            events = self._newest(events, objects, count)
        return events

    def new(self) -> list[RecentEvent]:
        """Events that were stored since the last call, oldest first."""
        today = self._clock().date()
        listed = [entry for days in range(DAYS_NEW) for entry in self._list(today - timedelta(days=days))]
        fresh = [entry for entry in listed if entry.key not in self._known_keys]
        # Of days that are no longer listed nothing needs to be remembered.
        self._known_keys = {entry.key for entry in listed}
        return sorted((event for entry in fresh for event in self._read(entry)), key=_arrival)

    def _newest(self, events: list[RecentEvent], objects: list[StoredObject], count: int) -> list[RecentEvent]:
        """The newest events of these and of a day's objects, of which the ones stored last are read first."""
        for entry in sorted(objects, key=_stored_at, reverse=True):
            # Its events had arrived by then.
            latest = _stored_at(entry) + CLOCK_SKEW
            if self._chosen.since is not None and latest < self._chosen.since:
                break
            if len(events) == count and wire_time(latest) < events[0].received_at:
                break
            events = sorted([*events, *self._read(entry)], key=_arrival)[-count:]
        return events

    def _list(self, day: date) -> Iterator[StoredObject]:
        for zone in ZONES:
            yield from self._store.list(day_prefix(zone, day))

    def _read(self, entry: StoredObject) -> Iterator[RecentEvent]:
        """Chosen events of an object, each id once."""
        for event in _events_of(self._store, entry.key, self._on_unreadable):
            if self._chosen.matches(event) and self._is_first(event):
                yield event

    def _is_first(self, event: RecentEvent) -> bool:
        if event.id is None:
            return True
        if event.id in self._known_ids:
            return False
        if len(self._known_ids) == KNOWN_IDS:
            del self._known_ids[next(iter(self._known_ids))]
        self._known_ids[event.id] = None
        return True


def _arrival(event: RecentEvent) -> str:
    return event.received_at


def _stored_at(entry: StoredObject) -> datetime:
    return entry.stored_at or NEVER


def _events_of(store: EventStore, key: str, on_unreadable: Callable[[str], None]) -> Iterator[RecentEvent]:
    try:
        zone: Zone = parse_key(key).zone
        text = decompress(store.get(key))
    except KeyError:
        return  # Erased or expired since it was listed.
    except ValueError:
        return  # `logdig verify` names keys that are no stored events.
    is_readable = text is not None
    for line in (text or b"").splitlines():
        try:
            fields: dict[str, Any] = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            is_readable = False
            continue
        yield rejected_event(fields) if zone == "bad" else stored_event(fields)
    if not is_readable:
        on_unreadable(key)


def stored_event(line: dict[str, Any]) -> RecentEvent:
    """Take what is shown from a raw line."""
    return _shown(line, line, rejected=False, event_id=_text(line, "event_id"), reasons=())


def rejected_event(line: dict[str, Any]) -> RecentEvent:
    """Take what is shown from a bad line: of the event what can be read of its text, and every reason."""
    try:
        event = parse_text(str(line.get("text")))
    except UnreadableError:
        event = None
    errors = line.get("errors")
    reasons = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    words = tuple(": ".join(filter(None, (_text(error, "field"), _text(error, "reason")))) for error in reasons)
    fields = event if isinstance(event, dict) else {}
    return _shown(line, fields, rejected=True, event_id=_text(line, "bad_id"), reasons=words)


def _shown(
    line: dict[str, Any], event: dict[str, Any], *, rejected: bool, event_id: str | None, reasons: tuple[str, ...]
) -> RecentEvent:
    parts = ((event.get(part), name) for part, name in (("custom", "name"), ("ad", "name"), ("listen", "track_id")))
    element = event.get("element")
    return RecentEvent(
        received_at=str(line.get("received_at")),
        rejected=rejected,
        type=_text(event, "type"),
        app=_text(line, "app"),
        page=_text(event, "current_page"),
        element=_text(element, "selector") if isinstance(element, dict) else None,
        name=next((_text(part, name) for part, name in parts if isinstance(part, dict)), None),
        visitor=_text(event, "user_key"),
        customer=_text(event, "customer_id"),
        id=event_id,
        bot=line.get("bot") is True,
        reasons=reasons,
    )


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None
