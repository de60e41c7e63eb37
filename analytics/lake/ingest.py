"""Raw and bad objects into the tables ``events`` and ``bad_events``, each event once.

Structured Streaming reads each new object once; its checkpoint saves time, never rows: whatever is read again merges
into the same rows. Source: docs/tables.md, "How events come in".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.lake.line_rows import ORDER, bad_events, events, parse_bad, parse_raw, unreadable
from logdig.config.settings import Settings
from logdig.store.keys import SUFFIX, Zone

FILES_A_BATCH = 100
"""Objects read at once, at most 16 MiB of text each: bounds a batch to 1.6 GiB at any backlog."""

WINS = "struct({}) < struct({})".format(*(", ".join(f"{side}.{name}" for name in ORDER) for side in "st"))
"""The least copy of an event stays, so that the order of arrival changes nothing."""


def ingest(spark: SparkSession, settings: Settings, zones: Iterable[Zone]) -> dict[str, int]:
    """Merge everything new into the tables; return lines read by zone and how many of them could not be read.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        zones: Zones that hold objects; one without has no folder to read.
    """
    counts = {"raw": 0, "bad": 0, "unreadable": 0}
    for name in ("events", "bad_events"):
        tables.ensure_table(spark, settings, name)
    for zone in zones:
        _stream(spark, settings, zone, partial(_merge_batch, settings, zone, counts))
    return counts


def _merge_batch(settings: Settings, zone: Zone, counts: dict[str, int], lines: DataFrame) -> None:
    """Merge the lines of one batch and add to the counts."""
    counted = Observation()
    parsed = (parse_raw if zone == "raw" else parse_bad)(lines).observe(
        counted, F.count(F.lit(1)).alias("lines"), F.count_if(~F.col("readable")).alias("unreadable")
    )
    if zone == "raw":
        rows = tables.staged(events(parsed))
        _merge(settings, "events", rows, ["app", "event_id"])
    else:
        rows = tables.staged(bad_events(parsed))
        _merge(settings, "bad_events", rows, ["bad_id"])
    if counted.get["unreadable"]:
        _merge(settings, "bad_events", tables.staged(unreadable(parsed)), ["bad_id"])
    # Counted last: a batch that failed is read again.
    counts[zone] += counted.get["lines"]
    counts["unreadable"] += counted.get["unreadable"]


def _merge(settings: Settings, name: str, rows: DataFrame, keys: list[str]) -> None:
    days = [row["day"] for row in rows.select("day").distinct().collect()]
    if days:
        tables.merge(settings, name, rows, keys=keys, wins=WINS, days=days_around(days))


def days_around(days: Iterable[date]) -> list[date]:
    """The days of a batch and their neighbours: a resend after a clock's correction may cross midnight."""
    shifts = [timedelta(days=shift) for shift in (-1, 0, 1)]
    # A signed sender may send any time, and before the year 1 there is no day.
    near = {day + shift for day in days for shift in shifts if date.min - day <= shift <= date.max - day}
    return sorted(near)


def checkpoint(zone: Zone) -> str:
    """Folder of the bucket in which ingest notes what it has read of a zone."""
    return f"checkpoints/ingest-{zone}"


def _stream(spark: SparkSession, settings: Settings, zone: Zone, each: Callable[[DataFrame], None]) -> None:
    """Hand every object that the checkpoint does not know to ``each``, batch by batch, as lines ``value``."""
    bucket = f"s3a://{settings.bucket_name}"
    lines = (
        spark.readStream.schema("value STRING")
        .option("maxFilesPerTrigger", FILES_A_BATCH)
        .option("recursiveFileLookup", "true")
        .option("pathGlobFilter", f"*{SUFFIX}")
        # A batch that failed is planned again; what was erased or moved away in between would fail it for ever.
        .option("ignoreMissingFiles", "true")
        .option("lineSep", "\n")
        .format("text")
        .load(f"{bucket}/{zone}/")
    )
    query = (
        lines.writeStream.foreachBatch(lambda batch, _number: each(batch))
        .option("checkpointLocation", f"{bucket}/{checkpoint(zone)}")
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
