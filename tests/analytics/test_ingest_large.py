"""Many days and many apps at once, and a lake of the version before."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.ingest import ingest_job, nothing_new
from analytics.lake import maintenance
from analytics.lake.line_rows import events, parse_raw
from analytics.lake.objects import read_keys
from analytics.lake.touched import read_touches
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.marts.progress import Touch
from logdig.marts.reader import Marts
from tests.analytics.objects import DAY, line, put
from tests.conftest import FULL

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAYS, APPS = (3650, 200) if FULL else (120, 40)
LEAP = "2026-11-24T23:59:60.5Z"
"""A time that the collector takes and Spark cannot read."""


def test_ten_years_in_one_file_and_two_hundred_apps_in_one_batch_are_read_in_little_memory(
    spark: SparkSession, own: Settings
) -> None:
    days = [DAY - timedelta(days=number) for number in range(DAYS)]
    put(own, "raw", [old_line(f"old-{day}", day) for day in days])
    put(own, "raw", [line(f"e{number}", app=f"app-{number}") for number in range(APPS)])
    # Copies of some of them in the same batch and in the next one.
    put(own, "raw", [old_line(f"old-{day}", day, "2026-11-24T12:05:00.000Z") for day in days[::50]])

    ingest_job(spark, own, NOW)
    put(own, "raw", [old_line(f"old-{day}", day, "2026-11-24T12:06:00.000Z") for day in days[::70]])
    ingest_job(spark, own, NOW)

    rows = tables.read(spark, own, "events")
    assert rows.count() == rows.select("app", "event_id").distinct().count() == DAYS + APPS
    assert rows.where("minute(received_at) > 0").count() == 0
    noted = {(touch.app, touch.day) for touch in read_touches(spark, own) if touch.seq == 1}
    assert noted == {("shop", day) for day in days} | {(f"app-{number}", DAY) for number in range(APPS)}
    assert maintenance.recheck_ids(spark, own, NOW) == 0


def old_line(event_id: str, day: date, received: str = "2026-11-24T12:00:00.000Z") -> str:
    moment = f"{day}T11:00:00.000Z"
    return line(event_id, received, occurred_at=moment, timestamp=moment)


def test_lake_of_the_version_before_is_brought_up_without_reading_its_objects_again(
    spark: SparkSession, own: Settings
) -> None:
    jumped = line("jumped", occurred_at="2026-11-20T00:00:00.000Z")
    untimed = line("untimed", timestamp=LEAP)
    make_lake_before(spark, own, [line("near"), jumped, untimed, line("near", app="other")])
    assert nothing_new(own, os.environ, NOW)

    # Copies of each old row, by clocks that have changed meanwhile.
    put(own, "raw", [
        line("near", "2026-11-24T12:10:00.000Z", occurred_at="2026-11-22T00:00:00.000Z"),
        line("jumped", "2026-11-24T12:10:00.000Z"),
        line("untimed", "2026-11-24T12:10:00.000Z", timestamp=LEAP, occurred_at="2026-11-23T01:00:00.000Z"),
        line("new"),
    ])  # fmt: skip
    report = ingest_job(spark, own, NOW)

    assert report.notes["raw"] == 4
    found = tables.read(spark, own, "events").orderBy("app", "event_id").collect()
    assert [(row["app"], row["event_id"], row["skewed"], row["received_at"].minute) for row in found] == [
        ("other", "near", None, 0), ("shop", "jumped", True, 0), ("shop", "near", None, 0), ("shop", "new", False, 0),
        ("shop", "untimed", True, 0),
    ]  # fmt: skip
    assert read_keys(s3_store(own), Marts(own, os.environ)) == {entry.key for entry in s3_store(own).list("raw/")}
    assert list(s3_store(own).list("checkpoints/")) == []
    touches = read_touches(spark, own)
    # The rows that were marked as skewed count twice, as they were and as they are.
    assert {touch for touch in touches if touch.seq == 1} == {
        Touch(1, "shop", DAY, 3, DAY), Touch(1, "shop", date(2026, 11, 20), 2, DAY), Touch(1, "other", DAY, 1, DAY),
    }  # fmt: skip
    partitions = spark.sql(f"DESCRIBE TABLE {tables.table_name(own, 'events')}").collect()
    assert [row["col_name"] for row in partitions if row["col_name"] == "skewed"] == ["skewed", "skewed"]
    assert maintenance.recheck_ids(spark, own, NOW) == 0


def make_lake_before(spark: SparkSession, own: Settings, lines: list[str]) -> None:
    """Rows as the version before stored them, and what it noted as read in checkpoints of Structured Streaming."""
    put(own, "raw", lines)
    [entry] = s3_store(own).list("raw/")
    rows = events(parse_raw(tables.small_frame(spark, tables.LINE, [(text,) for text in lines]))).drop("skewed")
    full = tables.table_name(own, "events")
    rows.writeTo(full).using("iceberg").partitionedBy(F.col("app"), F.col("day")).tableProperty(
        "logdig.schema", "1"
    ).tableProperty("format-version", "2").tableProperty("write.update.mode", "merge-on-read").create()
    folder, path = "checkpoints/ingest-raw", f"s3a://{own.bucket_name}/{entry.key}"
    log = [{"path": path, "timestamp": 1, "batchId": 0}, {"path": f"{path}x", "timestamp": 1, "batchId": 1}]
    store = s3_store(own)
    store.put(f"{folder}/sources/0/0", "\n".join(["v1", json.dumps(log[0])]).encode())
    store.put(f"{folder}/sources/0/1", "\n".join(["v1", json.dumps(log[1])]).encode())
    store.put(f"{folder}/commits/0", b"v1\n{}")
