"""The ten-field log of 2016, ``POST /``: query string, form or JSON -> the fields of one raw line."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl

from msgspec import Meta, inspect

from logdig.errors import InputError, InvalidEventError
from logdig.events.envelope import BYTE_ORDER_MARK
from logdig.events.fields import MAX_DURATION_MS, Address, Key, PageAddress
from logdig.events.lenient_json import UnreadableError, parse_text
from logdig.events.lines import TEN_NAMES
from logdig.events.parser import AGE_LIMIT
from logdig.events.user_agents import USER_AGENT_LIMIT
from logdig.events.validation import faults, shown, text_fault
from logdig.times import occurred_at

MISSING = "Missing required parameter in the JSON body or the post body or the query string"
"""The message of 2016."""
PARAMETERS_LIMIT = 1000
NumberText = Annotated[str, Meta(max_length=1024)]

_KINDS = {
    "x": inspect.type_info(NumberText),
    "y": inspect.type_info(NumberText),
    "spent_milli_sec": inspect.type_info(NumberText),
    "load_count": inspect.type_info(NumberText),
    "user_key": inspect.type_info(Key),
    "current_page": inspect.type_info(PageAddress),
    "link": inspect.type_info(Address),
}
_RANGES = {
    "x": (-10_000_000, 10_000_000),
    "y": (-10_000_000, 10_000_000),
    "spent_milli_sec": (0, MAX_DURATION_MS),
    "load_count": (0, 2**31 - 1),
}
_NUMBER = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
"""Python's float accepts more: 1_000, digits of other scripts."""
_NOT_EMPTY = ("timestamp", "token", "user_key", "current_page")


@dataclass(frozen=True, slots=True)
class LegacyLog:
    """One log as it will be stored, and its time (UTC)."""

    fields: dict[str, object]
    occurred_at: datetime


def read_parameters(query: str, body: bytes, *, is_form: bool) -> dict[str, object]:
    """Collect parameters: the query string overrides the body; the first of repeats counts, in JSON the last.

    Raises:
        UnreadableError: The body is no JSON, or there are more than PARAMETERS_LIMIT parameters.
        InputError: The JSON is no object.
    """
    in_query: dict[str, object] = dict(_pairs(query))
    if is_form:
        return dict(_pairs(body.decode("utf-8", "surrogateescape"))) | in_query
    if not body.strip():
        return in_query
    value = parse_text(body.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "surrogateescape"))
    if not isinstance(value, dict):
        raise InputError(f"the body must be one object with the ten fields, got {shown(value)}; send one log a request")
    return value | in_query


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=PARAMETERS_LIMIT)
    except ValueError as err:
        raise UnreadableError(f"more than {PARAMETERS_LIMIT} parameters; send the ten fields") from err
    return pairs[::-1]


def read_log(
    parameters: Mapping[str, object], received_at: datetime, *, any_age: bool, user_agent: str | None
) -> LegacyLog:
    """Check the ten fields in their order.

    Args:
        parameters: From `read_parameters`.
        received_at: Time of arrival, UTC.
        any_age: Accept logs older than 30 days, as from a signed sender.
        user_agent: From the header, which counts; a different one in the log is kept in ``legacy``.
    Raises:
        InvalidEventError: The first wrong field.
    """
    event_time = _occurred_at(_text("timestamp", parameters), received_at, any_age=any_age)
    texts = {name: _text(name, parameters) for name in TEN_NAMES}
    numbers = {name: _number(texts[name], *limits) for name, limits in _RANGES.items()}
    fields: dict[str, object] = {
        # A log sent again becomes the same event, which the tables keep once.
        "event_id": hashlib.sha256(json.dumps([texts[name] for name in TEN_NAMES]).encode()).hexdigest(),
        "type": "click" if numbers["x"] or numbers["y"] else "page",
        "timestamp": texts["timestamp"],
        "user_key": texts["user_key"],
        "current_page": texts["current_page"],
        "link": texts["link"],
        **numbers,
        "consent": {"analytics": True, "ads": False},
    }
    kept = {name: texts[name] for name, number in numbers.items() if number is None}
    if texts["user_agent"] not in ("", user_agent):
        kept["user_agent"] = texts["user_agent"][:USER_AGENT_LIMIT]
    return LegacyLog(fields | ({"legacy": kept} if kept else {}), event_time)


def read_token(parameters: Mapping[str, object], received_at: datetime, *, any_age: bool) -> str:
    """Read the token first, since an unknown one is the first error.

    Raises:
        InvalidEventError: The token is missing; names the first wrong field, which may be the time.
    """
    if not parameters.get("token"):
        _occurred_at(_text("timestamp", parameters), received_at, any_age=any_age)
    return _text("token", parameters)


def _text(name: str, parameters: Mapping[str, object]) -> str:
    """Convert one parameter to text and check its rule."""
    if name not in parameters:
        raise InvalidEventError(name, MISSING)
    value = parameters[name]
    if value is None or isinstance(value, dict | list):
        raise InvalidEventError(name, f"must be text or a number, got {shown(value)}")
    text = value if isinstance(value, str) else json.dumps(value)
    reason = text_fault(text)
    if reason is None and name in _NOT_EMPTY and not text:
        reason = "must not be empty"
    if reason is None and name in _KINDS:
        reason = next((fault.reason for fault in faults(_KINDS[name], text)), None)
    if reason is not None:
        raise InvalidEventError(name, reason)
    return text


def _occurred_at(text: str, received_at: datetime, *, any_age: bool) -> datetime:
    try:
        claimed = datetime.fromisoformat(text)
        claimed = (claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise InvalidEventError("timestamp", f"must be an ISO 8601 time, got {shown(text)}") from err
    event_time = occurred_at(claimed, None, received_at) or received_at
    if not any_age and received_at - event_time > AGE_LIMIT:
        raise InvalidEventError("timestamp", f"is older than the limit of {AGE_LIMIT.days} days, got {shown(text)}")
    return event_time


def _number(text: str, least: int, most: int) -> int | None:
    """Read a number and round it down; None for other texts and numbers outside the range."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return math.floor(number) if least <= number <= most else None
