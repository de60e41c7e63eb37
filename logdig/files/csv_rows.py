"""Lines of a separated file into rows: standard quoting (RFC 4180) beside the older format's stray quotes.

The older system wrote titles with quotes that open or close nothing. So a line in which a quote stays open is either
the beginning of a field with line breaks or a whole row; how many columns the lines have decides.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DELIMITERS = ",;\t"
_QUOTED_AFTER_BLANKS = re.compile(r' +"')


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: the line where it begins, its columns, and its text.

    Args:
        line: From 1.
        values: The columns as written.
        text: As in the file, without the line end.
        has_stray_quotes: Its quotes are no quoting; they are part of the columns.
    """

    line: int
    values: list[str]
    text: str
    has_stray_quotes: bool = False


def read_csv(lines: Iterable[str], delimiter: str, width: int, *, is_standard: bool = False) -> Iterator[CsvRow]:
    """Read rows; blank lines are passed over.

    Args:
        lines: Physical lines with or without their ends.
        delimiter: Between columns.
        width: How many columns a row should have; rows of other widths come too.
        is_standard: `is_standard` said so of the whole file.
    """
    numbered = enumerate(lines, 1)
    waiting: deque[tuple[int, str]] = deque()

    def take() -> tuple[int, str] | None:
        return waiting.popleft() if waiting else next(numbered, None)

    while (current := take()) is not None:
        number, line = current
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        values = _single(text, delimiter)
        if values is not None:
            yield CsvRow(number, values, text)
            continue
        used = [(number, line)]

        def following(first: str = line, used: list[tuple[int, str]] = used) -> Iterator[str]:
            yield first
            while (after := take()) is not None:
                used.append(after)
                yield after[1] if after[1].endswith(("\n", "\r")) else after[1] + "\n"

        row = _joined(following(), delimiter)
        if row is not None and _is_one_row(row, used, delimiter, width, is_standard=is_standard):
            yield CsvRow(number, row, "".join(line for _, line in used).rstrip("\r\n"))
        else:
            waiting.extendleft(reversed(used[1:]))
            yield CsvRow(number, text.split(delimiter), text, has_stray_quotes=True)


def _single(text: str, delimiter: str) -> list[str] | None:
    """Columns of a line that is a row by itself; None when a quote stays open or stands where none can."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        values = next(csv.reader([text], delimiter=delimiter, strict=True))
        if any(_QUOTED_AFTER_BLANKS.match(value) for value in values):
            # Blanks before quotes were meant to be no part of the column.
            return next(csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True))
        return values
    except csv.Error:
        return None


def _joined(lines: Iterator[str], delimiter: str) -> list[str] | None:
    """Columns of a row that goes on over lines, until its quote closes."""
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None


def _is_one_row(row: list[str], used: list[tuple[int, str]], delimiter: str, width: int, *, is_standard: bool) -> bool:
    if len(row) != width:
        return False
    # Where each line has as many columns as a row, the quote was a stray one, and the lines are rows.
    are_rows = all(line.count(delimiter) + 1 == width for _, line in used)
    return not are_rows or (is_standard and len(used) <= 2)


def is_standard(lines: Iterable[str], delimiter: str, width: int) -> bool:
    """Tell whether every row of a file reads as standard CSV with so many columns."""
    try:
        return all(len(row) in (0, width) for row in csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return False


def guess_delimiter(line: str, names: frozenset[str], width: int | None) -> str:
    """The delimiter by which a first line has the most known names, else the wanted number of columns.

    Args:
        line: The first line.
        names: Known names of columns, see `normal_name`.
        width: Columns of a file without header; None when there must be a header.
    """

    def fit(delimiter: str) -> tuple[int, bool, int]:
        values = split_line(line, delimiter)
        known = sum(normal_name(value) in names for value in values)
        return known, len(values) == width, len(values) if width is None else 0

    return max(DELIMITERS, key=fit)


def split_line(line: str, delimiter: str) -> list[str]:
    """Columns of one line, whatever its quotes."""
    text = line.rstrip("\r\n")
    return [value.strip() for value in _single(text, delimiter) or text.split(delimiter)]


def normal_name(name: str) -> str:
    """A column's name in any case, with or without blanks and underscores, as one name."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
