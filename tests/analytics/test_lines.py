"""What the collector accepts arrives in the columns of the tables, unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from analytics.lake.line_rows import bad_events, events, parse_bad, parse_raw, unreadable
from analytics.schema.columns import table_columns
from tests.analytics.objects import line
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import OWN_PARTS, TEN_FIELDS, body, collector, event, post, signed, signed_event

pytestmark = pytest.mark.java
TIMES = ("received_at", "occurred_at", "timestamp")
EXTREMES: list[dict[str, Any]] = [
    event(seq=2**53 - 1, load_count=2**31 - 1, spent_milli_sec=30 * 86_400_000, x=-1e7, y=9_999_999.99),
    event(view={"vw": 0, "vh": 1e6, "dw": 0.1, "sx": -1e6, "dpr": 0.1}, sample_rate=1e-7),
    event(element={"selector": None, "ex": 0, "ey": 32767, "w": 1e6, "h": 0.5, "fixed": True}, after=None),
    event("custom", custom={"name": "n", "props": {"": "", "n": -0.5, "big": 2**53 - 1, "t": "x" * 1024, "f": 1e300}}),
    event("custom", custom={"name": 'a"b\\c\n\u2028', "props": {}}),
    event("move", move={"anchors": [], "points": []}),
    event(timestamp="2026-11-23t15:40:59.123456789+09:00"),
    event(current_page="http://s/한글😀?utm_source=a%20b", link="\u0001\u007f\u2029", page_version="\t"),
    event("listen", listen={"track_id": "0412", "mobile": False, "zip": None, "listened_ms": 30 * 86_400_000}),
]


def lines(spark: SparkSession, texts: Iterable[str | bytes]) -> DataFrame:
    rows = [(text.decode("ascii") if isinstance(text, bytes) else text,) for text in texts]
    return spark.createDataFrame(rows, "value string")


def expected(value: Any) -> Any:
    """What a stored value is as a column: nulls and missing fields are the same."""
    if isinstance(value, dict):
        return {name: expected(item) for name, item in value.items() if item is not None}
    return value


def found(value: Any, sent: Any) -> Any:
    """A column's value as the stored one: maps hold the text of numbers."""
    if isinstance(value, dict):
        return {name: found(item, (sent or {}).get(name)) for name, item in value.items() if item is not None}
    if isinstance(value, str) and not isinstance(sent, str):
        return json.loads(value)
    return value


def test_events_hold_every_field_of_every_type_as_the_collector_stored_it(spark: SparkSession) -> None:
    sink = MemorySink()
    front = collector(sink)
    front.handle(post(body(*(event(name) for name in OWN_PARTS), *EXTREMES)))
    front.handle(signed(body(*(signed_event(name) for name in OWN_PARTS))))
    front.handle(post(json.dumps(TEN_FIELDS | {"x": "none"}).encode(), "/"))
    stored = [json.loads(text) for text in sink.events]

    parsed = parse_raw(lines(spark, sink.events))
    rows = {row["event_id"]: row.asDict(recursive=True) for row in events(parsed).collect()}

    assert len(rows) == len(stored) == 2 * len(OWN_PARTS) + len(EXTREMES) + 1
    assert unreadable(parsed).count() == 0
    for sent in stored:
        row = rows[sent["event_id"]]
        times = {name: row.pop(name) for name in TIMES}
        assert {name: moment(sent[name]) for name in TIMES} == times
        assert row.pop("day") == times["occurred_at"].date()
        row.pop("line_hash")
        assert row.pop("skewed") == (abs(times["occurred_at"] - times["timestamp"]) > timedelta(minutes=30))
        props = sent.get("custom", {}).get("props")
        texts = None if props is None else {name for name, value in props.items() if isinstance(value, str)}
        told = row.pop("text_props")
        assert (None if told is None else set(told)) == texts
        wanted = expected({name: value for name, value in sent.items() if name not in TIMES})
        assert found({name: value for name, value in row.items() if value is not None}, sent) == wanted


def test_line_of_the_version_before_has_nulls_in_newer_columns(spark: SparkSession) -> None:
    old = line("old", after={"mutation_ms": 12, "scroll_ms": None, "navigated_ms": None}, bot=True, user_agent="curl/8")

    (row,) = events(parse_raw(lines(spark, [old]))).collect()

    assert row["after"].asDict() == dict.fromkeys(row["after"].asDict()) | {"mutation_ms": 12}
    assert (row["signed"], row["bot"]) == (None, True)


def moment(text: str) -> datetime:
    """UTC without zone, to microseconds, as collected from a session in UTC."""
    whole = datetime.fromisoformat(text.upper())
    return (whole - (whole.utcoffset() or whole - whole)).replace(tzinfo=None)


def test_bad_events_hold_every_field_of_what_the_collector_rejected(spark: SparkSession) -> None:
    sink = MemorySink()
    broken = (event(x="far"), event(y=None, seq=-1), event(link="x" * 40_000), b'{"event_id": "\\ud800"}', 17)
    collector(sink).handle(post(body(event(), *broken)))
    stored = [json.loads(text) for text in sink.rejected]

    frame = bad_events(parse_bad(lines(spark, sink.rejected)))
    rows = {row["bad_id"]: row.asDict(recursive=True) for row in frame.collect()}

    assert len(rows) == len(stored) == len(broken)
    for sent in stored:
        row = rows[sent["bad_id"]]
        assert row["received_at"] == moment(sent.pop("received_at"))
        assert {name: row[name] for name in sent} == sent


def test_events_read_every_text_unchanged(spark: SparkSession) -> None:
    texts = ["a|b", 'quote " and \\', "line\nend\r", "\u2028\u2029", "한글 🎵", "=cmd()", "</script>", ""]
    frame = lines(spark, [line(f"e{index}", link=text) for index, text in enumerate(texts)])

    rows = {row["event_id"]: row["link"] for row in events(parse_raw(frame)).collect()}

    assert [rows[f"e{index}"] for index in range(len(texts))] == texts


def test_lines_are_parsed_once_each_when_unreadable_ones_are_left_out(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    parsed = parse_raw(lines(spark, [line("e1"), "no line"]))

    for rows in (events(parsed), unreadable(parsed)):
        rows.explain()
        assert capsys.readouterr().out.count("from_json") == 1


def test_events_are_empty_when_there_is_no_line(spark: SparkSession) -> None:
    parsed = parse_raw(lines(spark, []))

    assert events(parsed).schema.fieldNames() == table_columns("events").fieldNames()
    assert (events(parsed).count(), unreadable(parsed).count()) == (0, 0)


def test_tables_have_the_columns_of_their_schema(spark: SparkSession) -> None:
    raw, bad = parse_raw(lines(spark, [])), parse_bad(lines(spark, []))

    assert events(raw).schema.simpleString() == table_columns("events").simpleString()
    for frame in (bad_events(bad), unreadable(bad), unreadable(raw)):
        assert frame.schema.simpleString() == table_columns("bad_events").simpleString()


def test_properties_that_are_texts_are_named_when_an_own_event_has_some(spark: SparkSession) -> None:
    props = {"number": 1, "text": "1", "yes": True, "text of yes": "true", "none": None, "empty": "", 'a"b': "x"}
    made = [
        line("typed", type="custom", custom={"name": "n", "props": props}),
        line("empty", type="custom", custom={"name": "n", "props": {}}),
        line("bare", type="custom", custom={"name": "n"}),
        line("click"),
    ]

    rows = {row["event_id"]: row["text_props"] for row in events(parse_raw(lines(spark, made))).collect()}

    assert sorted(rows.pop("typed")) == sorted(name for name, value in props.items() if isinstance(value, str))
    assert rows == {"empty": [], "bare": None, "click": None}
