"""Standard CSV reads back whatever its quoting; stray quotes of the older format cost no row."""

from __future__ import annotations

import csv
import io
from typing import Literal, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from logdig.files.csv_rows import DELIMITERS, guess_delimiter, is_standard, normal_name, read_csv
from logdig.files.file_format import split_lines

Quoting = Literal[0, 1]
"""csv.QUOTE_MINIMAL or csv.QUOTE_ALL."""
TEXT = st.text(st.sampled_from('ab 1"\n\r,;\t가é'), max_size=12)
TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=1, max_size=8)
)


def written(rows: list[list[str]], delimiter: str, quoting: Quoting, end: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return text.getvalue()


@given(
    TABLES,
    st.sampled_from(DELIMITERS),
    st.sampled_from(get_args(Quoting)),
    st.sampled_from(["\n", "\r\n"]),
)
def test_rows_read_back_when_a_csv_writer_wrote_them(
    rows: list[list[str]], delimiter: str, quoting: Quoting, end: str
) -> None:
    values = [value for row in rows for value in row]
    width = len(rows[0])
    lines = list(split_lines([written(rows, delimiter, quoting, end)]))
    # The writer leaves a CR without quotes where rows do not end in it; a row of blanks is a blank line.
    assume(end == "\r\n" or not any("\r" in value for value in values))
    assume(all(any(value.strip() for value in row) for row in rows))
    # What reads as the older format: blanks before quotes, and lines of which each has as many columns as a row.
    assume(not any(value.startswith(" ") and value.lstrip(" ").startswith('"') for value in values))
    for row in rows:
        parts = list(split_lines([written([row], delimiter, quoting, end)]))
        assume(len(parts) <= 2 or not all(part.count(delimiter) + 1 == width for part in parts))

    assert is_standard(lines, delimiter, width)
    assert [row.values for row in read_csv(lines, delimiter, width, is_standard=True)] == rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_read_back_whatever_their_line_ends(end: str) -> None:
    lines = list(split_lines([end.join(["a,b", '"x', 'y",1', "c,d"])]))

    assert [(row.line, row.values) for row in read_csv(lines, ",", 2)] == [
        (1, ["a", "b"]),
        (2, [f"x{end}y", "1"]),
        (4, ["c", "d"]),
    ]


def test_quotes_are_text_when_they_open_or_close_nothing() -> None:
    lines = ['1,Gold, Gold",147\n'.replace(", Gold", " Gold"), '2,Ohio,"Crosby,180\n', '3,In "The" Mood,X,1\n']

    rows = list(read_csv(lines, ",", 4))

    assert [(row.values, row.has_stray_quotes) for row in rows] == [
        (["1", 'Gold Gold"', "147"], False),
        (["2", "Ohio", '"Crosby', "180"], True),
        (["3", 'In "The" Mood', "X", "1"], False),
    ]


def test_rows_between_two_stray_quotes_are_all_read() -> None:
    lines = ['1,A,"Gold Star,335\n', *(f"{number},T,A,{number}\n" for number in range(2, 30)), '30,B,Shy",210\n']

    rows = list(read_csv(lines, ",", 4, is_standard=is_standard(lines, ",", 4)))

    assert [row.line for row in rows] == list(range(1, 31))
    assert {len(row.values) for row in rows} == {4}


def test_a_cut_row_costs_no_row_after_it() -> None:
    rows = list(read_csv(['1,"x,2\n', '2,"a, b",3\n', '3,"c\n', 'd",4\n'], ",", 3))

    assert [(row.line, row.values) for row in rows] == [
        (1, ["1", '"x', "2"]),
        (2, ["2", "a, b", "3"]),
        (3, ["3", "c\nd", "4"]),
    ]


def test_a_quote_that_never_closes_costs_its_row_alone_however_long_the_file_is() -> None:
    lines = ['1,"x\n', *(f"{number},y,z\n" for number in range(40_000))]

    assert sum(len(row.values) == 3 for row in read_csv(lines, ",", 3)) == 40_000


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_delimiter_is_that_of_the_known_names_else_of_the_number_of_columns(delimiter: str) -> None:
    names = frozenset({"title", "artist"})

    assert guess_delimiter(delimiter.join(["x", "TITLE", '"Ar,t;i\tst"', "Artist"]), names, None) == delimiter
    assert guess_delimiter(delimiter.join(["1", "2 3", "4"]), frozenset(), 3) == delimiter


def test_names_are_equal_in_any_case_with_blanks_and_underscores() -> None:
    assert {normal_name(name) for name in ("Cust_ID", "cust id", "CUSTID", "Cust-Id ")} == {"custid"}
