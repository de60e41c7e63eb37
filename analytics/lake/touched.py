"""What each write to ``events`` changes, noted in table ``touched`` before it is written; marts compute those days.

A lake of a version without this table has events that nobody noted: its first note is of all of them, told by the
manifests.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from analytics import tables
from analytics.lake.day_tables import at_snapshot, newest_snapshot
from analytics.schema.columns import table_columns
from analytics.schema.frames import fit, require_columns
from logdig.config.settings import Settings
from logdig.marts import notes
from logdig.marts.progress import Touch

FIRST_SEQ = 1
"""Of the first note; in a lake of an older version that of everything that was there."""
FIRST_WORK = "first note of what was there"
FOLDED = "earlier notes, put together"
ROWS_MOST = 2**31 - 1
COLUMNS = ("app", "day", "rows", "first_received")
NOTED = StructType([table_columns("touched")[name] for name in COLUMNS])


def note(spark: SparkSession, settings: Settings, touches: Iterable[Touch], now: datetime, work: str) -> int:
    """Note what a write is about to change; call it before the write, and again when the write is tried again.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        touches: What changes; their ``seq`` is not looked at. App None = every app, day None = every day of the app.
            A row that moves touches its old and its new day.
        now: Present, UTC.
        work: Job or command that writes, for people.
    Returns:
        Number of the note: greatest + 1. Without touches nothing is noted, and it is the greatest.
    Raises:
        LeaseLostError: The lease that this run holds is another's.
    """
    rows = [(touch.app, touch.day, touch.rows, touch.first_received) for touch in touches]
    if not rows:
        return _greatest(spark, settings)
    return note_rows(spark, settings, tables.small_frame(spark, NOTED, rows), now, work)


def note_rows(spark: SparkSession, settings: Settings, rows: DataFrame, now: datetime, work: str) -> int:
    """Note as `note` does, from a frame with columns COLUMNS, which may be of any size.

    Raises:
        MissingColumnError: Before any Spark job starts.
        LeaseLostError: See `note`.
    """
    require_columns(rows, COLUMNS)
    full = tables.ensure_table(spark, settings, "touched")
    if _greatest(spark, settings) == 0:
        before = existing(spark, settings)
        tables.with_retry(lambda: _numbered(before, FIRST_SEQ, now, FIRST_WORK).writeTo(full).append())
    seqs = []

    def append() -> None:
        # Taken anew by each try: a number that another run has taken meanwhile would hide this note.
        seqs.append(_greatest(spark, settings) + 1)
        _numbered(rows, seqs[-1], now, work).writeTo(full).append()

    tables.with_retry(append)
    return seqs[-1]


def note_deletion(spark: SparkSession, settings: Settings, rows: DataFrame, now: datetime, work: str) -> int:
    """Note that rows of ``events`` will be deleted; see `note`.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        rows: Those rows, or their columns ``app`` and ``day``.
        now: Present, UTC.
        work: Job or command that deletes.
    """
    days = rows.select("app", "day").distinct().na.drop().collect()
    return note(spark, settings, [Touch(0, row["app"], row["day"]) for row in days], now, work)


def read_touches(spark: SparkSession, settings: Settings, upto: int = 0) -> tuple[Touch, ...]:
    """Read the notes, in the order of their numbers; in a lake without any, what its first note will say.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        upto: Notes up to this number are put together, one an app and day.
    """
    found = tables.read(spark, settings, "touched").select(*notes.COLUMNS).toArrow()
    if not found.num_rows:
        before = existing(spark, settings).withColumn("seq", F.lit(FIRST_SEQ).cast("long"))
        found = before.select(*notes.COLUMNS).toArrow()
    return notes.touches_of(found, upto)


def fold(spark: SparkSession, settings: Settings, upto: int) -> int:
    """Put the notes that every mart has seen together, as `logdig.marts.progress.folded` does, in one commit.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        upto: Least number that the marts have seen, read before this is called: marks only grow.
    Returns:
        How many notes are fewer now.
    Raises:
        LeaseLostError: See `note`.
    """
    full, fewer = tables.ensure_table(spark, settings, "touched"), 0

    def commit() -> None:
        # Read anew by each try; the commit is refused when a note has come since.
        nonlocal fewer
        since = newest_snapshot(spark, full)
        rows = at_snapshot(spark, full, since)
        together = tables.staged(_together(rows.where(F.col("seq") <= upto), upto))
        fewer = rows.where(F.col("seq") <= upto).count() - together.count()
        if fewer:
            later = rows.where(F.col("seq") > upto)
            writer = fit(together.unionByName(later.select(*together.columns)), spark.table(full).schema).writeTo(full)
            writer = writer.option("isolation-level", "serializable")
            writer.option("validate-from-snapshot-id", str(since)).overwrite(F.lit(True))

    tables.with_retry(commit)
    return fewer


def _together(seen: DataFrame, upto: int) -> DataFrame:
    sums = seen.groupBy("app", "day").agg(
        F.least(F.sum("rows"), F.lit(ROWS_MOST)).cast("int").alias("rows"),
        F.min("first_received").alias("first_received"),
        F.max("noted_at").alias("noted_at"),
    )
    numbered = sums.withColumns({"seq": F.lit(upto).cast("long"), "work": F.lit(FOLDED)})
    return numbered.select(*table_columns("touched").fieldNames())


def existing(spark: SparkSession, settings: Settings) -> DataFrame:
    """Days that have events, by the manifests; no row is read, and rows that are deleted count.

    Output: columns COLUMNS, one row an app and UTC day.
    """
    return by_day(spark.table(f"{tables.ensure_table(spark, settings, 'events')}.files"))


def by_day(files: DataFrame) -> DataFrame:
    """Add the data files of ``events`` up by app and day.

    Input:  columns of Iceberg's metadata table ``files``.
    Output: columns COLUMNS.
    """
    first = F.to_date(F.min("readable_metrics.received_at.lower_bound")).alias("first_received")
    days = files.where("content = 0").groupBy("partition.app", "partition.day")
    return days.agg(F.sum("record_count").cast("int").alias("rows"), first)


def _greatest(spark: SparkSession, settings: Settings) -> int:
    return tables.read(spark, settings, "touched").agg(F.max("seq")).collect()[0][0] or 0


def _numbered(rows: DataFrame, seq: int, now: datetime, work: str) -> DataFrame:
    noted = F.lit(now.replace(tzinfo=None).isoformat()).cast("timestamp")
    numbered = rows.select(
        F.lit(seq).cast("long").alias("seq"),
        *COLUMNS,
        noted.alias("noted_at"),
        F.lit(work).alias("work"),
    )
    return numbered.select(*table_columns("touched").fieldNames())
