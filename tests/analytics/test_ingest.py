"""Each event is once in the tables, whatever comes twice, late, broken, or in another order."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import idle_report, nothing_new
from analytics.jobs.registry import run
from analytics.jobs.report import JobReport
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.store.keys import Zone
from tests.analytics.objects import bad_line, line, put

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RAW: tuple[Zone, ...] = ("raw",)
BAD: tuple[Zone, ...] = ("bad",)
IDLE = {"raw": 0, "bad": 0, "unreadable": 0, "set_aside": 0}


def rows(spark: SparkSession, lake: Settings) -> list[dict[str, Any]]:
    found = tables.read(spark, lake, "events").selectExpr("*", "CAST(day AS STRING) AS day_text").drop("day")
    # The first days of the calendar are no dates in Python.
    kept = found.select("app", "event_id", "received_at", "pack_id", "link", "day_text").collect()
    return sorted((row.asDict() for row in kept), key=lambda row: (row["app"], row["event_id"]))


def ids(found: Iterable[dict[str, Any]]) -> list[str]:
    return [row["event_id"] for row in found]


def bad_rows(spark: SparkSession, lake: Settings) -> list[dict[str, Any]]:
    found = tables.read(spark, lake, "bad_events").orderBy("bytes").collect()
    return [row.asDict(recursive=True) for row in found]


OLD = ["0001-01-01T00:00:00.000Z", "1582-10-10T12:00:00.000Z", "1969-12-31T23:59:59.999Z"]
WHOLE = {"raw": line("a", app="whole"), "bad": bad_line("b9", bytes=10_000)}
BROKEN = {
    zone: (
        f"no JSON in {zone}",
        whole[:-1],
        json.dumps({"received_at": "2026-11-24T12:00:00.000Z", "app": "shop", "bytes": 1, "zone": zone}),
        "[" + f'"{zone}",' * 9000 + "1]",
    )
    for zone, whole in WHOLE.items()
}


@dataclass(frozen=True)
class Story:
    """What three runs found: the first objects; all of them and later ones, all forgotten; nothing new."""

    reports: tuple[JobReport, JobReport, JobReport]
    events: list[dict[str, Any]]
    bad: list[dict[str, Any]]

    def of(self, *apps: str) -> list[dict[str, Any]]:
        return [row for row in self.events if row["app"] in apps]


@pytest.fixture(scope="module")
def story(spark: SparkSession, new_lake: Callable[[], Settings]) -> Story:
    """One lake in which each rule has an app of its own: a run costs seconds, a line nothing."""
    own = new_lake()
    put(own, "raw", [line("a"), line("b"), line("b", pack_id="p2")])
    put(own, "raw", [line("b", "2026-11-24T12:05:00.000Z"), line("c")])
    put(own, "raw", [line("a", app="night", occurred_at="2026-11-24T00:00:00.500Z")])
    put(own, "raw", [line("same", app="one"), line("same", app="other")])
    put(own, "raw", [line(f"e{index}", app="old", occurred_at=moment) for index, moment in enumerate(OLD)])
    put(own, "bad", [bad_line("b1")])
    put(own, "bad", [bad_line("b1", pack_id="p2"), bad_line("b2", app=None, bytes=3)])
    for zone in (*RAW, *BAD):
        put(own, zone, [WHOLE[zone], *BROKEN[zone]])
    first = run("ingest", spark, own, NOW)
    crossed = "2026-11-23T23:59:59.500Z"
    put(own, "raw", [line("a", "2026-11-24T11:09:00.000Z", app="night", occurred_at=crossed)])
    # Received first, so it would win if it were the same event.
    put(own, "raw", [line("same", "2026-11-24T11:00:00.000Z", app="third")])
    spark.sql(f"DELETE FROM {tables.table_name(own, 'ingested')}")
    again = run("ingest", spark, own, NOW)
    return Story((first, again, run("ingest", spark, own, NOW)), rows(spark, own), bad_rows(spark, own))


def test_ingest_keeps_each_event_once_when_it_is_in_several_objects_and_is_read_twice(story: Story) -> None:
    first, again, idle = story.reports

    assert first.notes == {**IDLE, "raw": 16, "bad": 8, "unreadable": 8}
    assert again.notes == {**IDLE, "raw": 18, "bad": 8, "unreadable": 8}
    assert idle.notes == IDLE
    assert (first.rows, again.rows, idle.rows) == (10, 11, 11)
    assert ids(story.of("shop")) == ["a", "b", "c"]
    # The copy received first has won.
    assert {row["received_at"].minute for row in story.of("shop")} == {0}


def test_ingest_finds_the_first_copy_when_a_resend_crossed_midnight(story: Story) -> None:
    (row,) = story.of("night")

    # The copy received first has won and moved to its own day.
    assert row["day_text"] == "2026-11-23"


def test_ingest_keeps_apps_apart_when_their_event_ids_are_equal(story: Story) -> None:
    assert [(row["app"], row["event_id"]) for row in story.of("one", "other", "third")] == [
        ("one", "same"), ("other", "same"), ("third", "same"),
    ]  # fmt: skip


def test_ingest_takes_events_of_any_age(story: Story) -> None:
    assert [row["day_text"] for row in story.of("old")] == [moment[:10] for moment in OLD]


def test_ingest_merges_bad_lines_on_their_id(story: Story) -> None:
    first, second = [row for row in story.bad if row["bad_id"] in ("b1", "b2")]

    assert (first["bad_id"], second["bad_id"], second["app"]) == ("b1", "b2", None)
    assert first["errors"] == [{"field": "x", "reason": "must be a number"}]


@pytest.mark.parametrize("zone", [*RAW, *BAD])
def test_ingest_sets_lines_aside_when_they_cannot_be_read(story: Story, zone: Zone) -> None:
    kept = {text[: 16 * 1024] for text in BROKEN[zone]}
    aside = [row for row in story.bad if row["bad_id"] == row["sha256"] and row["text"] in kept]

    assert sorted(row["text"] for row in aside) == sorted(kept)
    assert [row["truncated"] for row in aside] == [False, False, False, True]
    assert {row["received_at"].year for row in aside} == {1970, 2026}
    # The whole line beside them is where it belongs, and nothing else is anywhere.
    assert ids(story.of("whole")) == ["a"]
    assert len(story.bad) == 3 + 2 * len(kept)


def test_ingest_reads_nothing_when_there_is_nothing(spark: SparkSession, own: Settings) -> None:
    assert nothing_new(own, os.environ, NOW)
    assert idle_report(own, os.environ).notes == IDLE

    report = run("ingest", spark, own, NOW)

    assert (report.rows, report.notes) == (0, IDLE)


def test_run_without_spark_knows_what_is_new(spark: SparkSession, own: Settings) -> None:
    put(own, "raw", [line("a")])
    s3_store(own).put("raw/notes.txt", json.dumps({"mine": 1}).encode())
    assert not nothing_new(own, os.environ, NOW)

    assert run("ingest", spark, own, NOW).notes == {**IDLE, "raw": 1}

    assert nothing_new(own, os.environ, NOW)
    assert idle_report(own, os.environ).rows == 1
    # Of a day long ago: maintain looks there.
    put(own, "raw", [line("b", "2026-10-01T12:00:00.000Z")], date(2026, 10, 1))
    assert nothing_new(own, os.environ, NOW)
    assert run("maintain", spark, own, NOW).notes["late objects"] == 1
    assert ids(rows(spark, own)) == ["a", "b"]


def test_line_that_cannot_be_read_is_kept_with_its_object_and_number(spark: SparkSession, own: Settings) -> None:
    good = [line(f"e{number:03}", "2026-11-24T12:00:00.000Z") for number in range(997)]
    texts = sorted([*good, "!first", "{half", "~last"])
    put(own, "raw", texts)
    put(own, "raw", [line(f"f{number}") for number in range(50)])
    put(own, "raw", ["{half", *good[:10]])
    one, two = (entry.key for entry in s3_store(own).list("raw/") if entry.key in holding(own, "{half"))

    notes = run("ingest", spark, own, NOW).notes

    assert (notes["raw"], notes["unreadable"]) == (1061, 4)
    found = {row["text"]: (row["object"], row["line"]) for row in bad_rows(spark, own)}
    places = {key: lines_in(own, key) for key in (one, two)}
    assert set(found) == {"!first", "{half", "~last"}
    for text, (key, number) in found.items():
        assert places[key][number - 1] == text
    # Of equal lines in two objects the least place stays.
    assert found["{half"][0] == min(one, two)
    assert {number for key, number in found.values() if len(places[key]) == 1000} >= {1, 1000}


def lines_in(settings: Settings, key: str) -> list[str]:
    return gzip.decompress(s3_store(settings).get(key)).decode().splitlines()


def holding(settings: Settings, text: str) -> set[str]:
    keys = [entry.key for entry in s3_store(settings).list("raw/")]
    return {key for key in keys if text in lines_in(settings, key)}


def test_lines_of_older_and_newer_versions_are_read(spark: SparkSession, own: Settings) -> None:
    newer = line("newer", future={"deep": [1]}, view={"vw": 1280, "zoom": 2}, x="no number")
    older = json.dumps({name: value for name, value in json.loads(line("older")).items() if name not in LATER_FIELDS})
    put(own, "raw", [newer, older])

    assert run("ingest", spark, own, NOW).notes == {**IDLE, "raw": 2}

    first, second = tables.read(spark, own, "events").orderBy("event_id").collect()
    assert (first["event_id"], first["view"]["vw"], first["x"], first["y"]) == ("newer", 1280, None, 20)
    assert (second["event_id"], second["view"], second["consent"], second["x"]) == ("older", None, None, 10)


LATER_FIELDS = ("view", "consent", "element", "pack_id")
