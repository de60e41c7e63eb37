"""Customer and track files into lines for the lake: ids and zips stay text, people's names are left out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from logdig.backfill.contacts import Contacts
from logdig.backfill.repeats import Repeats
from logdig.config.settings import Settings
from logdig.files.columns import COLUMNS, CONTACT_COLUMNS, ColumnMap
from logdig.files.records import Record, open_source, read_records, read_source
from logdig.files.refused_rows import RefusedRow, excerpt
from logdig.files.values import BOOLEANS, read_code, read_day, read_id

LEVELS = {"free": 0, "silver": 1, "gold": 2}
STATUSES = {"inactive": 0, "active": 1}
OBJECT_LINES = 100_000
"""Of one object of loaded lines, so that memory does not grow with the file."""
PROGRESS_ROWS = 1000

Line = dict[str, Any]


def read_customers(lines: Iterable[str], given: Mapping[str, str] | None = None) -> Iterator[Line | RefusedRow]:
    """Read a customer file with a header.

    Yields:
        Lines ``customer_id gender birth_year zip sign_date status level campaign linked_apps``; a row that cannot be
        read as RefusedRow.
    Raises:
        InputError: The header lacks the id.
    """
    return (_read("customers", record) for record in read_records(lines, "customers", given))


def read_tracks(lines: Iterable[str], given: Mapping[str, str] | None = None) -> Iterator[Line | RefusedRow]:
    """Read a track file ``TrackId,Title,Artist,Length``, header first.

    In the older format a quote in a title is only a quote, and every row has exactly three commas.

    Raises:
        InputError: There is no such header, so the first row would be taken for it.
    """
    return (_read("tracks", record) for record in read_records(lines, "tracks", given))


def _read(kind: str, record: Record | RefusedRow) -> Line | RefusedRow:
    if isinstance(record, RefusedRow):
        return record
    try:
        return _LINES[kind](record.values)
    except ValueError as err:
        return RefusedRow(record.line, str(err), record.shown)


def _customer(values: Mapping[str, str]) -> Line:
    def code(name: str, words: dict[str, int] | None = None) -> int | None:
        return read_code(name, values.get(name, ""), words)

    return {
        "customer_id": read_id("customer_id", values["customer_id"]),
        "gender": code("gender"),
        "birth_year": code("birth_year"),
        "zip": values.get("zip", "").strip(),
        "sign_date": read_day("sign_date", values.get("sign_date", "")),
        "status": code("status", STATUSES),
        "level": code("level", LEVELS),
        "campaign": code("campaign"),
        "linked_apps": code("linked_apps", BOOLEANS),
    }


def _track(values: Mapping[str, str]) -> Line:
    return {
        "track_id": read_id("track_id", values["track_id"]),
        "title": values["title"],
        "artist": values.get("artist", ""),
        "length_seconds": read_code("length_seconds", values.get("length_seconds", "")),
    }


_LINES: dict[str, Callable[[Mapping[str, str]], Line]] = {"customers": _customer, "tracks": _track}


@dataclass(slots=True)
class LoadReport:
    """What became of a file: loaded rows, refused ones, and the columns that it does not have.

    ``contacts`` counts phone numbers that went to the profile store; ``contacts_refused`` are rows that were loaded
    without theirs.
    """

    loaded: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    contacts: int = 0
    contacts_refused: list[RefusedRow] = field(default_factory=list)
    missing: tuple[str, ...] = ()


def load_file(
    settings: Settings,
    kind: str,
    file: Path,
    app: str,
    now: datetime,
    *,
    encoding: str | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda _line, _lines: None,
) -> LoadReport:
    """Put the readable rows of a file under ``load/<kind>/``, and customers' phone numbers into the profile store.

    Args:
        settings: Where.
        kind: ``customers`` or ``tracks``.
        file: CSV, NDJSON or Parquet.
        app: Whose they are.
        now: UTC.
        encoding: Of text; None = UTF-8, or by its byte order mark.
        columns: The file's own names by column.
        progress: Called with the line that is read and the number of lines.
    Raises:
        InputError: The file cannot be read; then nothing of it is loaded.
    """
    given = columns or {}
    source = open_source(file, kind, given, encoding)
    report = LoadReport()

    def on_columns(mapped: ColumnMap) -> None:
        names = [column.name for column in COLUMNS[kind] if column.name not in CONTACT_COLUMNS]
        report.missing = tuple(name for name in names if name not in mapped.places)

    def lines() -> Iterator[Line]:
        for record in read_source(source, kind, given, on_columns):
            row = _first(kind, _read(kind, record), record, repeats)
            if record.line % PROGRESS_ROWS == 0:
                progress(record.line, source.lines)
            if isinstance(row, RefusedRow):
                report.refused.append(row)
            else:
                contacts.note(kind, row, record)
                yield row

    contacts = Contacts(app)
    with Repeats() as repeats:
        _put(settings, kind, lines(), app, now, report)
    report.contacts, report.contacts_refused = contacts.store(settings), contacts.refused
    return report


def _first(kind: str, row: Line | RefusedRow, record: Record | RefusedRow, repeats: Repeats) -> Line | RefusedRow:
    """Refuse a row whose id came before: only the owner knows which of them is right."""
    if isinstance(row, RefusedRow) or isinstance(record, RefusedRow):
        return row
    name = COLUMNS[kind][0].name
    first = repeats.first_line(row[name], record.line)
    if first is None:
        return row
    return RefusedRow(record.line, f"{name} {excerpt(row[name])!r} stands on line {first} already", record.shown)


def _put(settings: Settings, kind: str, lines: Iterator[Line], app: str, now: datetime, report: LoadReport) -> None:
    from logdig.aws.clients import s3_store
    from logdig.store.objects import compress
    from logdig.times import wire_time

    common = {"app": app, "loaded_at": wire_time(now)}
    store = None
    while rows := list(islice(lines, OBJECT_LINES)):
        store = store or s3_store(settings)
        body = "".join(json.dumps(row | common, separators=(",", ":")) + "\n" for row in rows).encode("ascii")
        store.put(f"load/{kind}/{hashlib.sha256(body).hexdigest()}.jsonl.gz", compress(body))
        report.loaded += len(rows)
