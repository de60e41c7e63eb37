"""Bytes of events -> accepted and rejected events.

Two readings: the fast parser first, at once where it can; what it refuses is read once more by a patient one, so that
one bad event never harms its neighbours and every fault has a name. Source: the wire contract, docs/api.md.
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


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What events are judged by: times in UTC; a signed sender may leave out what only browsers know."""

    received_at: datetime
    sent_at: datetime | None
    signed: bool


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An event and its time by the collector's clock."""

    event: Event
    occurred_at: datetime


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """An event that breaks rules: its place in the request, 1 to FAULTS_LIMIT faults, its bytes as they came."""

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
    """One kind of sender's event types, for the fast parser, for ``convert`` and for the walk that finds faults.

    ``is_formed`` checks what the fast parser leaves out.
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


def read_events(sources: Iterable[bytes], terms: Terms) -> Reading:
    """Judge each event alone.

    Args:
        sources: Each one JSON value as it came.
        terms: What they are judged by.
    Raises:
        UnreadableError: A source is no JSON; then the whole body was none.
    """
    types = _SIGNED if terms.signed else _BROWSER
    accepted: dict[str, Accepted] = {}
    rejected = []
    duplicates = 0
    for index, source in enumerate(sources):
        verdict = _judge(source, types, terms)
        if not isinstance(verdict, Accepted):
            rejected.append(Rejected(index, verdict, source))
        elif verdict.event.event_id in accepted:
            duplicates += 1
        else:
            accepted[verdict.event.event_id] = verdict
    return Reading(tuple(accepted.values()), tuple(rejected), duplicates)


def read_at_once(payload: bytes, received_at: datetime) -> tuple[Envelope, Reading] | None:
    """Read a browser's request in one go, which takes half the time, when nothing in it needs a closer look.

    Returns:
        What `read_envelope` and `read_events` would give, but for the sources; None when they must be asked.
    """
    if _needs_patience(payload):
        return None
    try:
        body = _WHOLE.decode(payload)
        envelope = envelope_of(body, ())
    except (*PARSER_ERRORS, InputError):
        return None
    if envelope.dropped or len(body.events) > EVENTS_LIMIT or not all(map(is_formed, body.events)):
        return None
    terms = Terms(received_at, envelope.sent_at, signed=False)
    accepted: dict[str, Accepted] = {}
    for event in body.events:
        verdict = _judge_event(event, terms)
        if not isinstance(verdict, Accepted):
            return None
        accepted.setdefault(event.event_id, verdict)
    return envelope, Reading(tuple(accepted.values()), (), len(body.events) - len(accepted))


def _needs_patience(source: bytes) -> bool:
    """Tell whether bytes may break a rule that the fast parser does not know."""
    return len(source) > EVENT_BYTES_LIMIT or b"\\u0000" in source


def _judge(source: bytes, types: _Types, terms: Terms) -> Accepted | tuple[FieldFault, ...]:
    event: Event | tuple[FieldFault, ...]
    if _needs_patience(source):
        event = _read_patiently(source, types, terms)
    else:
        try:
            event = types.decoder.decode(source)
            if not types.is_formed(event):
                event = _read_patiently(source, types, terms)
        except PARSER_ERRORS:
            event = _read_patiently(source, types, terms)
    return event if isinstance(event, tuple) else _judge_event(event, terms)


def _judge_event(event: Event, terms: Terms) -> Accepted | tuple[FieldFault, ...]:
    """Check what types cannot say."""
    moment = _moment(event.timestamp, terms)
    move = getattr(event, "move", None)
    if not (terms.signed or move) and isinstance(moment, datetime):
        return Accepted(event, moment)
    found = [moment] if isinstance(moment, FieldFault) else []
    if terms.signed and _nobody(event.user_key, event.customer_id):
        found.append(NOBODY)
    if move is not None:
        found.extend(_anchor_faults(move))
    return Accepted(event, moment) if isinstance(moment, datetime) and not found else tuple(found[:FAULTS_LIMIT])


def _read_patiently(source: bytes, types: _Types, terms: Terms) -> Event | tuple[FieldFault, ...]:
    text = source.decode("utf-8", "surrogateescape")
    value = parse_text(text, LEVELS_ABOVE_EVENT)
    found = [*_whole_faults(value, source, text), *islice(_part_faults(value, types), FAULTS_LIMIT)]
    if isinstance(value, dict) and found:
        found.extend(_rule_faults(value, {fault.field for fault in found}, terms))
    if found:
        return tuple(found[:FAULTS_LIMIT])
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


def _rule_faults(value: dict[str, object], known: set[str], terms: Terms) -> Iterator[FieldFault]:
    """Check the rules of `_judge_event` on an event that is already known to be rejected."""
    timestamp = value.get("timestamp")
    if isinstance(timestamp, str) and "timestamp" not in known:
        moment = _moment(timestamp, terms)
        if isinstance(moment, FieldFault):
            yield moment
    if terms.signed and _nobody(value.get("user_key"), value.get("customer_id")):
        yield NOBODY


NOBODY = FieldFault("user_key", "user_key or customer_id is required")


def _nobody(user_key: object, customer_id: object) -> bool:
    return user_key in (None, UNSET) and customer_id in (None, UNSET)


def _moment(timestamp: str, terms: Terms) -> datetime | FieldFault:
    """Find when an event happened by the collector's clock, or why it is not taken."""
    claimed = parse_wire_time(timestamp)
    if claimed is None:
        return FieldFault("timestamp", f"must be an RFC 3339 time with zone, got {shown(timestamp)}")
    moment = occurred_at(claimed, terms.sent_at, terms.received_at)
    if moment is None:
        return FieldFault("timestamp", f"lies before the year 1 after correction by sent_at, got {shown(timestamp)}")
    if not terms.signed and terms.received_at - moment > AGE_LIMIT:
        return FieldFault(
            "timestamp", f"is {wire_time(moment)} by our clock, older than the limit of {AGE_LIMIT.days} days"
        )
    return moment


def _anchor_faults(move: MovePart) -> Iterator[FieldFault]:
    anchors_count = len(move.anchors)
    for index, point in enumerate(move.points):
        if point[0] >= anchors_count:
            yield FieldFault(
                f"move.points[{index}][0]", f"must be -1 or the index of one of {anchors_count} anchors, got {point[0]}"
            )
