"""Each event is once in the tables, whatever comes twice, late, broken, or in another order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.registry import run
from analytics.jobs.report import JobReport
from analytics.lake.ingest import checkpoint, ingest
from cli.commands.jobs import reason_of
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.store.keys import SUFFIX, Zone
from tests.analytics.objects import bad_line, forget, line, put

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RAW: tuple[Zone, ...] = ("raw",)
BAD: tuple[Zone, ...] = ("bad",)


@pytest.fixture
def empty(spark: SparkSession, lake: Settings) -> Settings:
    """Settings of a lake without objects and rows."""
    forget(lake, "raw/", "bad/", "checkpoints/")
    for name in ("events", "bad_events"):
        spark.sql(f"DELETE FROM {tables.ensure_table(spark, lake, name)}")
    return lake


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
    """What three runs found: the first objects; all of them and later ones, without a checkpoint; nothing new."""

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
    forget(own, "checkpoints/")
    again = run("ingest", spark, own, NOW)
    return Story((first, again, run("ingest", spark, own, NOW)), rows(spark, own), bad_rows(spark, own))


def test_ingest_keeps_each_event_once_when_it_is_in_several_objects_and_is_read_twice(story: Story) -> None:
    first, again, idle = story.reports

    assert first.notes == {"raw": 16, "bad": 8, "unreadable": 8}
    assert again.notes == {"raw": 18, "bad": 8, "unreadable": 8}
    assert idle.notes == {"raw": 0, "bad": 0, "unreadable": 0}
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


def test_ingest_goes_on_when_a_killed_first_run_left_a_file_in_its_checkpoint(
    spark: SparkSession, empty: Settings
) -> None:
    put(empty, "raw", [line("a"), line("b")])
    s3_store(empty).put(f"{checkpoint('raw')}/offsets/.0.left-behind.tmp", b"half")

    first, second = ingest(spark, empty, RAW), ingest(spark, empty, RAW)

    assert (first["raw"], second["raw"]) == (2, 0)
    assert ids(rows(spark, empty)) == ["a", "b"]


def test_ingest_reads_nothing_when_there_is_nothing(spark: SparkSession, empty: Settings) -> None:
    report = run("ingest", spark, empty, NOW)

    assert (report.rows, report.notes) == (0, {"raw": 0, "bad": 0, "unreadable": 0})


def test_ingest_reads_the_rest_later_when_a_batch_failed(
    spark: SparkSession, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(empty, "raw", [line("a"), line("b")])

    def refuse(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(tables, "merge", refuse)
        with pytest.raises(Exception, match="no room"):
            ingest(spark, empty, RAW)
    counts = ingest(spark, empty, RAW)

    assert (counts["raw"], len(rows(spark, empty))) == (2, 2)


def test_ingest_reads_only_objects_of_the_flush(spark: SparkSession, empty: Settings) -> None:
    put(empty, "raw", [line("a")])
    s3_store(empty).put("raw/notes.txt", json.dumps({"mine": 1}).encode())

    counts = ingest(spark, empty, RAW)

    assert counts == {"raw": 1, "bad": 0, "unreadable": 0}


def test_ingest_goes_on_when_an_object_of_a_failed_run_is_gone(spark: SparkSession, empty: Settings) -> None:
    put(empty, "raw", [line("a")])
    damaged = f"raw/dt=2026-11-24/{'0' * 64}{SUFFIX}"
    s3_store(empty).put(damaged, b"no gzip")

    with pytest.raises((Py4JJavaError, PySparkException)) as failed:
        ingest(spark, empty, RAW)
    forget(empty, damaged)
    put(empty, "raw", [line("b")])
    ingest(spark, empty, RAW)

    assert damaged in reason_of(failed.value)
    assert "logdig verify" in reason_of(failed.value)
    assert ids(rows(spark, empty)) == ["a", "b"]
