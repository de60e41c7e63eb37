"""Any file that is read - CSV, NDJSON, Parquet - into records: texts by the names of the columns."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from logdig.errors import InputError
from logdig.files.columns import (
    COLUMNS,
    CONTACT_COLUMNS,
    WITHOUT_HEADER,
    ColumnMap,
    check_given,
    is_header,
    known_names,
    map_columns,
    positions,
)
from logdig.files.csv_rows import CsvRow, guess_delimiter, is_standard, normal_name, read_csv, split_line
from logdig.files.file_format import FileFormat, detect_format, read_lines
from logdig.files.json_rows import begins_json, json_lines
from logdig.files.parquet_rows import count_rows, parquet_columns, read_parquet
from logdig.files.refused_rows import RefusedRow, excerpt

SEPARATOR_LINE = re.compile(r'"?sep=.?"?', re.IGNORECASE)
"""Spreadsheets read their delimiter from a first line of this form."""
FIRST_LINES = 20
"""Looked at to find the delimiter."""
EXACT_INTEGER = 2**53
FREE_TEXTS = ("title", "artist", "ad")
"""Columns in which the older format's stray quotes are text; elsewhere one means a damaged row."""

_UNSTORABLE = re.compile("[\\0\ud800-\udfff]")
"""Refused on the wire too; JSON can write half of a pair of surrogates, no table can hold it."""

OnColumns = Callable[[ColumnMap], None]


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its line in the file, its texts by column (missing ones are empty), and what of it may be shown."""

    line: int
    values: Mapping[str, str]
    shown: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was looked at; `open_source` makes it.

    Args:
        path: The file.
        form: How its bytes are read.
        lines: How many lines it has; in Parquet rows.
        is_standard: Every row reads as standard CSV.
    """

    path: Path
    form: FileFormat
    lines: int
    is_standard: bool


def open_source(path: Path, kind: str, given: Mapping[str, str], encoding: str | None = None) -> SourceFile:
    """Read a file once, so that nothing of it is taken when it cannot be decoded.

    Raises:
        InputError: It is of another kind than those read, or not in that encoding.
    """
    form = detect_format(path, encoding)
    if form.is_parquet:
        return SourceFile(path, form, count_rows(path), False)
    lines = 0
    for _ in read_lines(path, form):
        lines += 1
    first = list(islice(read_lines(path, form), FIRST_LINES))
    if kind not in COLUMNS or not first or begins_json(first[0]):
        return SourceFile(path, form, lines, False)
    delimiter, width = _layout(kind, first, given)
    return SourceFile(path, form, lines, is_standard(read_lines(path, form), delimiter, width))


def read_source(
    source: SourceFile, kind: str, given: Mapping[str, str], on_columns: OnColumns = lambda _: None
) -> Iterator[Record | RefusedRow]:
    """Records of a file in its order.

    Args:
        source: From `open_source`.
        kind: What the file holds.
        given: The file's own names by column.
        on_columns: Called once with the columns of a header.
    Raises:
        InputError: The file has no such columns.
    """
    try:
        if source.form.is_parquet:
            yield from _parquet_records(source.path, kind, check_given(kind, given), on_columns)
        else:
            lines = read_lines(source.path, source.form)
            yield from read_records(lines, kind, given, on_columns, is_standard=source.is_standard)
    except InputError as err:
        message = err.message if str(source.path) in err.message else f"{source.path}: {err.message}"
        raise InputError(message) from err


def read_records(
    lines: Iterable[str],
    kind: str,
    given: Mapping[str, str] | None = None,
    on_columns: OnColumns = lambda _: None,
    *,
    is_standard: bool = False,
) -> Iterator[Record | RefusedRow]:
    """Records of lines of CSV or NDJSON; see `read_source`."""
    checked = check_given(kind, given or {})
    lines = iter(lines)
    first = list(islice(lines, FIRST_LINES))
    start = next((line for line in first if line.strip()), "")
    everything = chain(first, lines)
    if begins_json(start):
        yield from _json_records(everything, kind, checked)
    else:
        delimiter, width = _layout(kind, first, checked)
        yield from _csv_records(
            read_csv(everything, delimiter, width, is_standard=is_standard), kind, checked, on_columns
        )


def _layout(kind: str, first: Sequence[str], given: Mapping[str, str]) -> tuple[str, int]:
    """Delimiter and width of a separated file."""
    checked = check_given(kind, given)
    names, width = known_names(kind, checked), len(COLUMNS[kind]) if kind in WITHOUT_HEADER else None
    rows = [line for line in first if line.strip()]
    if not rows:
        return ",", 0
    if SEPARATOR_LINE.fullmatch(rows[0].strip()):
        raise InputError(f"line 1 is {rows[0].strip()!r}, which only spreadsheets read; remove that line")
    delimiter = guess_delimiter(rows[0], names, width)
    if width is not None and not is_header(kind, split_line(rows[0], delimiter), checked):
        # A damaged first row says nothing of the delimiter.
        fits = [guess_delimiter(row, frozenset(), width) for row in rows]
        good = [mark for mark, row in zip(fits, rows, strict=True) if len(split_line(row, mark)) == width]
        return (good or [","])[0], width
    return delimiter, len(split_line(rows[0], delimiter))


def _csv_records(
    rows: Iterator[CsvRow], kind: str, given: Mapping[str, str], on_columns: OnColumns
) -> Iterator[Record | RefusedRow]:
    top = next(rows, None)
    if top is None:
        return
    header = [value.strip() for value in top.values]
    if is_header(kind, header, given):
        try:
            columns = map_columns(kind, header, given)
        except InputError as err:
            raise InputError(f"line {top.line}: {err.message}") from err
        on_columns(columns)
    else:
        _check_first_row(kind, top)
        columns, rows, header = positions(kind), chain([top], rows), []
    for row in rows:
        yield _csv_record(row, columns, kind, header)


def _check_first_row(kind: str, row: CsvRow) -> None:
    if len(row.values) > 1 and not any(letter.isdigit() for letter in row.text):
        names = ", ".join(column.name for column in COLUMNS[kind])
        raise InputError(
            f"line {row.line} looks like a header, but its names are not known; {kind} have the columns {names}: "
            "--columns says which is which, such as --columns customer_id=NAME"
        )


def _csv_record(row: CsvRow, columns: ColumnMap, kind: str, header: list[str]) -> Record | RefusedRow:
    values = row.values
    while len(values) > columns.width and not values[-1].strip():
        values = values[:-1]
    whole_text = excerpt(row.text) if columns.is_whole else ""
    if len(values) != columns.width:
        wanted = ", ".join(header) if header else ", ".join(column.name for column in COLUMNS[kind])
        quotes = " (a quote opens or closes in the wrong place)" if row.has_stray_quotes else ""
        reason = f"{len(values)} columns instead of {columns.width} ({excerpt(wanted)}){quotes}"
        return RefusedRow(row.line, reason, whole_text)
    if header and [normal_name(value) for value in values] == [normal_name(name) for name in header]:
        return RefusedRow(row.line, "the header again", whole_text)
    texts = {name: values[place] for name, place in columns.places.items()}
    if row.has_stray_quotes:
        name = next((name for name, text in texts.items() if '"' in text and name not in FREE_TEXTS), None)
        if name:
            return RefusedRow(row.line, f"{name} has a quote that opens or closes in the wrong place", whole_text)
    return _record(row.line, texts, whole_text)


def _record(line: int, texts: dict[str, str], shown: str = "") -> Record | RefusedRow:
    parts = [f"{name}={text.strip()}" for name, text in texts.items() if text.strip() and name not in CONTACT_COLUMNS]
    shown = shown or excerpt(", ".join(parts))
    name = next((name for name, text in texts.items() if _UNSTORABLE.search(text)), None)
    if name:
        return RefusedRow(line, f"{name} holds a zero character or half of a pair of surrogates", shown)
    return Record(line, texts, shown)


def _json_records(lines: Iterable[str], kind: str, given: Mapping[str, str]) -> Iterator[Record | RefusedRow]:
    @lru_cache(maxsize=64)
    def columns_of(names: tuple[str, ...]) -> ColumnMap | InputError:
        try:
            return map_columns(kind, names, given)
        except InputError as err:
            return err

    for number, _, value in json_lines(lines):
        columns = columns_of(tuple(value)) if isinstance(value, dict) else value
        if isinstance(columns, ColumnMap):
            yield _mapped(number, list(value.values()), columns)
        else:
            yield RefusedRow(number, str(columns), "")


def _mapped(line: int, values: Sequence[Any], columns: ColumnMap) -> Record | RefusedRow:
    try:
        return _record(line, {name: text_of(values[place]) for name, place in columns.places.items()})
    except ValueError as err:
        return RefusedRow(line, str(err), "")


def text_of(value: Any) -> str:
    """The text of a value of JSON or Parquet, as it would stand in CSV.

    Raises:
        ValueError: An object, a list, bytes or an infinite number.
    """
    # NaN is how tables of numbers write that there is none.
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_INTEGER:
        return str(int(value))
    if isinstance(value, float) and math.isinf(value):
        raise ValueError("an infinite number stands where a text or number belongs")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float) or type(value).__name__ == "Decimal":
        return str(value)
    raise ValueError(f"a {type(value).__name__} stands where a text or number belongs")


def _parquet_records(
    path: Path, kind: str, given: Mapping[str, str], on_columns: OnColumns
) -> Iterator[Record | RefusedRow]:
    header = parquet_columns(path)
    columns = map_columns(kind, header, given)
    on_columns(columns)
    # Only the columns that are stored are read.
    places = ColumnMap({name: place for place, name in enumerate(columns.places)}, len(columns.places))
    rows = read_parquet(path, [header[place] for place in columns.places.values()])
    for number, values in enumerate(rows, 1):
        yield _mapped(number, values, places)
