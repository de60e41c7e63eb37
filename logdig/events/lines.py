"""Events and rejections -> the lines that are queued and stored: one ASCII JSON object each.

``received_at`` comes first and has one width, so that sorting lines as bytes sorts them by arrival.
Source: docs/data-layout.md.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from logdig.addresses import drop_query
from logdig.events.parts import PagePart
from logdig.events.types import Event
from logdig.events.validation import FieldFault
from logdig.times import wire_time

LINE_START = b'{"received_at":"'
"""First key of every stored line. Its value has a fixed width, so sorting lines is sorting by (received_at, line)."""
DAY_IN_LINE = slice(len(LINE_START), len(LINE_START) + len("2026-11-24"))

TEN_NAMES = (
    "timestamp",
    "token",
    "user_key",
    "current_page",
    "link",
    "x",
    "y",
    "spent_milli_sec",
    "user_agent",
    "load_count",
)
"""The fields of 2016, in their order; every raw line has them all."""

BAD_TEXT_BYTES_LIMIT = 16 * 1024

_NON_ASCII = re.compile(rb"[\x80-\xff]+")
# token and user_agent come from the request, timestamp from every event; the others may be missing and become null.
_NULLS = {name: f',"{name}":null'.encode() for name in TEN_NAMES if name not in ("timestamp", "token", "user_agent")}


@dataclass(frozen=True, slots=True)
class _Kind:
    """Properties of the lines of one event type.

    ``always`` are the nulls of names that it never has, ``optional`` those of names that may be missing.
    """

    always: bytes
    optional: tuple[tuple[str, bytes], ...]
    has_coordinates: bool
    has_page: bool


@cache
def _kind_of(event_type: type[Event]) -> _Kind:
    fields = {field.name: field for field in msgspec.structs.fields(event_type)}
    always = b"".join(null for name, null in _NULLS.items() if name not in fields)
    missing = ((name, null) for name, null in _NULLS.items() if name in fields and not fields[name].required)
    return _Kind(always, tuple(missing), "x" in fields, "page" in fields)


class RequestContext(msgspec.Struct, frozen=True, gc=False):
    """What the server adds to all events of one request; times in UTC."""

    received_at: datetime
    app: str
    token: str
    user_agent: str | None
    bot: bool
    tz_min: int | None = None
    country: str | None = None
    region: str | None = None
    ip: str | None = None
    staff: bool = False


class LineWriter:
    """Writes the raw lines of one request; shared fields are encoded once."""

    def __init__(self, context: RequestContext, allowed_query: Collection[str]) -> None:
        shared = {
            "app": context.app,
            "token": context.token,
            "user_agent": context.user_agent,
            "bot": context.bot,
            "country": context.country,
            "region": context.region,
            "ip": context.ip,
            "tz_min": context.tz_min,
        }
        self._head = f'{{"received_at":"{wire_time(context.received_at)}","occurred_at":"'.encode()
        self._shared = b'",' + msgspec.json.encode(shared)[1:-1]
        self._allowed_query = allowed_query
        self._staff = context.staff

    def line(self, event: Event, occurred_at: datetime) -> bytes:
        """Write one event as sent, without query strings and the fractions of ``x`` and ``y``."""
        kind = _kind_of(type(event))
        changes = _changes(event, kind, self._allowed_query)
        if self._staff and event.staff is not True:
            changes["staff"] = True
        if changes:
            event = msgspec.structs.replace(event, **changes)
        nulls = kind.always
        for name, null in kind.optional:
            if getattr(event, name) is UNSET:
                nulls += null
        return self._join(occurred_at, nulls, msgspec.json.encode(event))

    def line_of_fields(self, fields: Mapping[str, object], occurred_at: datetime) -> bytes:
        """Write an event that is a mapping; missing names of the ten become null."""
        addresses = {name: fields[name] for name in ("current_page", "link") if isinstance(fields.get(name), str)}
        kept = {name: drop_query(str(address), self._allowed_query) for name, address in addresses.items()}
        nulls = b"".join(null for name, null in _NULLS.items() if name not in fields)
        staff = {"staff": True} if self._staff else {}
        return self._join(occurred_at, nulls, msgspec.json.encode({**fields, **kept, **staff}))

    def _join(self, occurred_at: datetime, nulls: bytes, event_json: bytes) -> bytes:
        return to_ascii(
            b"".join((self._head, wire_time(occurred_at).encode(), self._shared, nulls, b",", event_json[1:]))
        )


class BadEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the bad zone; ``text`` is the event as received, cut when ``truncated``."""

    received_at: str
    bad_id: str
    app: str | None = None
    errors: Sequence[FieldFault]
    text: str
    bytes: int
    sha256: str
    truncated: bool
    pack_id: str | UnsetType | None = None

    @property
    def reason(self) -> str:
        """The first error in one line; empty where a foreign line has none."""
        if not self.errors:
            return ""
        first = self.errors[0]
        return f"{first.field}: {first.reason}" if first.field else first.reason


def bad_line(
    received_at: datetime,
    bad_id: str,
    app: str | None,
    errors: Sequence[FieldFault],
    source: bytes,
    *,
    pack_id: str | UnsetType | None = UNSET,
) -> bytes:
    """Write a line of the bad zone: errors, the beginning of a text, and the length and SHA-256 of all of it.

    Args:
        received_at: Time of arrival, UTC.
        bad_id: Id of the line.
        app: None when it is unknown.
        errors: What is wrong with the text.
        source: The whole text.
        pack_id: Last field; UNSET leaves it out, since packs add it when they are read back.
    """
    truncated = len(source) > BAD_TEXT_BYTES_LIMIT
    # An incremental decoder leaves out the part of a character that the cut went through.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    event = BadEvent(
        received_at=wire_time(received_at),
        bad_id=bad_id,
        app=app,
        errors=errors,
        text=decoder.decode(source[:BAD_TEXT_BYTES_LIMIT], final=not truncated),
        bytes=len(source),
        sha256=hashlib.sha256(source).hexdigest(),
        truncated=truncated,
        pack_id=pack_id,
    )
    # Unlike msgspec, json also writes lone surrogates, which foreign lines may hold.
    return json.dumps(msgspec.to_builtins(event), separators=(",", ":")).encode("ascii")


def to_ascii(json_bytes: bytes) -> bytes:
    """Escape every non-ASCII character; in JSON they occur only inside text."""
    if json_bytes.isascii():
        return json_bytes
    return _NON_ASCII.sub(lambda run: encode_basestring_ascii(run[0].decode())[1:-1].encode(), json_bytes)


def _changes(event: Event, kind: _Kind, allowed_query: Collection[str]) -> dict[str, Any]:
    """Return the fields that are stored differently: addresses with query strings, coordinates with fractions."""
    changes: dict[str, Any] = {}
    page, link = event.current_page, event.link
    if isinstance(page, str) and "?" in page:
        changes["current_page"] = drop_query(page, allowed_query)
    if isinstance(link, str) and "?" in link:
        changes["link"] = drop_query(link, allowed_query)
    fields: Any = event
    if kind.has_coordinates:
        if isinstance(fields.x, float):
            changes["x"] = math.floor(fields.x)
        if isinstance(fields.y, float):
            changes["y"] = math.floor(fields.y)
    elif kind.has_page and isinstance(fields.page, PagePart):
        referrer = fields.page.referrer
        if isinstance(referrer, str) and "?" in referrer:
            changes["page"] = msgspec.structs.replace(fields.page, referrer=drop_query(referrer, allowed_query))
    return changes
