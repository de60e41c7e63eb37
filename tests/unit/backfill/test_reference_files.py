"""Customers and tracks as people have them become lines for the lake."""

from __future__ import annotations

import pytest

from logdig.backfill.reference_files import read_customers, read_tracks
from logdig.files.refused_rows import RefusedRow

HEADER = "CustID,Name,Gender,Address,zip,SignDate,Status,Level,Campaign,LinkedWithApps\n"


def customer(**columns: str) -> dict[str, object] | RefusedRow:
    given = {"CustID": "1", **columns}
    (line,) = read_customers([",".join(given) + "\n", ",".join(given.values()) + "\n"])
    return line


@pytest.mark.parametrize(("name", "code"), [("Free", 0), ("SILVER", 1), ("gold", 2), ("5", 5), ("", None)])
def test_level_is_read_by_name_or_number(name: str, code: int | None) -> None:
    line = customer(Level=name)

    assert isinstance(line, dict)
    assert line["level"] == code


@pytest.mark.parametrize(("name", "code"), [("Active", 1), ("inactive", 0), ("3", 3), ("", None)])
def test_status_is_read_by_name_or_number(name: str, code: int | None) -> None:
    line = customer(Status=name, LinkedWithApps="yes")

    assert isinstance(line, dict)
    assert (line["status"], line["linked_apps"]) == (code, 1)


def test_customer_is_refused_with_its_line_when_a_level_has_no_such_name() -> None:
    good = '0,"A",0,"B","01234","06/04/2013",1,1,1,0\n'

    lines = list(read_customers([HEADER, good, good.replace(",1,1,1,", ",1,platinum,1,"), good]))

    assert [type(line) for line in lines] == [dict, RefusedRow, dict]
    assert isinstance(lines[1], RefusedRow)
    assert (lines[1].line, lines[1].reason) == (3, "level 'platinum' is no whole number and none of free, silver, gold")


def test_customers_keep_ids_of_any_form_and_line_breaks_cost_nothing() -> None:
    rows = [
        '"a@b.example","K, L",0,"1 Way\nTop ""floor""","00501","2020-02-29",Active,Silver,,no\n',
        "{7-f} x,,,,,,,,,\n",
    ]

    lines = list(read_customers([HEADER, *"".join(rows).splitlines(keepends=True)]))

    assert [line["customer_id"] for line in lines if isinstance(line, dict)] == ["a@b.example", "{7-f} x"]
    assert isinstance(lines[0], dict)
    assert (lines[0]["zip"], lines[0]["sign_date"], lines[0]["level"]) == ("00501", "2020-02-29", 1)


def test_tracks_may_have_commas_quotes_and_stray_quotes() -> None:
    rows = ['7,"Sun, Moon","The ""Stars""",9\n', '8,Left "Open,"Band,10\n', '9,"Whole",Band,11\n']

    lines = list(read_tracks(["TrackId,Title,Artist,Length\n", *rows]))

    assert [(line["title"], line["artist"]) for line in lines if isinstance(line, dict)] == [
        ("Sun, Moon", 'The "Stars"'),
        ('Left "Open', '"Band'),
        ("Whole", "Band"),
    ]
