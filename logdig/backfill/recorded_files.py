"""Rows of recorded files (the older system's format) into events, line by line: a bad line never costs a good one."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from logdig.times import wire_time

Kind = Literal["listens", "clicks", "views"]
COLUMNS: dict[str, tuple[str, ...]] = {
    "listens": ("event_id", "customer_id", "track_id", "datetime", "mobile", "zip"),
    "clicks": ("event_id", "customer_id", "ad", "datetime"),
    "views": ("event_id", "customer_id", "ad", "datetime"),
}
SHOWN_CHARACTERS = 60
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_FORM = "YYYY-MM-DD HH:MM:SS"
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_EVENT_ID_CHARACTERS = 22


@dataclass(frozen=True, slots=True)
class Row:
    """One readable row: its line in the file, the time it tells (no zone), and its columns by name."""

    line: int
    moment: datetime
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that cannot be read; ``text`` is its beginning."""

    line: int
    reason: str
    text: str


def read_rows(kind: Kind, lines: Iterable[str]) -> Iterator[Row | RefusedRow]:
    """Read a recorded file.

    Args:
        kind: ``listens``: event_id,customer_id,track_id,"YYYY-MM-DD HH:MM:SS",mobile 0/1,"zip";
            ``clicks`` and ``views``: event_id,customer_id,"AD_NAME","YYYY-MM-DD HH:MM:SS".
        lines: Text lines of the file; empty ones are passed over.
    """
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if text.strip():
            yield _read_row(kind, number, text)


def _read_row(kind: Kind, number: int, text: str) -> Row | RefusedRow:
    def refused(reason: str) -> RefusedRow:
        return RefusedRow(number, reason, text[:SHOWN_CHARACTERS])

    names = COLUMNS[kind]
    try:
        # Blanks around an id are forgiven; a quote inside a column is not, it means two glued rows.
        values = [value.strip() for value in next(csv.reader([text.strip()], strict=True, skipinitialspace=True))]
    except (csv.Error, StopIteration) as err:
        return refused(f"no row of comma-separated columns: {err}")
    if len(values) != len(names):
        return refused(f"{len(values)} columns instead of {len(names)} ({', '.join(names)})")
    columns = dict(zip(names, values, strict=True))
    wrong = _wrong_column(columns)
    if wrong:
        return refused(wrong)
    moment = _moment(columns["datetime"])
    return Row(number, moment, columns) if moment else refused(f"datetime {columns['datetime']!r} is no {_FORM}")


def _moment(text: str) -> datetime | None:
    # Ten times as fast as strptime, but it takes other forms too.
    try:
        return datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        return None


def _wrong_column(columns: Mapping[str, str]) -> str:
    for name in ("event_id", "customer_id", "track_id"):
        if name in columns and not _ID.fullmatch(columns[name]):
            return f"{name} {columns[name][:SHOWN_CHARACTERS]!r} is no id"
    if "mobile" in columns and columns["mobile"] not in ("0", "1"):
        return f"mobile {columns['mobile'][:SHOWN_CHARACTERS]!r} is neither 0 nor 1"
    if "ad" in columns and not 1 <= len(columns["ad"]) <= 128:
        return "ad has no name of 1 to 128 characters"
    return "zip is longer than 64 characters" if len(columns.get("zip", "")) > 64 else ""


def shift_to(now: datetime, newest: datetime) -> timedelta:
    """Whole days by which a file's times move so that its newest is the last one before now.

    Whole days keep the hour of day; and the same shift on the same day makes a second sending harmless.

    Args:
        now: Time in the app's zone, without zone.
        newest: The file's newest time.
    """
    return timedelta(days=(now - newest).days)


def event_of(kind: Kind, row: Row, *, shift: timedelta, zone: ZoneInfo, ads_consent: bool) -> dict[str, object]:
    """Make the event of a row, as a signed server sends it.

    The id comes from the file's kind, the row's own id and the shift, so sending a file twice changes nothing.
    """
    columns = row.columns
    seed = f"{kind}:{columns['event_id']}:{int(shift.total_seconds())}".encode()
    event: dict[str, object] = {
        "event_id": base64.urlsafe_b64encode(hashlib.sha256(seed).digest())[:_EVENT_ID_CHARACTERS].decode("ascii"),
        "timestamp": wire_time((row.moment + shift).replace(tzinfo=zone).astimezone(UTC)),
        "customer_id": columns["customer_id"],
        "consent": {"analytics": True, "ads": ads_consent},
    }
    if kind != "listens":
        return event | {"type": "ad", "ad": {"name": columns["ad"], "action": kind.removesuffix("s")}}
    listen = {"track_id": columns["track_id"], "mobile": columns["mobile"] == "1", "zip": columns["zip"] or None}
    return event | {"type": "listen", "listen": listen}


def minutes_east(row: Row, shift: timedelta, zone: ZoneInfo) -> int:
    """Offset of the zone at the row's time, in minutes east of UTC."""
    offset = zone.utcoffset((row.moment + shift).replace(tzinfo=zone))
    return int((offset or timedelta()).total_seconds() // 60)
