"""Customer and track files into lines for the lake: ids and zips stay text, people's names are left out."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from logdig.backfill.recorded_files import SHOWN_CHARACTERS, RefusedRow
from logdig.config.settings import Settings
from logdig.errors import InputError

CUSTOMER_COLUMNS = ("CustID", "zip", "SignDate", "Status", "Level", "Campaign", "LinkedWithApps", "Gender")
"""What is read of a customer file; Name and Address are there and are not. BirthYear is optional."""
TRACK_COLUMNS = ("TrackId", "Title", "Artist", "Length")

Line = dict[str, Any]


def read_customers(lines: Iterable[str]) -> Iterator[Line | RefusedRow]:
    """Read a customer file with a header.

    Yields:
        Lines ``customer_id gender birth_year zip sign_date status level campaign linked_apps``; a row that cannot be
        read as RefusedRow.
    Raises:
        InputError: The header lacks a column.
    """
    numbered = enumerate(lines, 1)
    header = _columns(next(numbered, (1, ""))[1]) or []
    missing = [name for name in CUSTOMER_COLUMNS if name not in header]
    if missing:
        raise InputError(f"line 1: a customer file needs the columns {', '.join(missing)}; its header is {header}")
    for number, line in numbered:
        if line.strip():
            yield _customer(number, line.rstrip("\r\n"), header)


def _customer(number: int, text: str, header: list[str]) -> Line | RefusedRow:
    values = _columns(text)
    if values is None or len(values) != len(header):
        return RefusedRow(number, f"not the {len(header)} columns of the header", text[:SHOWN_CHARACTERS])
    row = dict(zip(header, values, strict=True))
    try:
        return {
            "customer_id": _identifier(row["CustID"]),
            "gender": _code(row["Gender"]),
            "birth_year": _code(row.get("BirthYear", "")),
            "zip": row["zip"],
            "sign_date": _iso_date(row["SignDate"]),
            "status": _code(row["Status"]),
            "level": _code(row["Level"]),
            "campaign": _code(row["Campaign"]),
            "linked_apps": _code(row["LinkedWithApps"]),
        }
    except ValueError as err:
        return RefusedRow(number, str(err), text[:SHOWN_CHARACTERS])


def read_tracks(lines: Iterable[str]) -> Iterator[Line | RefusedRow]:
    """Read a track file ``TrackId,Title,Artist,Length``, header first.

    The file is no standard CSV: a quote in a title is only a quote, and every row has exactly three commas.

    Raises:
        InputError: There is no such header, so the first row would be taken for it.
    """
    numbered = enumerate(lines, 1)
    header = next(numbered, (1, ""))[1].strip()
    if [name.strip().lower() for name in header.split(",")] != [name.lower() for name in TRACK_COLUMNS]:
        found = header[:SHOWN_CHARACTERS]
        raise InputError(f"line 1: a track file begins with {','.join(TRACK_COLUMNS)}; its first line is {found!r}")
    for number, line in numbered:
        if line.strip():
            yield _track(number, line.rstrip("\r\n"))


def _track(number: int, text: str) -> Line | RefusedRow:
    values = text.split(",")
    if len(values) != len(TRACK_COLUMNS):
        return RefusedRow(number, f"{len(values)} columns instead of {len(TRACK_COLUMNS)}", text[:SHOWN_CHARACTERS])
    try:
        identifier, length = _identifier(values[0]), _code(values[3])
    except ValueError as err:
        return RefusedRow(number, str(err), text[:SHOWN_CHARACTERS])
    return {"track_id": identifier, "title": values[1], "artist": values[2], "length_seconds": length}


READERS: dict[str, Callable[[Iterable[str]], Iterator[Line | RefusedRow]]] = {
    "customers": read_customers,
    "tracks": read_tracks,
}


def _columns(text: str) -> list[str] | None:
    try:
        return [value.strip() for value in next(csv.reader([text.rstrip("\r\n")], strict=True), [])]
    except csv.Error:
        return None


def _identifier(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= 128 or not text.isprintable():
        raise ValueError(f"{text[:SHOWN_CHARACTERS]!r} is no id of 1 to 128 characters")
    return text


def _code(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"{text[:SHOWN_CHARACTERS]!r} is no whole number")
    return int(text)


def _iso_date(text: str) -> str | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%m/%d/%Y").date().isoformat()
    except ValueError:
        raise ValueError(f"SignDate {text[:SHOWN_CHARACTERS]!r} is no MM/DD/YYYY") from None


def load_file(settings: Settings, kind: str, file: Path, app: str, now: datetime) -> tuple[int, list[RefusedRow]]:
    """Put the readable rows of a file under ``load/<kind>/``; return how many, and those refused."""
    from logdig.aws.clients import s3_store
    from logdig.store.objects import compress
    from logdig.times import wire_time

    facts = {"app": app, "loaded_at": wire_time(now)}
    lines, refused = [], []
    with file.open(encoding="utf-8-sig", errors="replace", newline="\n") as text:
        for row in READERS[kind](text):
            if isinstance(row, RefusedRow):
                refused.append(row)
            else:
                lines.append(json.dumps(row | facts, separators=(",", ":")))
    body = ("\n".join(lines) + "\n").encode("ascii")
    if lines:
        s3_store(settings).put(f"load/{kind}/{hashlib.sha256(body).hexdigest()}.jsonl.gz", compress(body))
    return len(lines), refused
