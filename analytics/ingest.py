"""Raw and bad objects into the tables ``events`` and ``bad_events``, each event once.

Structured Streaming reads each new object once; its checkpoint saves time, never rows: whatever is read again merges
into the same rows. Source: docs/tables.md, "How events come in".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 (the name every Spark reader knows)

from analytics import schema, tables
from logdig.keys import Zone
from logdig.settings import Settings

FILES_A_BATCH = 500
"""Objects read at once, at most 16 MiB of text each: bounds memory at any backlog."""

ORDER = ("received_at", "line_hash")


def parse(lines: DataFrame) -> DataFrame:
    """Read raw lines once, for `events` and `unreadable`.

    Input:  column value string: stored lines.
    Output: readable boolean, e struct of schema.RAW_LINE, line_hash long, value string only where it is unreadable.
    """
    read = lines.select("value", F.from_json("value", schema.RAW_LINE).alias("e")).withColumn(
        "readable", _is_readable()
    )
    kept = F.when(~F.col("readable"), F.col("value")).alias("value")
    return read.select("readable", "e", F.xxhash64("value").alias("line_hash"), kept)


def events(parsed: DataFrame) -> DataFrame:
    """Take the readable lines as events, one row per (app, event_id).

    Input:  output of `parse`.
    Output: columns of schema.EVENTS; of several copies the least (received_at, line_hash).
    """
    columns = [_time(name) if name in schema.TIMES else F.col(f"e.{name}") for name in schema.RAW_COLUMNS]
    typed = parsed.where("readable").select(*columns, "line_hash")
    return _least(typed.withColumn("day", F.to_date("occurred_at")), ["app", "event_id"])


def unreadable(parsed: DataFrame) -> DataFrame:
    """Turn lines that are no events into rows of ``bad_events``, so that nothing disappears.

    Input:  output of `parse`.
    Output: columns of schema.BAD_EVENTS.
    """
    errors = F.array(F.struct(F.lit("").alias("field"), F.lit("raw line cannot be read").alias("reason")))
    size = F.octet_length("value").cast("long")
    return (
        parsed.where("NOT readable")
        .select(
            F.coalesce(F.expr("try_cast(e.received_at AS TIMESTAMP)"), F.lit("1970-01-01").cast("timestamp")).alias(
                "received_at"
            ),
            F.sha2("value", 256).alias("bad_id"),
            F.col("e.app").alias("app"),
            errors.alias("errors"),
            F.substring("value", 1, 16 * 1024).alias("text"),
            size.alias("bytes"),
            F.sha2("value", 256).alias("sha256"),
            (size > 16 * 1024).alias("truncated"),
            F.col("e.pack_id").alias("pack_id"),
            "line_hash",
        )
        .transform(_bad_days)
    )


def bad_events(lines: DataFrame) -> DataFrame:
    """Read bad lines, one row per ``bad_id``.

    Input:  column value string: stored lines of the bad zone.
    Output: columns of schema.BAD_EVENTS.
    """
    parsed = lines.select("value", F.from_json("value", schema.BAD_LINE).alias("e")).where("e.bad_id IS NOT NULL")
    columns = [_time(name) if name == "received_at" else F.col(f"e.{name}") for name in schema.BAD_COLUMNS]
    return parsed.select(*columns, F.xxhash64("value").alias("line_hash")).transform(_bad_days)


def _bad_days(rows: DataFrame) -> DataFrame:
    return _least(rows.withColumn("day", F.to_date("received_at")), ["bad_id"])


def _is_readable() -> Column:
    needed = ["e.app", "e.event_id", "e.type"]
    times = ["e.received_at", "e.occurred_at"]
    return F.expr(
        " AND ".join(
            [f"{name} IS NOT NULL" for name in needed]
            + [f"try_cast({name} AS TIMESTAMP) IS NOT NULL" for name in times]
        )
    )


def _time(name: str) -> Column:
    return F.expr(f"try_cast(upper(e.{name}) AS TIMESTAMP)").alias(name)


def _least(rows: DataFrame, keys: list[str]) -> DataFrame:
    """Keep one row a key: the least (received_at, line_hash)."""
    place = F.row_number().over(Window.partitionBy(*keys).orderBy(*ORDER))
    return rows.withColumn("place", place).where("place = 1").drop("place")


def days_around(days: list[date]) -> list[date]:
    """The days of a batch and their neighbours: a resend after a clock's correction may cross midnight."""
    near = {day + timedelta(days=shift) for day in days for shift in (-1, 0, 1)}
    return sorted(near)


def ingest(spark: SparkSession, settings: Settings, zones: dict[Zone, bool]) -> dict[str, int]:
    """Merge everything new into the tables; return lines read by zone and how many could not be read.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        zones: Whether each zone has objects; a zone without has nothing to read.
    """
    counts = {"raw": 0, "bad": 0, "unreadable": 0}
    for name in ("events", "bad_events"):
        tables.ensure_table(spark, settings, name)

    def merge_raw(lines: DataFrame, _batch: int) -> None:
        parsed = parse(lines).localCheckpoint()
        found = {row["readable"]: row["count"] for row in parsed.groupBy("readable").count().collect()}
        counts["raw"] += sum(found.values())
        counts["unreadable"] += found.get(False, 0)
        if found.get(True):
            rows = events(parsed).localCheckpoint()
            days = [row["day"] for row in rows.select("day").distinct().collect()]
            tables.merge(spark, settings, "events", rows, ["app", "event_id"], ORDER, days_around(days))
        if found.get(False):
            lost = unreadable(parsed).localCheckpoint()
            tables.merge(spark, settings, "bad_events", lost, ["bad_id"], ORDER)

    def merge_bad(lines: DataFrame, _batch: int) -> None:
        counts["bad"] += lines.count()
        rows = bad_events(lines).localCheckpoint()
        if not rows.isEmpty():
            tables.merge(spark, settings, "bad_events", rows, ["bad_id"], ORDER)

    for zone, merge_zone in (("raw", merge_raw), ("bad", merge_bad)):
        if zones[zone]:  # type: ignore[index]
            _stream(spark, settings, zone, merge_zone)
    return counts


def _stream(spark: SparkSession, settings: Settings, zone: str, each: Callable[[DataFrame, int], None]) -> None:
    bucket = f"s3a://{settings.bucket_name}"
    lines = (
        spark.readStream.schema("value STRING, dt STRING")
        .option("maxFilesPerTrigger", FILES_A_BATCH)
        .format("text")
        .load(f"{bucket}/{zone}/")
        .select("value")
    )
    query = (
        lines.writeStream.foreachBatch(each)
        .option("checkpointLocation", f"{bucket}/checkpoints/ingest-{zone}")
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
