"""The fields around the events of one request: bytes -> Envelope, whose events stay bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, inspect

from logdig.errors import InputError
from logdig.events.fields import Label, SequenceNumber, Timestamp, TimeZoneMinutes
from logdig.events.lenient_json import split_body
from logdig.events.validation import faults
from logdig.times import parse_wire_time

EVENTS_LIMIT = 500
FAULTS_LIMIT = 10
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

PARSER_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of the fast parser."""


class TooManyEventsError(InputError):
    """More events in one request than EVENTS_LIMIT."""

    http_status = 413

    def __init__(self) -> None:
        super().__init__(f"the request has more than {EVENTS_LIMIT} events; send fewer at once")


EventT = TypeVar("EventT")


class BodyOf(Struct, Generic[EventT], forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A body with events of some type."""

    token: str
    events: list[EventT]
    sent_at: Timestamp | None = None
    tz_min: TimeZoneMinutes | UnsetType = UNSET
    tracker: Label | UnsetType = UNSET
    dropped: Annotated[dict[Label, SequenceNumber], Meta(max_length=50)] | UnsetType = UNSET


class Body(BodyOf[msgspec.Raw], frozen=True, kw_only=True):
    """The body of ``POST /v1/events``. Only ``sent_at`` may be null (no correction of the clock)."""


class Envelope(Struct, frozen=True, gc=False):
    """A request without its events; ``sources`` are those events as received, ``sent_at`` is UTC."""

    token: str
    sent_at: datetime | None
    tz_min: int | None
    dropped: dict[str, int]
    sources: tuple[bytes, ...]


_DECODER = msgspec.json.Decoder(Body)
_KIND = inspect.type_info(Body)


def read_envelope(payload: bytes) -> Envelope:
    """Read the fields around the events.

    Raises:
        UnreadableError: The body is no JSON.
        InputError: Fields of the envelope are unknown, missing or of the wrong type; the message names all.
        TooManyEventsError: More than EVENTS_LIMIT.
    """
    payload = payload.removeprefix(BYTE_ORDER_MARK)
    try:
        body = _DECODER.decode(payload)
        sources: Sequence[bytes | msgspec.Raw] = body.events
    except PARSER_ERRORS:
        body, sources = _parse_leniently(payload)
    if len(sources) > EVENTS_LIMIT:
        raise TooManyEventsError
    return envelope_of(body, tuple(bytes(source) for source in sources))


def envelope_of(body: BodyOf[Any], sources: tuple[bytes, ...]) -> Envelope:
    """Take the fields of a body besides its events.

    Raises:
        InputError: ``sent_at`` is no time.
    """
    return Envelope(
        token=body.token,
        sent_at=_sent_at(body.sent_at),
        tz_min=None if body.tz_min is UNSET else body.tz_min,
        dropped={} if body.dropped is UNSET else body.dropped,
        sources=sources,
    )


def _parse_leniently(payload: bytes) -> tuple[Body, list[bytes]]:
    value, texts = split_body(payload.decode("utf-8", "surrogateescape"), EVENTS_LIMIT + 1)
    if len(texts) > EVENTS_LIMIT:
        raise TooManyEventsError
    wrong = list(islice(faults(_KIND, value), FAULTS_LIMIT))
    if wrong:
        raise InputError("; ".join(f"{fault.field or 'the body'} {fault.reason}" for fault in wrong))
    return msgspec.convert(value, Body), [text.encode("utf-8", "surrogateescape") for text in texts]


def _sent_at(text: str | None) -> datetime | None:
    sent_at = parse_wire_time(text) if text is not None else None
    if text is not None and sent_at is None:
        raise InputError(f"sent_at must be an RFC 3339 time with zone, got '{text}'")
    return sent_at
