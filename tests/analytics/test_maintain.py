"""Upkeep removes what is too much, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import boto3
import msgspec
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.jobs.maintain import maintain_job
from analytics.lake import maintenance
from analytics.lake.line_rows import events, parse_raw
from analytics.lake.touched import read_touches
from logdig.config.retention import RetentionSettings
from logdig.config.settings import Settings
from logdig.times import wire_time
from tests.analytics.emulator import AGED
from tests.analytics.objects import DAY, line, put

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


def ids(spark: SparkSession, own: Settings) -> list[str]:
    return sorted(row["event_id"] for row in tables.read(spark, own, "events").collect())


def test_copies_that_were_written_beside_ingest_are_removed_and_told_loudly(
    spark: SparkSession, own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    jumped = line("e1", "2026-11-24T12:30:00.000Z", occurred_at="2026-11-17T00:00:00.000Z")
    put(own, "raw", [line("e1"), line("e2")])
    put(own, "raw", [jumped])
    ingest_job(spark, own, NOW)
    assert maintain_job(spark, own, NOW).notes["doubled_rows"] == 0
    assert "doubled_rows" not in maintain_job(spark, own, NOW + timedelta(days=6)).notes
    for copy in (line("e1"), jumped):
        rows = events(parse_raw(tables.small_frame(spark, tables.LINE, [(copy,)])))
        tables.append(spark, own, "events", rows)
    assert ids(spark, own) == ["e1", "e1", "e1", "e2"]
    assert caplog.text == ""

    report = maintain_job(spark, own, NOW + timedelta(days=7))

    assert report.notes["doubled_rows"] == 2
    assert "held 2 rows twice" in caplog.text
    assert ids(spark, own) == ["e1", "e2"]
    [kept] = tables.read(spark, own, "events").where("event_id = 'e1'").collect()
    assert str(kept["day"]) == "2026-11-24"
    last = max(touch.seq for touch in read_touches(spark, own))
    days = {(touch.app, str(touch.day), touch.rows) for touch in read_touches(spark, own) if touch.seq == last}
    assert days == {("shop", "2026-11-17", 0), ("shop", "2026-11-24", 0)}


def test_rows_past_their_retention_go_by_arrival(spark: SparkSession, own: Settings) -> None:
    # Recorded years ago, it came today.
    put(own, "raw", [line("recorded", occurred_at="2016-11-24T00:00:00.000Z"), line("old", "2026-11-22T12:00:00.000Z")])
    ingest_job(spark, own, NOW)

    report = maintain_job(spark, msgspec.structs.replace(own, retention=RetentionSettings(raw_days=2)), NOW)

    assert ids(spark, own) == ["recorded"]
    assert report.notes["rows expired"] == 1


def test_line_without_a_time_stays_as_long_as_its_object(spark: SparkSession, own: Settings) -> None:
    put(own, "raw", ["no line", line("e1")])
    ingest_job(spark, own, NOW)
    short = msgspec.structs.replace(own, retention=RetentionSettings(bad_days=2))

    early = maintenance.expire_rows(spark, short, DAY + timedelta(days=1))
    stayed = [row["text"] for row in tables.read(spark, own, "bad_events").collect()]
    late = maintenance.expire_rows(spark, short, DAY + timedelta(days=2))

    assert (early["bad_events"], stayed, late["bad_events"]) == (0, ["no line"], 1)


def test_small_files_old_snapshots_and_old_orphans_go_and_every_row_stays(spark: SparkSession, own: Settings) -> None:
    today = datetime.now(UTC)
    put(own, "raw", [line(f"e{number}", wire_time(today)) for number in range(20)])
    ingest_job(spark, own, today)
    full = tables.table_name(own, "events")
    first = tables.staged(spark.table(full))
    for number in range(maintenance.SMALL_FILES_LEAST):
        # As another ingest: a small file more, and a snapshot.
        first.withColumn("event_id", F.concat("event_id", F.lit(f"-{number}"))).writeTo(full).append()
    before = sorted(map(str, spark.table(full).collect()))
    files = data_files(spark, full)
    s3, address = boto3.client("s3"), urlsplit(files[0])
    folder = address.path[1:].rsplit("/", 1)[0]
    for name in (f"{AGED}.parquet", "young.parquet"):
        s3.put_object(Bucket=address.netloc, Key=f"{folder}/{name}", Body=b"left by a writer that died")

    report = maintain_job(spark, own, today + timedelta(days=own.retention.snapshot_days + 1))

    assert sorted(map(str, spark.table(full).collect())) == before
    assert report.notes["files compacted"] == len(files) > len(data_files(spark, full)) == 1
    listed = s3.list_objects_v2(Bucket=address.netloc, Prefix=f"{folder}/")["Contents"]
    assert {f"s3://{address.netloc}/{entry['Key']}" for entry in listed} == {
        *data_files(spark, full),
        f"s3://{address.netloc}/{folder}/young.parquet",
    }
    assert spark.table(f"{full}.snapshots").count() == 1


def data_files(spark: SparkSession, full: str) -> list[str]:
    return [row["file_path"] for row in spark.table(f"{full}.files").collect()]
