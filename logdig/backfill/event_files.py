"""Events of the wire format in NDJSON, one a line, for imports from other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logdig.backfill.recorded_files import content_id
from logdig.errors import InputError
from logdig.files.json_rows import json_lines
from logdig.files.refused_rows import RefusedRow, excerpt
from logdig.times import parse_wire_time

SHOWN_FIELDS = ("event_id", "type", "timestamp", "customer_id", "user_key")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a file: its line, its time (UTC), the event as it is sent, and what of it may be shown."""

    line: int
    moment: datetime
    event: dict[str, Any]
    shown: str


def read_event_lines(
    lines: Iterable[str], consent: Mapping[str, bool] | None, name: str = "the file"
) -> Iterator[EventRow | RefusedRow]:
    """Read events; the collector judges all but their time, consent and id.

    An event without ``event_id`` gets one made of its content, so that sending it twice changes nothing.

    Args:
        lines: Lines of the file.
        consent: For events that have none; None refuses them.
        name: Of the file, for errors.
    Raises:
        InputError: The file is no NDJSON.
    """
    is_first = True
    for number, text, value in json_lines(lines):
        if is_first and not text.startswith("{"):
            raise InputError(f"{name}: line {number}: events come as NDJSON, one JSON object a line")
        is_first = False
        yield RefusedRow(number, str(value), "") if isinstance(value, ValueError) else _event(number, value, consent)


def _event(line: int, event: dict[str, Any], consent: Mapping[str, bool] | None) -> EventRow | RefusedRow:
    shown = excerpt(", ".join(f"{name}={event[name]}" for name in SHOWN_FIELDS if event.get(name) is not None))
    timestamp = event.get("timestamp")
    moment = parse_wire_time(timestamp) if isinstance(timestamp, str) else None
    if moment is None:
        reason = f"timestamp must be a time with zone such as 2026-11-24T13:00:00Z, got {excerpt(repr(timestamp))}"
        return RefusedRow(line, reason, shown)
    added: dict[str, Any] = {}
    if event.get("consent") is None:
        if consent is None:
            return RefusedRow(line, "has no consent; --consent says what these people agreed to", shown)
        added["consent"] = dict(consent)
    if event.get("event_id") is None:
        # Of the file alone: another --consent must not make another event.
        added["event_id"] = content_id({name: part for name, part in event.items() if name != "event_id"})
    return EventRow(line, moment, event | added, shown)
