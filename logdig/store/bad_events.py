"""Rejected events: read from the bad zone and corrected before they are sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from logdig.errors import InputError
from logdig.events.lenient_json import UnreadableError, parse_text
from logdig.events.lines import BadEvent
from logdig.store.keys import day_prefix
from logdig.store.object_store import EventStore
from logdig.store.objects import decompress


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice of rejected events: all conditions must hold; empty ones always do."""

    days: Sequence[date] = ()
    app: str | None = None
    reason: str = ""
    first: date | None = None
    last: date | None = None

    def holds(self, key: str) -> bool:
        """Tell whether the day of an object's key lies between ``first`` and ``last``, both included."""
        day = key.removeprefix("bad/dt=")[:10]
        return (self.first is None or day >= self.first.isoformat()) and (
            self.last is None or day <= self.last.isoformat()
        )

    def matches(self, event: BadEvent) -> bool:
        """Tell whether an event meets the conditions."""
        return (self.app is None or event.app == self.app) and self.reason in event.reason


_DECODER = msgspec.json.Decoder(BadEvent)


def read_bad(
    store: EventStore, wanted: Filter, on_unreadable: Callable[[str], None] = lambda _: None
) -> Iterator[BadEvent]:
    """Yield rejected events, oldest first within an object, each ``bad_id`` once.

    Args:
        store: Holds the zone.
        wanted: The choice.
        on_unreadable: Called with the key of each object that is damaged or holds a line that is no rejected event.
    """
    known_ids: set[str] = set()
    prefixes = [day_prefix("bad", day) for day in wanted.days] or ["bad/"]
    for prefix in prefixes:
        for entry in store.list(prefix):
            if not wanted.holds(entry.key):
                continue
            for event in _events_of(store, entry.key, on_unreadable):
                if event.bad_id not in known_ids and wanted.matches(event):
                    known_ids.add(event.bad_id)
                    yield event


def _events_of(store: EventStore, key: str, on_unreadable: Callable[[str], None]) -> Iterator[BadEvent]:
    try:
        text = decompress(store.get(key))
    except KeyError:
        return  # Erased or expired since it was listed.
    is_readable = text is not None
    for line in (text or b"").splitlines():
        try:
            yield _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            is_readable = False
    if not is_readable:
        on_unreadable(key)


def find_bad(
    store: EventStore, bad_ids: Sequence[str], on_unreadable: Callable[[str], None] = lambda _: None
) -> list[BadEvent]:
    """Find rejected events by their ids, in one pass over the zone; one per id, in the order of the ids.

    Args:
        store: See `read_bad`.
        bad_ids: Ids of rejected events.
        on_unreadable: See `read_bad`.
    Raises:
        InputError: No event has one of the ids.
    """
    wanted = dict.fromkeys(bad_ids)
    by_id: dict[str, BadEvent] = {}
    for event in read_bad(store, Filter(), on_unreadable):
        if event.bad_id in wanted:
            by_id[event.bad_id] = event
        if len(by_id) == len(wanted):
            break
    missing = next((bad_id for bad_id in wanted if bad_id not in by_id), None)
    if missing is not None:
        raise InputError(f"no rejected event has the id {missing!r}; logdig bad list shows them")
    return [by_id[bad_id] for bad_id in wanted]


def correct_event(event: BadEvent, changes: Mapping[str, Any], removals: Sequence[str]) -> dict[str, Any]:
    """Parse a rejected event and change it.

    Args:
        event: The rejected event.
        changes: Values by dotted path, such as ``element.ex``; missing objects are created.
        removals: Dotted paths of fields to remove.
    Raises:
        InputError: It was cut, is no JSON object, or a path leads through a value that is no object.
    """
    if event.truncated:
        raise InputError(f"{event.bad_id} was cut at 16 KiB of {event.bytes:,} bytes; only its sender has the whole")
    try:
        value = parse_text(event.text)
    except UnreadableError as err:
        raise InputError(f"{event.bad_id}: {err.message}; give the whole event with --from FILE") from err
    if not isinstance(value, dict):
        raise InputError(f"{event.bad_id} is no JSON object; give the whole event with --from FILE")
    for path, new_value in changes.items():
        parent, name = _parent(value, path)
        parent[name] = new_value
    for path in removals:
        _remove(value, path)
    return value


def _parent(event: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *steps, name = path.split(".")
    for step in steps:
        event = event.setdefault(step, {})
        if not isinstance(event, dict):
            raise InputError(f"{path}: {step} is no object")
    return event, name


def _remove(event: dict[str, Any], path: str) -> None:
    """Remove a field, if it exists."""
    *steps, name = path.split(".")
    inner: object = event
    for step in steps:
        inner = inner.get(step) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(name, None)
