"""Live numbers by Structured Streaming: new raw objects into the slots of `live_stats`, without ingest.

The rows are those of the mart's own transform, whose sets of ids are the stream's state. Each start takes the objects
that came since the last one and ends (``availableNow``). The checkpoint holds which objects were read and the sets of
the slots that the watermark has not closed: what a run had not finished is done again, and since a slot's row is
written whole, by its keys, nothing is lost or counted twice. An event that comes more than LATE after the newest is
left to the mart, which ingest brings up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics.lake.line_rows import copies, parse_raw
from analytics.marts.live_stats import live_stats
from analytics.marts.site import Site

LATE = "30 minutes"
"""Watermark: of event time, behind the newest event that an earlier batch held."""
FILES_A_BATCH = 200
"""About 3 GB of text at most."""
WRITTEN = timedelta(hours=2)
"""Slots that began so long ago are written; older ones are the mart's, which has read all of their events."""


def raw_paths(bucket: str, now: datetime) -> str:
    """Folders of yesterday and today as one pattern; naming two keeps the listing of all of raw away."""
    days: Sequence[date] = (now.date() - timedelta(days=1), now.date())
    return f"s3a://{bucket}/raw/dt={{{','.join(day.isoformat() for day in days)}}}"


def run(
    spark: SparkSession,
    path: str,
    checkpoint: str,
    site: Site,
    now: datetime,
    write: Callable[[DataFrame], None],
) -> int:
    """Take what is new, and end.

    Args:
        spark: Session.
        path: Folders of raw objects, see `raw_paths`.
        checkpoint: Folder of the stream's own; nothing else may use it.
        site: Time zones of the apps.
        now: Present, UTC.
        write: Merges rows of `live_stats` by their keys; called with those that changed.
    Returns:
        Batches that held an event.
    Raises:
        StreamingQueryException: A batch failed; the next run repeats it.
    """
    lines = spark.readStream.schema("value string").option("maxFilesPerTrigger", FILES_A_BATCH).text(path)
    events = copies(parse_raw(lines)).withWatermark("occurred_at", LATE)
    since = now - WRITTEN

    def on_batch(rows: DataFrame, _number: int) -> None:
        write(rows.where(F.col("slot_at") >= F.lit(since)))

    query = (
        live_stats(events, site)
        .writeStream.outputMode("update")
        .foreachBatch(on_batch)
        .option("checkpointLocation", checkpoint)
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    return sum(progress["numInputRows"] > 0 for progress in query.recentProgress)
