"""Events and rejections -> the lines that are queued and stored: one ASCII JSON object each.

``received_at`` comes first and has one width, so that sorting lines as bytes sorts them by arrival.
Source: docs/data-layout.md.
"""

from __future__ import annotations

import codecs
import hashlib
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any

import msgspec
from msgspec import UNSET

from logdig.addresses import drop_query
from logdig.events import Event
from logdig.faults import FieldFault
from logdig.times import wire_time

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
# The request brings token and user_agent, every event its timestamp; the others may be missing and become null.
_NULLS = {name: f',"{name}":null'.encode() for name in TEN_NAMES if name not in ("timestamp", "token", "user_agent")}


@cache
def _nulls_of(kind: type[Event]) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """Of one event type: the nulls of the names that it never has, and those of the names that may be missing."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    always = b"".join(null for name, null in _NULLS.items() if name not in fields)
    return always, tuple((name, null) for name, null in _NULLS.items() if name in fields and not fields[name].required)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server knows about all events of one request; times in UTC."""

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
    """Writes the raw lines of one request; what they share is encoded once."""

    def __init__(self, facts: Facts, allowed_query: Collection[str]) -> None:
        shared = {
            "app": facts.app,
            "token": facts.token,
            "user_agent": facts.user_agent,
            "bot": facts.bot,
            "country": facts.country,
            "region": facts.region,
            "ip": facts.ip,
            "tz_min": facts.tz_min,
        }
        self._head = f'{{"received_at":"{wire_time(facts.received_at)}","occurred_at":"'.encode()
        self._shared = b'",' + msgspec.json.encode(shared)[1:-1]
        self._allowed_query = allowed_query
        self._staff = facts.staff

    def line(self, event: Event, occurred_at: datetime) -> bytes:
        """Write one event as it came, but for query strings and the fractions of ``x`` and ``y``."""
        event = _mended(event, self._allowed_query)
        if self._staff and event.staff is not True:
            event = msgspec.structs.replace(event, staff=True)
        always, optional = _nulls_of(type(event))
        nulls = always + b"".join([null for name, null in optional if getattr(event, name) is UNSET])
        return self._join(occurred_at, nulls, msgspec.json.encode(event))

    def line_of_fields(self, fields: Mapping[str, object], occurred_at: datetime) -> bytes:
        """Write an event that is no Struct; missing ones of the ten names become null."""
        addresses = {name: fields[name] for name in ("current_page", "link") if isinstance(fields.get(name), str)}
        kept = {name: drop_query(str(address), self._allowed_query) for name, address in addresses.items()}
        nulls = b"".join(null for name, null in _NULLS.items() if name not in fields)
        staff = {"staff": True} if self._staff else {}
        return self._join(occurred_at, nulls, msgspec.json.encode({**fields, **kept, **staff}))

    def _join(self, occurred_at: datetime, nulls: bytes, event_json: bytes) -> bytes:
        return to_ascii(
            b"".join((self._head, wire_time(occurred_at).encode(), self._shared, nulls, b",", event_json[1:]))
        )


def bad_line(received_at: datetime, bad_id: str, app: str, faults: Sequence[FieldFault], source: bytes) -> bytes:
    """Write a rejected event: its faults, the beginning of what came, and the length and SHA-256 of all of it."""
    truncated = len(source) > BAD_TEXT_BYTES_LIMIT
    # An incremental decoder leaves out the part of a character that the cut went through.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    line = {
        "received_at": wire_time(received_at),
        "bad_id": bad_id,
        "app": app,
        "errors": faults,
        "text": decoder.decode(source[:BAD_TEXT_BYTES_LIMIT], final=not truncated),
        "bytes": len(source),
        "sha256": hashlib.sha256(source).hexdigest(),
        "truncated": truncated,
    }
    return to_ascii(msgspec.json.encode(line))


def to_ascii(json_bytes: bytes) -> bytes:
    """Escape every character beyond ASCII, which in JSON stands only inside text."""
    if json_bytes.isascii():
        return json_bytes
    return _NON_ASCII.sub(lambda run: encode_basestring_ascii(run[0].decode())[1:-1].encode(), json_bytes)


def _mended(event: Event, allowed_query: Collection[str]) -> Event:
    """Drop query strings, round coordinates down."""
    changes: dict[str, Any] = {}
    for name in ("current_page", "link"):
        address = getattr(event, name)
        if isinstance(address, str) and "?" in address:
            changes[name] = drop_query(address, allowed_query)
    for name in ("x", "y"):
        if isinstance(getattr(event, name, None), float):
            changes[name] = math.floor(getattr(event, name))
    referrer = getattr(getattr(event, "page", None), "referrer", None)
    if isinstance(referrer, str) and "?" in referrer:
        changes["page"] = msgspec.structs.replace(event.page, referrer=drop_query(referrer, allowed_query))  # type: ignore[attr-defined]
    return msgspec.structs.replace(event, **changes) if changes else event
