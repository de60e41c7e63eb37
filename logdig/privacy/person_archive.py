"""A person's data as one zip archive of JSON lines, with a page that says what each column is."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from logdig.errors import InputError
from logdig.privacy.person_data import PersonData
from logdig.tables.catalog import TABLES
from logdig.tables.declaration import Column
from logdig.times import wire_time

README = "README.md"
PLACES = {
    "raw": "Accepted events as they are stored, one a line; the columns of `events`, below, say what their fields are.",
    "bad": "Events that were rejected, with the reasons; `text` is the event as it came.",
    "load": "Rows of files that were loaded, such as lists of customers.",
    "profiles": "What the decision service knows of the person.",
}


def write_archive(path: Path, data: PersonData, now: datetime) -> dict[str, int]:
    """Write the archive, readable by its owner only; return lines by place.

    Args:
        path: Must not exist.
        data: Whose.
        now: UTC.
    Raises:
        InputError: There is such a file.
        StoreUnavailableError: The store does not answer; no file is left.
    """
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as err:
        raise InputError(f"{path} exists; choose another --file, or remove it") from err
    try:
        with os.fdopen(opened, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            counts = {place: _write_place(archive, place, rows) for place, rows in data.places()}
            archive.writestr(README, readme(data, counts, now))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return counts


def _write_place(archive: zipfile.ZipFile, place: str, rows: Iterator[bytes]) -> int:
    count = 0
    # A place without rows has no file.
    first = next(rows, None)
    if first is None:
        return count
    with archive.open(_file(place), "w", force_zip64=True) as file:
        for row in (first, *rows):
            file.write(row + b"\n")
            count += 1
    return count


def _file(place: str) -> str:
    kind, _, name = place.partition(" ")
    return f"tables/{name}.jsonl" if name else f"{kind}.jsonl"


def readme(data: PersonData, counts: dict[str, int], now: datetime) -> str:
    """Text of the page: the person, every file with its number of lines, and what the columns mean."""
    person = data.person
    head = [
        "# Stored data of a person",
        "",
        f"Of the {person.field} `{person.value}`, {f'app {person.app}' if person.app else 'every app'}, "
        f"written {wire_time(now)}.",
        "Every file has one JSON object a line. Times are UTC.",
        "Events that still wait in a queue or in a browser are not here.",
        *(f"CANNOT BE READ: the object {key}; it may hold the person." for key in data.damaged),
        "",
    ]
    places = [place for place, count in counts.items() if count]
    return "\n".join([*head, *(line for place in places for line in _section(place, counts[place]))]) + "\n"


def _section(place: str, count: int) -> list[str]:
    name = place.removeprefix("table ")
    table = TABLES.get("events" if place == "raw" else name)
    meaning = PLACES.get(place) or (table.meaning if table else "A table of your own, which LogDig does not describe.")
    lines = [f"## {_file(place)}", "", f"{count:,} lines. {meaning}", ""]
    if table is None:
        return lines
    return [*lines, "| column | unit | meaning |", "|---|---|---|", *map(_row, table.columns), ""]


def _row(column: Column) -> str:
    return f"| `{column.name}` | {column.unit} | {column.meaning} |"
