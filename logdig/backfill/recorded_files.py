"""Rows of recorded listens, ad clicks and ad views into events, row by row: a bad row never costs a good one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from logdig.files.columns import Kind
from logdig.files.records import Record, read_records
from logdig.files.refused_rows import RefusedRow
from logdig.files.values import in_utc, read_boolean, read_id, read_written_time
from logdig.times import wire_time

IDENTITY_VERSION = 2
"""Of what an event_id is made of. 1 was the kind and the row's own id, which begins again in each file."""
ZIP_CHARACTERS = 64
AD_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Row:
    """One readable row.

    Args:
        line: Its line in the file.
        moment: Its time: UTC where the file gives a zone, else without zone.
        written: The same time in the zone in which the file writes it.
        columns: Its texts by column; mobile is 0 or 1.
        shown: What of it may be shown.
    """

    line: int
    moment: datetime
    written: datetime
    columns: Mapping[str, str]
    shown: str


def read_rows(kind: Kind, lines: Iterable[str], given: Mapping[str, str] | None = None) -> Iterator[Row | RefusedRow]:
    """Read lines of a recorded file; docs/send.md has its columns.

    Args:
        kind: ``listens``: event_id,customer_id,track_id,"YYYY-MM-DD HH:MM:SS",mobile 0/1,"zip";
            ``clicks`` and ``views``: event_id,customer_id,"AD_NAME","YYYY-MM-DD HH:MM:SS"; others with a header.
        lines: Text lines of the file; empty ones are passed over.
        given: The file's own names by column.
    Raises:
        InputError: A header without a column that is needed.
    """
    return map(read_row, read_records(lines, kind, given))


def read_row(record: Record | RefusedRow) -> Row | RefusedRow:
    """Read one record, whatever its kind."""
    if isinstance(record, RefusedRow):
        return record
    try:
        columns = {name: _READERS[name](name, text) for name, text in record.values.items() if name in _READERS}
        written = read_written_time("datetime", record.values["datetime"])
        return Row(record.line, in_utc("datetime", written), written, columns, record.shown)
    except ValueError as err:
        return RefusedRow(record.line, str(err), record.shown)


def _mobile(name: str, text: str) -> str:
    return "1" if read_boolean(name, text) else "0"


def _zip(name: str, text: str) -> str:
    text = text.strip()
    if len(text) > ZIP_CHARACTERS:
        raise ValueError(f"{name} is longer than {ZIP_CHARACTERS} characters")
    return text


def _ad(name: str, text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= AD_CHARACTERS:
        raise ValueError(f"{name} has no name of 1 to {AD_CHARACTERS} characters")
    return text


_READERS = {
    "event_id": read_id,
    "customer_id": read_id,
    "track_id": read_id,
    "mobile": _mobile,
    "zip": _zip,
    "ad": _ad,
}


def event_of(kind: Kind, row: Row, instant: datetime, *, ads_consent: bool) -> dict[str, object]:
    """Make the event of a row, as a signed server sends it.

    The id comes from the row's content, so sending a file twice changes nothing, and rows of other files with the
    same numbers are other events.

    Args:
        kind: What the file holds.
        row: The row.
        instant: When it happened, UTC; moved already where times are moved.
        ads_consent: Whether the people agreed to ads.
    """
    columns = row.columns
    timestamp = wire_time(instant)
    subject = columns["track_id"] if kind == "listens" else columns["ad"]
    content = [kind, columns.get("event_id", ""), columns["customer_id"], timestamp, subject]
    event: dict[str, object] = {
        "event_id": content_id(content),
        "timestamp": timestamp,
        "customer_id": columns["customer_id"],
        "consent": {"analytics": True, "ads": ads_consent},
    }
    if kind != "listens":
        return event | {"type": "ad", "ad": {"name": columns["ad"], "action": kind.removesuffix("s")}}
    listen = {"track_id": columns["track_id"], "mobile": columns["mobile"] == "1", "zip": columns.get("zip") or None}
    return event | {"type": "listen", "listen": listen}


def content_id(content: object) -> str:
    """An event_id made of JSON content: equal content, equal id."""
    text = json.dumps([IDENTITY_VERSION, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]
