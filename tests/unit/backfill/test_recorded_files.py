"""Recorded files are read row by row; what cannot be read is named and costs no neighbour."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.backfill.recorded_files import Row, event_of, read_rows
from logdig.backfill.reference_files import read_customers, read_tracks
from logdig.errors import InputError
from logdig.files.columns import Kind
from logdig.files.refused_rows import RefusedRow, excerpt

GOOD = '5,12,3,"2014-10-23 03:26:20",0,"02132"'
MOMENT = datetime(2014, 10, 22, 18, 26, 20, tzinfo=UTC)


def listens(*lines: str) -> list[Row | RefusedRow]:
    return list(read_rows("listens", lines))


def test_rows_are_read_with_their_zip_as_text() -> None:
    (row,) = listens(GOOD)

    assert isinstance(row, Row)
    assert (row.line, row.columns["zip"], row.moment.hour) == (1, "02132", 3)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD + GOOD, "11 columns instead of 6"),
        ('5,12,3,"2014-10-23 03:26:20",0', "5 columns instead of 6"),
        ('5,,3,"2014-10-23 03:26:20",0,"1"', "customer_id '' is no id"),
        ('5,12,3,"2014-13-23 03:26:20",0,"1"', "datetime '2014-13-23 03:26:20'"),
        ('5,12,3,"2014-12', "4 columns instead of 6"),
        ('5,"12,3,2014-10-23 03:26:20,0,02132', "customer_id has a quote that opens or closes in the wrong place"),
        ('5,1.5E+10,3,"2014-10-23 03:26:20",0,"1"', "customer_id '1.5E+10' was rounded by a spreadsheet"),
        ('5,1\u00002,3,"2014-10-23 03:26:20",0,"1"', "customer_id holds a zero character"),
        ('5,1\ud8002,3,"2014-10-23 03:26:20",0,"1"', "customer_id holds a zero character or half of a pair"),
        ('5,1\x1b2,3,"2014-10-23 03:26:20",0,"1"', "no control characters"),
        ("5," + "k" * 129 + ',3,"2014-10-23 03:26:20",0,"1"', "is no id: text of 1 to 128 characters"),
        ('5,12,3,"2014-10-23 03:26:20",2,"1"', "mobile '2'"),
        ('5,12,3,"2014-10-23 03:26:20",1,"' + "1" * 65 + '"', "zip is longer"),
    ],
)
def test_row_is_refused_with_its_line_and_its_neighbours_kept_when_it_is_wrong(line: str, reason: str) -> None:
    before, refused, after = listens(GOOD, line, GOOD)

    assert isinstance(refused, RefusedRow)
    assert (refused.line, refused.text) == (2, excerpt(line))
    assert reason in refused.reason
    assert isinstance(before, Row)
    assert isinstance(after, Row)


def test_row_is_read_when_blanks_stand_before_its_id() -> None:
    (row,) = listens('  5, 12,3,"2014-10-23 03:26:20",0,"02132"')

    assert isinstance(row, Row)
    assert (row.columns["event_id"], row.columns["customer_id"]) == ("5", "12")


@given(st.sampled_from(["listens", "clicks"]), st.lists(st.text(max_size=80), max_size=20))
def test_reading_never_fails_and_names_every_line_when_a_first_row_is_right(kind: Kind, lines: list[str]) -> None:
    first = GOOD if kind == "listens" else '5,12,"AD","2014-10-23 03:26:20"'
    lines = [line.replace('"', "").replace("\r", "").replace("\n", "") for line in lines]

    rows = list(read_rows(kind, [first, *lines]))

    assert [row.line for row in rows] == [n for n, line in enumerate([first, *lines], 1) if line.strip()]
    assert isinstance(rows[0], Row)


@given(st.text(max_size=200))
def test_reading_ends_in_rows_or_a_clear_error_whatever_a_file_holds(text: str) -> None:
    with suppress(InputError):
        rows = list(read_rows("listens", text.splitlines(keepends=True)))
        assert all(isinstance(row, Row | RefusedRow) for row in rows)


def event(line: str, moment: datetime = MOMENT) -> dict[str, object]:
    (row,) = listens(line)
    assert isinstance(row, Row)
    return event_of("listens", row, moment, ads_consent=False)


def test_event_is_equal_when_a_row_is_replayed() -> None:
    assert event(GOOD) == event(GOOD.replace('"', ""))


@pytest.mark.parametrize("old, new", [("5,", "6,"), (",12,", ",13,"), (",3,", ",4,")])
def test_event_is_another_when_id_customer_or_track_differ(old: str, new: str) -> None:
    assert event(GOOD)["event_id"] != event(GOOD.replace(old, new, 1))["event_id"]


def test_event_is_another_when_its_time_differs_or_another_kind_has_the_same_row() -> None:
    click, view = (read_rows(kind, ['5,12,"AD","2014-10-23 03:26:20"']) for kind in KINDS_OF_ADS)
    ids = {event_of(kind, row, MOMENT, ads_consent=True)["event_id"] for kind, row in rows_of(click, view)}

    assert event(GOOD)["event_id"] != event(GOOD, MOMENT.replace(year=2015))["event_id"]
    assert len(ids) == 2


KINDS_OF_ADS: tuple[Kind, Kind] = ("clicks", "views")


def rows_of(*files: Iterator[Row | RefusedRow]) -> list[tuple[Kind, Row]]:
    return [(kind, row) for kind, rows in zip(KINDS_OF_ADS, files, strict=True) for row in rows if isinstance(row, Row)]


def test_event_tells_its_time_in_utc_and_the_consent() -> None:
    assert event(GOOD)["timestamp"] == "2014-10-22T18:26:20.000Z"
    assert event(GOOD)["consent"] == {"analytics": True, "ads": False}


def test_files_of_the_older_system_come_out_whole(shared_data: Path) -> None:
    listens = list(read_rows("listens", (shared_data / "tracks_head.csv").read_text().split("\n")))
    clicks = list(read_rows("clicks", (shared_data / "clicks_head.csv").read_text().split("\n")))

    refused = [row for row in listens + clicks if isinstance(row, RefusedRow)]
    assert (len(listens), len(clicks) - 1) == (22_941, 65_710)
    assert [(row.line, row.text) for row in refused] == [(65_711, '280556,3,"ADV_DONATION_CHARITY","2014-12')]


def test_customers_of_the_older_system_come_out_whole(shared_data: Path) -> None:
    rows = list(read_customers((shared_data / "cust.csv").read_text().split("\n")))

    lines = [row for row in rows if isinstance(row, dict)]
    assert len(lines) == len(rows) == 5000
    assert lines[0]["customer_id"] == "0"
    assert sum(line["zip"].startswith("0") for line in lines) == 346
    assert not {"name", "address"} & set(lines[0])


def test_tracks_of_the_older_system_come_out_whole(shared_data: Path) -> None:
    rows = [row for row in read_tracks((shared_data / "music.csv").read_text().split("\n")) if isinstance(row, dict)]

    assert len(rows) == 1750
    assert sum('"' in row["title"] + row["artist"] for row in rows) == 20


@pytest.mark.parametrize("first", ["0,Caught Up In You,.38 Special,200", "17;x;y;1"])
def test_track_file_is_refused_when_its_first_line_is_no_header(first: str) -> None:
    with pytest.raises(InputError, match="line 1: its first line is no header; tracks need one with names of TrackId"):
        list(read_tracks([first, "1,Fantasy Girl,.38 Special,219"]))
