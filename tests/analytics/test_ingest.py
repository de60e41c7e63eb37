"""Each event is once in the tables, whatever comes twice, late, broken, or in another order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.registry import run
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


@pytest.fixture(autouse=True)
def empty_lake(spark: SparkSession, lake: Settings) -> None:
    forget(lake, "raw/", "bad/", "checkpoints/")
    for name in ("events", "bad_events"):
        spark.sql(f"DELETE FROM {tables.ensure_table(spark, lake, name)}")


def rows(spark: SparkSession, lake: Settings) -> list[tuple[Any, ...]]:
    found = tables.read(spark, lake, "events").select("event_id", "received_at", "pack_id", "link").collect()
    return sorted((row["event_id"], row["received_at"].isoformat(), row["pack_id"], row["link"]) for row in found)


def bad_rows(spark: SparkSession, lake: Settings) -> list[dict[str, Any]]:
    found = tables.read(spark, lake, "bad_events").orderBy("bytes").collect()
    return [row.asDict(recursive=True) for row in found]


def test_ingest_keeps_each_event_once_when_it_is_in_several_objects_and_runs_twice(
    spark: SparkSession, lake: Settings
) -> None:
    put(lake, "raw", [line("a"), line("b"), line("b", pack_id="p2")])
    put(lake, "raw", [line("b", "2026-11-24T12:05:00.000Z"), line("c")])

    first = run("ingest", spark, lake, NOW)
    second = run("ingest", spark, lake, NOW)

    assert (first.rows, second.rows) == (3, 3)
    assert (first.notes["raw"], second.notes["raw"]) == (5, 0)
    assert [row[0] for row in rows(spark, lake)] == ["a", "b", "c"]


def test_ingest_goes_on_when_a_killed_first_run_left_a_file_in_its_checkpoint(
    spark: SparkSession, lake: Settings
) -> None:
    put(lake, "raw", [line("a"), line("b")])
    s3_store(lake).put(f"{checkpoint('raw')}/offsets/.0.left-behind.tmp", b"half")

    first, second = ingest(spark, lake, RAW), ingest(spark, lake, RAW)

    assert (first["raw"], second["raw"]) == (2, 0)
    assert [row[0] for row in rows(spark, lake)] == ["a", "b"]


def test_ingest_finds_the_first_copy_when_a_resend_crossed_midnight(spark: SparkSession, lake: Settings) -> None:
    put(lake, "raw", [line("a", occurred_at="2026-11-24T00:00:00.500Z")])
    ingest(spark, lake, RAW)
    put(lake, "raw", [line("a", "2026-11-24T11:09:00.000Z", occurred_at="2026-11-23T23:59:59.500Z")])

    ingest(spark, lake, RAW)

    (row,) = tables.read(spark, lake, "events").collect()
    # The copy received first has won and moved to its own day.
    assert row["day"].isoformat() == "2026-11-23"


def test_ingest_keeps_apps_apart_when_their_event_ids_are_equal(spark: SparkSession, lake: Settings) -> None:
    put(lake, "raw", [line("a"), line("a", app="other")])
    ingest(spark, lake, RAW)
    # Received first, so it would win if it were the same event.
    put(lake, "raw", [line("a", "2026-11-24T11:00:00.000Z", app="third")])

    ingest(spark, lake, RAW)

    found = tables.read(spark, lake, "events").orderBy("app").collect()
    assert [row["app"] for row in found] == ["other", "shop", "third"]


def test_ingest_takes_events_of_any_age(spark: SparkSession, lake: Settings) -> None:
    old = ["0001-01-01T00:00:00.000Z", "1582-10-10T12:00:00.000Z", "1969-12-31T23:59:59.999Z"]
    put(lake, "raw", [line(f"e{index}", occurred_at=moment) for index, moment in enumerate(old)])

    ingest(spark, lake, RAW)
    forget(lake, "checkpoints/")
    ingest(spark, lake, RAW)

    found = tables.read(spark, lake, "events").orderBy("event_id").selectExpr("CAST(day AS STRING)").collect()
    assert [row["day"] for row in found] == [moment[:10] for moment in old]


def test_ingest_merges_bad_lines_on_their_id(spark: SparkSession, lake: Settings) -> None:
    put(lake, "bad", [bad_line("b1")])
    put(lake, "bad", [bad_line("b1", pack_id="p2"), bad_line("b2", app=None, bytes=3)])

    counts = ingest(spark, lake, BAD)
    forget(lake, "checkpoints/")
    ingest(spark, lake, BAD)

    assert counts == {"raw": 0, "bad": 3, "unreadable": 0}
    first, second = bad_rows(spark, lake)
    assert (first["bad_id"], second["bad_id"], second["app"]) == ("b1", "b2", None)
    assert first["errors"] == [{"field": "x", "reason": "must be a number"}]


@pytest.mark.parametrize("zone, whole", [("raw", line("a")), ("bad", bad_line("b1", bytes=10_000))])
def test_ingest_sets_lines_aside_when_they_cannot_be_read(
    spark: SparkSession, lake: Settings, zone: Zone, whole: str
) -> None:
    broken: Iterable[str] = (
        "no JSON",
        whole[:-1],
        '{"received_at":"2026-11-24T12:00:00.000Z","app":"shop","bytes":1}',
        "[" + "1," * 9000 + "1]",
    )
    put(lake, zone, [whole, *broken])

    counts = ingest(spark, lake, (zone,))
    forget(lake, "checkpoints/")
    ingest(spark, lake, (zone,))

    assert counts == {"raw": 0, "bad": 0, "unreadable": 4} | {zone: 5}
    assert tables.read(spark, lake, "events").count() == (zone == "raw")
    aside = [row for row in bad_rows(spark, lake) if row["bad_id"] == row["sha256"]]
    assert sorted(row["text"] for row in aside) == sorted(text[: 16 * 1024] for text in broken)
    assert [row["truncated"] for row in aside] == [False, False, False, True]
    assert {row["received_at"].year for row in aside} == {1970, 2026}


def test_ingest_reads_nothing_when_there_is_nothing(spark: SparkSession, lake: Settings) -> None:
    report = run("ingest", spark, lake, NOW)

    assert (report.rows, report.notes) == (0, {"raw": 0, "bad": 0, "unreadable": 0})


def test_ingest_reads_the_rest_later_when_a_batch_failed(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, "raw", [line("a"), line("b")])

    def refuse(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(tables, "merge", refuse)
        with pytest.raises(Exception, match="no room"):
            ingest(spark, lake, RAW)
    counts = ingest(spark, lake, RAW)

    assert (counts["raw"], len(rows(spark, lake))) == (2, 2)


def test_ingest_reads_only_objects_of_the_flush(spark: SparkSession, lake: Settings) -> None:
    put(lake, "raw", [line("a")])
    s3_store(lake).put("raw/notes.txt", json.dumps({"mine": 1}).encode())

    counts = ingest(spark, lake, RAW)

    assert counts == {"raw": 1, "bad": 0, "unreadable": 0}


def test_ingest_goes_on_when_an_object_of_a_failed_run_is_gone(spark: SparkSession, lake: Settings) -> None:
    put(lake, "raw", [line("a")])
    damaged = f"raw/dt=2026-11-24/{'0' * 64}{SUFFIX}"
    s3_store(lake).put(damaged, b"no gzip")

    with pytest.raises((Py4JJavaError, PySparkException)) as failed:
        ingest(spark, lake, RAW)
    forget(lake, damaged)
    put(lake, "raw", [line("b")])
    ingest(spark, lake, RAW)

    assert damaged in reason_of(failed.value)
    assert "logdig verify" in reason_of(failed.value)
    assert [row[0] for row in rows(spark, lake)] == ["a", "b"]
