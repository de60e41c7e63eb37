"""Rows of any file that is read come out by the names of the columns, and strangers' columns are never shown."""

from __future__ import annotations

import json
import random
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from logdig.backfill.recorded_files import Row, read_row
from logdig.backfill.reference_files import read_customers
from logdig.errors import InputError, MissingPartError
from logdig.files.columns import COLUMNS
from logdig.files.records import Record, open_source, read_records, read_source, text_of
from logdig.files.refused_rows import RefusedRow

NAMES = {
    "listens": ["EVENT_ID", "CustID", "Track Id", "DateTime", "mobile", "ZIP"],
    "clicks": ["id", "customer", "Ad_Name", "Timestamp"],
    "customers": [
        "CustID",
        "gender",
        "BirthYear",
        "Zip",
        "sign date",
        "STATUS",
        "Level",
        "campaign",
        "LinkedWithApps",
        "Phone",
        "SMS opt-in",
        "time_zone",
    ],
    "tracks": ["trackid", "TITLE", "artist", "Length"],
}


def records(kind: str, *lines: str, **given: str) -> list[Record | RefusedRow]:
    return list(read_records([f"{line}\n" for line in lines], kind, given))


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_found_in_any_order_and_case_among_others(kind: str, delimiter: str) -> None:
    names = [*NAMES[kind], "Own 1", ""]
    random.Random(kind).shuffle(names)
    values = {name: f"v{place}" for place, name in enumerate(names)}

    (record,) = records(kind, delimiter.join(names), delimiter.join(values[name] for name in names))

    assert isinstance(record, Record)
    assert record.values == {column.name: values[name] for column, name in zip(COLUMNS[kind], NAMES[kind], strict=True)}


@pytest.mark.parametrize(
    ("kind", "header", "words"),
    [
        ("customers", "CustID,Level,Zip,level", "column twice: 'Level' and 'level' are columns 2 and 4"),
        ("customers", "CustID,Own,OWN", "column twice: 'Own' and 'OWN'"),
        ("customers", "CustID,customer_id,Level", "'CustID' and 'customer_id' may both be customer_id; --columns"),
        ("tracks", "Title,Artist,Length", "needs TrackId; its columns are Title, Artist, Length; --columns track_id="),
        ("listens", "customer_id,track_id,zip", "needs datetime, mobile"),
        ("listens", "sep=;", "line 1 is 'sep=;', which only spreadsheets read; remove that line"),
        ("listens", "Wer,Was,Wann,Wie,Wo,Warum", "looks like a header, but its names are not known"),
        ("customers", '0,"Ada Lovelace",1,"12 Main St","04524"', "its first line is no header"),
    ],
)
def test_header_is_refused_with_the_word_that_helps(kind: str, header: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        records(kind, header, "1,2,3,4,5,6")

    assert f"line 1: {words}" in caught.value.message or words in caught.value.message
    assert caught.value.message.startswith("line 1")
    assert "Ada" not in caught.value.message


def test_columns_are_those_that_the_owner_names() -> None:
    (record,) = records("customers", "Level,Plan,Id,Kunde", "9,Gold,7,k1", id="Kunde", level="plan")

    assert isinstance(record, Record)
    assert record.values == {"customer_id": "k1", "level": "Gold"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"id": "Nr"}, "there is no column 'Nr' for customer_id; its columns are CustID, Level"),
        ({"plan": "Level"}, "customers have no column 'plan' to name; there are: customer_id, gender"),
        ({"id": "CustID", "cust_id": "Level"}, "customer_id is given two columns: 'CustID' and 'Level'"),
    ],
)
def test_names_of_columns_are_refused_when_they_mean_nothing(given: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        records("customers", "CustID,Level", "1,2", **given)


def test_row_is_refused_without_columns_that_are_not_stored() -> None:
    header = "CustID,Name,Level,Address"
    rows = records("customers", header, '1,"Ada Lovelace",0', "2,Ada,1,x,Ada", "3,Ada\0,1,x", "4,Ada,1\0,x", header)
    lines = list(read_customers([f"{header}\n", "5,Ada Lovelace,Iron\x1b[2J,12 Main St\n"]))

    refused = [row for row in [*rows, *lines] if isinstance(row, RefusedRow)]
    assert [(row.line, row.text) for row in refused] == [
        (2, ""),
        (3, ""),
        (5, "customer_id=4, level=1\\x00"),
        (6, ""),
        (2, "customer_id=5, level=Iron\\x1b[2J"),
    ]
    assert not any(word in f"{row.reason}{row.text}" for row in refused for word in ("Ada", "Main", "\x1b"))


@pytest.mark.parametrize("again", ["TrackId,Title", "TRACKID,TITLE", "track id, Title"])
def test_header_is_refused_when_it_stands_in_the_file_again(again: str) -> None:
    first, refused, last = records("tracks", "TrackId,Title", "1,A", again, "2,B")

    assert isinstance(refused, RefusedRow)
    assert refused.reason == "the header again"
    assert [type(first), type(last)] == [Record, Record]


def test_rows_with_empty_columns_at_their_end_are_read() -> None:
    assert [type(record) for record in records("tracks", "TrackId,Title", "1,A,,", "2,B", "3,C,,x")] == [
        Record,
        Record,
        RefusedRow,
    ]


def test_json_lines_are_read_by_name_whatever_their_order() -> None:
    rows = records(
        "listens",
        json.dumps({"customer_id": 7, "track_id": "t", "time": 1772368215, "mobile": True, "own": {"a": 1}}),
        "",
        json.dumps({"mobile": "no", "Track_ID": "t", "CustID": "k", "datetime": "2026-03-01T12:30:15Z", "zip": None}),
        '{"customer_id": "k"',
        json.dumps({"customer_id": "k", "track_id": "t", "time": 1772368215}),
        json.dumps({"customer_id": ["k"], "track_id": "t", "time": 1772368215, "mobile": 1}),
        "[" * 100_000,
    )

    first, second, *others = [read_row(record) for record in rows]
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.columns["customer_id"], first.columns["mobile"], first.moment) == ("7", "1", second.moment)
    assert (second.columns["mobile"], second.columns["zip"]) == ("0", "")
    reasons = [(row.line, row.reason[:40]) for row in others if isinstance(row, RefusedRow)]
    assert reasons == [
        (4, "no JSON: Expecting ',' delimiter: line 1"[:40]),
        (5, "a file of listens needs mobile; its colu"),
        (6, "a list stands where a text or number bel"),
        (7, "is nested too deep"),
    ]


@pytest.mark.parametrize("first", ['[{"customer_id": 1}]', "[", "{"])
def test_json_in_one_piece_is_refused_with_the_word_that_helps(first: str) -> None:
    with pytest.raises(InputError, match=r"one object a line is: jq -c '\.\[\]'"):
        records("listens", first, "}")


def test_file_without_header_may_begin_with_an_id_in_braces() -> None:
    (record,) = records("clicks", '{3c1e7a52-6b0d},9,"OFFER","2026-03-01 12:30:15"')

    assert isinstance(read_row(record), Row)


@pytest.mark.parametrize("value", [b"x", [1], {"a": 1}, float("inf")])
def test_value_is_refused_when_it_is_no_text_or_number(value: Any) -> None:
    with pytest.raises(ValueError, match="stands where a text or number belongs"):
        text_of(value)


def test_values_become_the_texts_of_csv() -> None:
    values = [None, float("nan"), True, 7, 7.0, 1.5, 2.0**60, date(2026, 3, 1), datetime(2026, 3, 1, 12, tzinfo=UTC)]

    assert [text_of(value) for value in values] == [
        *("", "", "true", "7", "7", "1.5", "1.152921504606847e+18"),
        *("2026-03-01", "2026-03-01T12:00:00+00:00"),
    ]


def write_parquet(path: Path, **columns: Any) -> Path:
    parquet.write_table(pyarrow.table(columns), path, row_group_size=2)
    return path


@pytest.mark.parametrize(
    "times",
    [
        pyarrow.array([1772368215000000000] * 3, pyarrow.timestamp("ns", "UTC")),
        pyarrow.array([1772368215001] * 3, pyarrow.timestamp("ms", "Asia/Seoul")),
        pyarrow.array([1772368215] * 3, pyarrow.int64()),
        pyarrow.array(["2026-03-01T12:30:15Z"] * 3),
    ],
)
def test_parquet_is_read_by_name(tmp_path: Path, times: Any) -> None:
    path = write_parquet(
        tmp_path / "f.parquet",
        Ad=["A", "나", None],
        when=times,
        CustID=pyarrow.array([1.0, 2.0, 3.0]),
        other=[[1], [2], [3]],
    )
    source = open_source(path, "clicks", {"datetime": "when"})

    rows = [read_row(record) for record in read_source(source, "clicks", {"datetime": "when"})]

    assert source.lines == 3
    assert [row.columns for row in rows if isinstance(row, Row)] == [
        {"customer_id": "1", "ad": "A"},
        {"customer_id": "2", "ad": "나"},
    ]
    assert [row.moment.replace(microsecond=0) for row in rows if isinstance(row, Row)] == [
        datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
    ] * 2
    assert [(row.line, row.reason[:14]) for row in rows if isinstance(row, RefusedRow)] == [(3, "ad has no name")]


def test_parquet_row_is_refused_alone_when_its_time_is_out_of_reach(tmp_path: Path) -> None:
    times = pyarrow.array([1772368215000, 2**60, 1772368216000], pyarrow.timestamp("ms"))
    path = write_parquet(tmp_path / "f.parquet", ad=["A"] * 3, time=times, customer=["1"] * 3)

    rows = [read_row(record) for record in read_source(open_source(path, "clicks", {}), "clicks", {})]

    assert [type(row) for row in rows] == [Row, RefusedRow, Row]


def test_parquet_is_refused_when_it_is_damaged_or_lacks_columns(tmp_path: Path) -> None:
    good = write_parquet(tmp_path / "good.parquet", ad=["A"], time=["x"])
    (tmp_path / "bad.parquet").write_bytes(good.read_bytes()[:-20])

    with pytest.raises(InputError, match=r"bad\.parquet: its Parquet data is damaged"):
        open_source(tmp_path / "bad.parquet", "clicks", {})
    with pytest.raises(
        InputError, match=r"good\.parquet: a file of clicks needs customer_id; its columns are ad, time"
    ):
        list(read_source(open_source(good, "clicks", {}), "clicks", {}))


def test_parquet_says_what_to_install_when_its_reader_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_parquet(tmp_path / "f.parquet", ad=["A"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(MissingPartError, match=r"Parquet needs pyarrow: pip install 'logdig\[analytics\]'"):
        open_source(path, "clicks", {})
