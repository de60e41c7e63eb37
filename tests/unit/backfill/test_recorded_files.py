"""Recorded files are read row by row; what cannot be read is named and costs no neighbour."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.backfill.recorded_files import Kind, RefusedRow, Row, event_of, minutes_east, read_rows, shift_to
from logdig.backfill.reference_files import read_customers, read_tracks
from logdig.errors import InputError

GOOD = '5,12,3,"2014-10-23 03:26:20",0,"02132"'
SEOUL = ZoneInfo("Asia/Seoul")


def listens(*lines: str) -> list[Row | RefusedRow]:
    return list(read_rows("listens", lines))


def test_rows_are_read_with_their_zip_as_text() -> None:
    (row,) = listens(GOOD)

    assert isinstance(row, Row)
    assert (row.line, row.columns["zip"], row.moment.hour) == (1, "02132", 3)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD + GOOD, "no row of comma-separated columns"),
        ('5,12,3,"2014-10-23 03:26:20",0', "5 columns instead of 6"),
        ('5,,3,"2014-10-23 03:26:20",0,"1"', "customer_id '' is no id"),
        ('5,12,3,"2014-13-23 03:26:20",0,"1"', "datetime '2014-13-23 03:26:20'"),
        ('5,12,3,"2014-12', "no row of comma-separated columns"),
        ('5,12,3,"2014-10-23 03:26:20",2,"1"', "mobile '2'"),
        ('5,12,3,"2014-10-23 03:26:20",1,"' + "1" * 65 + '"', "zip is longer"),
    ],
)
def test_row_is_refused_with_its_line_and_its_neighbours_kept_when_it_is_wrong(line: str, reason: str) -> None:
    before, refused, after = listens(GOOD, line, GOOD)

    assert isinstance(refused, RefusedRow)
    assert (refused.line, refused.text) == (2, line[:60])
    assert reason in refused.reason
    assert isinstance(before, Row)
    assert isinstance(after, Row)


def test_row_is_read_when_blanks_stand_before_its_id() -> None:
    (row,) = listens('  5, 12,3,"2014-10-23 03:26:20",0,"02132"')

    assert isinstance(row, Row)
    assert (row.columns["event_id"], row.columns["customer_id"]) == ("5", "12")


@given(st.sampled_from(["listens", "clicks"]), st.lists(st.text(max_size=80), max_size=20))
def test_reading_never_raises_and_names_every_line(kind: Kind, lines: list[str]) -> None:
    found = list(read_rows(kind, lines))

    assert [row.line for row in found] == [n for n, line in enumerate(lines, 1) if line.rstrip("\r\n").strip()]


def test_event_is_equal_when_a_row_is_replayed_and_another_when_it_is_shifted() -> None:
    (row,) = listens(GOOD)
    assert isinstance(row, Row)

    def event_id(days: int) -> object:
        return event_of("listens", row, shift=timedelta(days=days), zone=SEOUL, ads_consent=True)["event_id"]

    assert event_id(1) == event_id(1)
    assert event_id(1) != event_id(2)


def test_event_tells_local_time_as_utc_and_its_offset() -> None:
    (row,) = listens(GOOD)
    assert isinstance(row, Row)

    event = event_of("listens", row, shift=timedelta(), zone=SEOUL, ads_consent=False)

    assert event["timestamp"] == "2014-10-22T18:26:20.000Z"
    assert minutes_east(row, timedelta(), SEOUL) == 540
    assert event["consent"] == {"analytics": True, "ads": False}


def test_shift_keeps_the_hour_and_ends_before_now() -> None:
    now, newest = datetime(2026, 11, 24, 2), datetime(2014, 12, 30, 23)

    moved = newest + shift_to(now, newest)

    assert (moved.hour, now - timedelta(days=1) < moved <= now) == (23, True)


def test_files_of_the_older_system_come_out_whole(shared_data: Path) -> None:
    tracks = list(read_rows("listens", (shared_data / "tracks_head.csv").read_text().split("\n")))
    clicks = list(read_rows("clicks", (shared_data / "clicks_head.csv").read_text().split("\n")))

    refused = [row for row in tracks + clicks if isinstance(row, RefusedRow)]
    assert (len(tracks), len(clicks) - 1) == (22_941, 65_710)
    assert [(row.line, row.text) for row in refused] == [(65_711, '280556,3,"ADV_DONATION_CHARITY","2014-12')]


def test_customers_of_the_older_system_come_out_whole(shared_data: Path) -> None:
    found = list(read_customers((shared_data / "cust.csv").read_text().split("\n")))

    lines = [row for row in found if isinstance(row, dict)]
    assert len(lines) == len(found) == 5000
    assert lines[0]["customer_id"] == "0"
    assert sum(line["zip"].startswith("0") for line in lines) == 346
    assert not {"name", "address"} & set(lines[0])


def test_tracks_of_the_older_system_come_out_whole(shared_data: Path) -> None:
    found = [row for row in read_tracks((shared_data / "music.csv").read_text().split("\n")) if isinstance(row, dict)]

    assert len(found) == 1750
    assert sum('"' in row["title"] + row["artist"] for row in found) == 20


@pytest.mark.parametrize("first", ["", "0,Caught Up In You,.38 Special,200", "TrackId;Title;Artist;Length"])
def test_track_file_is_refused_when_its_first_line_is_no_header(first: str) -> None:
    with pytest.raises(InputError, match="line 1: a track file begins with TrackId,Title,Artist,Length"):
        list(read_tracks([first, "1,Fantasy Girl,.38 Special,219"]))


def test_customer_is_refused_with_its_line_when_a_code_is_no_number() -> None:
    header = "CustID,Name,Gender,Address,zip,SignDate,Status,Level,Campaign,LinkedWithApps"
    good = '0,"A",0,"B","01234","06/04/2013",1,1,1,0'

    found = list(read_customers([header, good, good.replace(",1,1,1,", ",1,gold,1,"), good]))

    assert [type(row) for row in found] == [dict, RefusedRow, dict]
    assert isinstance(found[1], RefusedRow)
    assert (found[1].line, found[1].reason) == (3, "'gold' is no whole number")
