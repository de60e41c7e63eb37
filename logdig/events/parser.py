"""Bytes of events -> accepted and rejected events.

The fast parser reads first, the whole body at once where it can. What it refuses, the lenient parser reads again, so
that one bad event never harms its neighbours and every fault is named. Source: the wire contract, docs/api.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

import msgspec
from msgspec import UNSET, inspect

from logdig.errors import InputError
from logdig.events.envelope import EVENTS_LIMIT, FAULTS_LIMIT, PARSER_ERRORS, BodyOf, Envelope, envelope_of
from logdig.events.lenient_json import nesting, parse_text
from logdig.events.parts import MovePart
from logdig.events.types import EVENT_TYPES, SIGNED_EVENT_TYPES, UNFORMED_EVENT_TYPES, Event, is_formed
from logdig.events.validation import FieldFault, faults, field_faults, shown
from logdig.times import occurred_at, parse_wire_time, wire_time

EVENT_BYTES_LIMIT = 32 * 1024
"""Counted as compact UTF-8 JSON."""
DEPTH_LIMIT = 8
LEVELS_ABOVE_EVENT = 2
"""The body counts as 1, its list of events as 2."""
AGE_LIMIT = timedelta(days=30)


class AcceptanceRules(msgspec.Struct, frozen=True, gc=False):
    """What the validation depends on: times in UTC; a signed sender may omit the fields of browsers."""

    received_at: datetime
    sent_at: datetime | None
    signed: bool


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An event and its time by the collector's clock."""

    event: Event
    occurred_at: datetime


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """An event that breaks rules: its index in the request, 1 to FAULTS_LIMIT faults, its bytes as received."""

    index: int
    faults: tuple[FieldFault, ...]
    source: bytes


class Reading(msgspec.Struct, frozen=True, gc=False):
    """All events of a request; ``duplicates`` counts repeats of an accepted event_id."""

    accepted: tuple[Accepted, ...]
    rejected: tuple[Rejected, ...]
    duplicates: int


@dataclass(frozen=True, slots=True)
class _Types:
    """The event types of one kind of sender, for the fast parser, for ``convert`` and for the search of faults.

    ``is_formed`` checks what the fast parser skips.
    """

    decoder: msgspec.json.Decoder[Event]
    is_formed: Callable[[Event], bool]
    union: Any
    kinds: dict[str, inspect.StructType]
    common: tuple[inspect.Field, ...]


def _types(
    event_types: Iterable[type[Event]],
    parsed_types: Iterable[type[Event]],
    is_formed: Callable[[Event], bool] = lambda _: True,
) -> _Types:
    union: Any = reduce(or_, event_types)
    parsed: Any = reduce(or_, parsed_types)
    infos = [info for info in map(inspect.type_info, event_types) if isinstance(info, inspect.StructType)]
    kinds = {str(info.tag): info for info in infos}
    common = tuple(field for field in kinds["page"].fields if field.encode_name != "page")
    return _Types(msgspec.json.Decoder(parsed), is_formed, union, kinds, common)


_BROWSER = _types(EVENT_TYPES, UNFORMED_EVENT_TYPES, is_formed)
_UNFORMED: Any = reduce(or_, UNFORMED_EVENT_TYPES)
_WHOLE: msgspec.json.Decoder[BodyOf[Event]] = msgspec.json.Decoder(BodyOf[_UNFORMED])
_SIGNED = _types(SIGNED_EVENT_TYPES, SIGNED_EVENT_TYPES)


def read_events(sources: Iterable[bytes], rules: AcceptanceRules) -> Reading:
    """Validate each event alone.

    Args:
        sources: One JSON value each, as received.
        rules: Time and kind of sender.
    Raises:
        UnreadableError: A source is no JSON.
    """
    types = _SIGNED if rules.signed else _BROWSER
    accepted: dict[str, Accepted] = {}
    rejected = []
    duplicates = 0
    for index, source in enumerate(sources):
        outcome = _validate(source, types, rules)
        if not isinstance(outcome, Accepted):
            rejected.append(Rejected(index, outcome, source))
        elif outcome.event.event_id in accepted:
            duplicates += 1
        else:
            accepted[outcome.event.event_id] = outcome
    return Reading(tuple(accepted.values()), tuple(rejected), duplicates)


def read_at_once(payload: bytes, received_at: datetime) -> tuple[Envelope, Reading] | None:
    """Read a browser's request in one pass, in half the time, when nothing in it needs the lenient parser.

    Returns:
        The results of `read_envelope` and `read_events`, without the sources; None when these two must read it.
    """
    if _needs_lenient_parser(payload):
        return None
    try:
        body = _WHOLE.decode(payload)
        envelope = envelope_of(body, ())
    except (*PARSER_ERRORS, InputError):
        return None
    if envelope.dropped or len(body.events) > EVENTS_LIMIT or not all(map(is_formed, body.events)):
        return None
    rules = AcceptanceRules(received_at, envelope.sent_at, signed=False)
    accepted: dict[str, Accepted] = {}
    for event in body.events:
        outcome = _validate_event(event, rules)
        if not isinstance(outcome, Accepted):
            return None
        accepted.setdefault(event.event_id, outcome)
    return envelope, Reading(tuple(accepted.values()), (), len(body.events) - len(accepted))


def _needs_lenient_parser(source: bytes) -> bool:
    """Tell whether bytes may break a rule that the fast parser does not check."""
    return len(source) > EVENT_BYTES_LIMIT or b"\\u0000" in source


def _validate(source: bytes, types: _Types, rules: AcceptanceRules) -> Accepted | tuple[FieldFault, ...]:
    event: Event | tuple[FieldFault, ...]
    if _needs_lenient_parser(source):
        event = _parse_leniently(source, types, rules)
    else:
        try:
            event = types.decoder.decode(source)
            if not types.is_formed(event):
                event = _parse_leniently(source, types, rules)
        except PARSER_ERRORS:
            event = _parse_leniently(source, types, rules)
    return event if isinstance(event, tuple) else _validate_event(event, rules)


def _validate_event(event: Event, rules: AcceptanceRules) -> Accepted | tuple[FieldFault, ...]:
    """Check the rules that types cannot express."""
    event_time = _occurred_at(event.timestamp, rules)
    move = getattr(event, "move", None)
    if not (rules.signed or move) and isinstance(event_time, datetime):
        return Accepted(event, event_time)
    wrong = [event_time] if isinstance(event_time, FieldFault) else []
    if rules.signed and _lacks_person(event.user_key, event.customer_id):
        wrong.append(NO_PERSON)
    if move is not None:
        wrong.extend(_anchor_faults(move))
    if isinstance(event_time, datetime) and not wrong:
        return Accepted(event, event_time)
    return tuple(wrong[:FAULTS_LIMIT])


def _parse_leniently(source: bytes, types: _Types, rules: AcceptanceRules) -> Event | tuple[FieldFault, ...]:
    text = source.decode("utf-8", "surrogateescape")
    value = parse_text(text, LEVELS_ABOVE_EVENT)
    wrong = [*_whole_faults(value, source, text), *islice(_part_faults(value, types), FAULTS_LIMIT)]
    if isinstance(value, dict) and wrong:
        wrong.extend(_rule_faults(value, {fault.field for fault in wrong}, rules))
    if wrong:
        return tuple(wrong[:FAULTS_LIMIT])
    event: Event = msgspec.convert(value, types.union)
    return event


def _whole_faults(value: object, source: bytes, text: str) -> Iterator[FieldFault]:
    if len(source) > EVENT_BYTES_LIMIT:
        compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        size = min(len(source), len(compact.encode("utf-8", "surrogatepass")))
        if size > EVENT_BYTES_LIMIT:
            yield FieldFault("", f"has {size} bytes, the limit is {EVENT_BYTES_LIMIT}; send less in one event")
    depth = nesting(text) + LEVELS_ABOVE_EVENT
    if depth > DEPTH_LIMIT:
        yield FieldFault("", f"is nested {depth} deep, counted from the body, the limit is {DEPTH_LIMIT}; flatten it")
    if not isinstance(value, dict):
        yield FieldFault("", f"must be an object, got {shown(value)}")


def _part_faults(value: object, types: _Types) -> Iterator[FieldFault]:
    if not isinstance(value, dict):
        return
    name = value.get("type")
    if isinstance(name, str) and name in types.kinds:
        yield from faults(types.kinds[name], value)
        return
    if "type" in value:
        yield FieldFault("type", f"must be one of {', '.join(types.kinds)}, got {shown(name)}")
    else:
        yield FieldFault("type", "is required")
    yield from field_faults(types.common, value)


def _rule_faults(value: dict[str, object], known: set[str], rules: AcceptanceRules) -> Iterator[FieldFault]:
    """Check the rules of `_validate_event` on an event that is already known to be rejected."""
    timestamp = value.get("timestamp")
    if isinstance(timestamp, str) and "timestamp" not in known:
        event_time = _occurred_at(timestamp, rules)
        if isinstance(event_time, FieldFault):
            yield event_time
    if rules.signed and _lacks_person(value.get("user_key"), value.get("customer_id")):
        yield NO_PERSON


NO_PERSON = FieldFault("user_key", "user_key or customer_id is required")


def _lacks_person(user_key: object, customer_id: object) -> bool:
    return user_key in (None, UNSET) and customer_id in (None, UNSET)


def _occurred_at(timestamp: str, rules: AcceptanceRules) -> datetime | FieldFault:
    """Return the event's time by the collector's clock, or the fault of its timestamp."""
    claimed = parse_wire_time(timestamp)
    if claimed is None:
        return FieldFault("timestamp", f"must be an RFC 3339 time with zone, got {shown(timestamp)}")
    event_time = occurred_at(claimed, rules.sent_at, rules.received_at)
    if event_time is None:
        return FieldFault("timestamp", f"lies before the year 1 after correction by sent_at, got {shown(timestamp)}")
    if not rules.signed and rules.received_at - event_time > AGE_LIMIT:
        return FieldFault(
            "timestamp", f"is {wire_time(event_time)} by our clock, older than the limit of {AGE_LIMIT.days} days"
        )
    return event_time


def _anchor_faults(move: MovePart) -> Iterator[FieldFault]:
    anchors_count = len(move.anchors)
    for index, point in enumerate(move.points):
        if point[0] >= anchors_count:
            yield FieldFault(
                f"move.points[{index}][0]", f"must be -1 or the index of one of {anchors_count} anchors, got {point[0]}"
            )
