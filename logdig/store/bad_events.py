"""Rejected events: read from the bad zone, mended, and sent through the front door again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from logdig.errors import InputError
from logdig.events.lenient_json import UnreadableError, parse_text
from logdig.events.validation import FieldFault
from logdig.store.keys import day_prefix
from logdig.store.object_store import EventStore
from logdig.store.objects import decompress


class BadEvent(msgspec.Struct, frozen=True):
    """One line of the bad zone; ``text`` is the event as it came, cut when ``truncated``."""

    bad_id: str
    received_at: str
    errors: list[FieldFault]
    text: str
    bytes: int
    sha256: str
    truncated: bool
    app: str | None = None
    pack_id: str | None = None

    @property
    def reason(self) -> str:
        """The first error in one line; empty where a foreign line tells none."""
        if not self.errors:
            return ""
        first = self.errors[0]
        return f"{first.field}: {first.reason}" if first.field else first.reason


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rejected events: all conditions must hold, empty ones always do."""

    days: Sequence[date] = ()
    app: str | None = None
    reason: str = ""

    def takes(self, event: BadEvent) -> bool:
        """Tell whether an event is meant."""
        return (self.app is None or event.app == self.app) and self.reason in event.reason


_DECODER = msgspec.json.Decoder(BadEvent)


def read_bad(
    store: EventStore, wanted: Filter, unreadable: Callable[[str], None] = lambda _: None
) -> Iterator[BadEvent]:
    """Yield rejected events, oldest first within an object, each ``bad_id`` once.

    Args:
        store: Holds the zone.
        wanted: Which.
        unreadable: Told the key of each object that is damaged or holds a line that is none of ours.
    """
    seen: set[str] = set()
    prefixes = [day_prefix("bad", day) for day in wanted.days] or ["bad/"]
    for prefix in prefixes:
        for entry in store.list(prefix):
            for event in _events_of(store, entry.key, unreadable):
                if event.bad_id not in seen and wanted.takes(event):
                    seen.add(event.bad_id)
                    yield event


def _events_of(store: EventStore, key: str, unreadable: Callable[[str], None]) -> Iterator[BadEvent]:
    try:
        text = decompress(store.get(key))
    except KeyError:
        return  # Erased or expired since it was listed.
    is_ours = text is not None
    for line in (text or b"").splitlines():
        try:
            yield _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            is_ours = False
    if not is_ours:
        unreadable(key)


def find_bad(
    store: EventStore, bad_ids: Sequence[str], unreadable: Callable[[str], None] = lambda _: None
) -> list[BadEvent]:
    """Find rejected events by their ids, in one walk over the zone; as many as there are ids, in their order.

    Args:
        store: See `read_bad`.
        bad_ids: Ids.
        unreadable: See `read_bad`.
    Raises:
        InputError: There is none of one of these ids.
    """
    wanted = dict.fromkeys(bad_ids)
    found: dict[str, BadEvent] = {}
    for event in read_bad(store, Filter(), unreadable):
        if event.bad_id in wanted:
            found[event.bad_id] = event
        if len(found) == len(wanted):
            break
    missing = next((bad_id for bad_id in wanted if bad_id not in found), None)
    if missing is not None:
        raise InputError(f"no rejected event has the id {missing!r}; logdig bad list shows them")
    return [found[bad_id] for bad_id in wanted]


def mend(event: BadEvent, changes: Mapping[str, Any], removals: Sequence[str]) -> dict[str, Any]:
    """Parse an event as it came and change it.

    Args:
        event: What was rejected.
        changes: Values by dotted path, such as ``element.ex``; objects on the way are made.
        removals: Dotted paths to take out.
    Raises:
        InputError: It was cut, is no JSON object, or a path leads through something that is no object.
    """
    if event.truncated:
        raise InputError(f"{event.bad_id} was cut at 16 KiB of {event.bytes:,} bytes; only its sender has the whole")
    try:
        found = parse_text(event.text)
    except UnreadableError as err:
        raise InputError(f"{event.bad_id}: {err.message}; give the whole event with --from FILE") from err
    if not isinstance(found, dict):
        raise InputError(f"{event.bad_id} is no JSON object; give the whole event with --from FILE")
    for path, value in changes.items():
        parent, name = _parent(found, path)
        parent[name] = value
    for path in removals:
        _remove(found, path)
    return found


def _parent(event: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *steps, name = path.split(".")
    for step in steps:
        event = event.setdefault(step, {})
        if not isinstance(event, dict):
            raise InputError(f"{path}: {step} is no object")
    return event, name


def _remove(event: dict[str, Any], path: str) -> None:
    """Take a field out; one that is not there is out already."""
    *steps, name = path.split(".")
    inner: object = event
    for step in steps:
        inner = inner.get(step) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(name, None)
