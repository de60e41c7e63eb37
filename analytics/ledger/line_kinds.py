"""What the ledger reads of stored lines: each line's kind, each rejected event once, what ingest has not come to."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from analytics.lake.line_rows import ERASED_NAME
from analytics.schema.columns import RAW_LINE as WHOLE_LINE
from analytics.schema.columns import struct
from analytics.schema.frames import first_rows

DROPPED_NAME = "$dropped"
"""Name of the custom event in which the collector keeps what a browser says it dropped (logdig/events/dropped.py)."""
RAW_NAMES = ("received_at", "occurred_at", "app", "event_id", "pack_id", "session_id", "seq", "user_key", "custom")
RAW_LINE = struct({name: WHOLE_LINE[name].dataType for name in (*RAW_NAMES, "type")})
"""All that is read of a raw line; parsing it whole would take longer."""


def raw_lines(parsed: DataFrame, read: DataFrame) -> DataFrame:
    """Give each readable raw line its kind: first, browser (sent again) or flush (written again).

    A line is the flush's copy when an earlier object holds the same line of the same pack; of the others the least
    (received_at, line_hash) is the first, as in the table.

    Input:  parsed: output of lines.parse_raw with a column ``file`` string; read: file, of objects that ingest read.
    Output: app, day date (UTC, of received_at), event_id, kind string, is_erased, is_late and is_read (a copy lies in
            an object that ingest has read) boolean, session_id, seq, user_key, custom.
    """
    rows = parsed.where("readable").select(*(f"e.{name}" for name in RAW_NAMES), "line_hash", "file")
    # Repartitioned once by event, all that is asked below of an event's copies lies together.
    rows = _with_read(rows, read).repartition("app", "event_id").withColumn("day", F.to_date("received_at"))
    pack = ["app", "event_id", "pack_id"]
    rows = rows.withColumn("turn", F.row_number().over(Window.partitionBy(*pack, "file").orderBy("line_hash")))
    rows = rows.withColumn("object", F.row_number().over(Window.partitionBy(*pack, "turn").orderBy("file")))
    again = F.col("object") > 1
    order = Window.partitionBy("app", "event_id", again).orderBy("received_at", "line_hash", "pack_id", "turn")
    first = F.row_number().over(order) == 1
    return rows.select(
        *("app", "day", "event_id", "session_id", "seq", "user_key", "custom"),
        F.when(again, "flush").when(first, "first").otherwise("browser").alias("kind"),
        F.expr(f"custom.name <=> '{ERASED_NAME}'").alias("is_erased"),
        F.coalesce(F.to_date("occurred_at") < F.col("day"), F.lit(False)).alias("is_late"),
        F.max("is_read").over(Window.partitionBy("app", "event_id")).alias("is_read"),
    )


def rejected(parsed: DataFrame, read: DataFrame) -> DataFrame:
    """Take each rejected event once.

    Input:  parsed: output of lines.parse_bad with a column ``file``; read: as above.
    Output: app ('' where the line names none), day, bad_id, errors, text, is_read (as above).
    """
    rows = parsed.where("readable").select("e.*", "line_hash", "file").withColumn("day", F.to_date("received_at"))
    rows = _with_read(rows, read).repartition("bad_id")
    is_read = F.max("is_read").over(Window.partitionBy("bad_id"))
    rows = first_rows(rows.withColumn("is_read", is_read), ["bad_id"], "received_at", "line_hash")
    return rows.select(F.coalesce("app", F.lit("")).alias("app"), "day", "bad_id", "errors", "text", "is_read")


def unreadable(raw: DataFrame, bad: DataFrame, read: DataFrame) -> DataFrame:
    """Find the different lines of both zones that Spark cannot read.

    Output: app, day (as the table holds them), bad_id (the line's SHA-256, its id in the table), raw long (how often in
            the raw zone), is_read.
    """
    arrival = F.to_date(F.expr("try_cast(upper(e.received_at) AS TIMESTAMP)"))
    parts = [
        zone.where("NOT readable").select(
            F.coalesce("e.app", F.lit("")).alias("app"),
            F.coalesce(arrival, F.lit("1970-01-01").cast("date")).alias("day"),
            F.lit(number).alias("raw"),
            F.sha2("value", 256).alias("bad_id"),
            "file",
        )
        for number, zone in ((1, raw), (0, bad))
    ]
    rows = _with_read(parts[0].unionByName(parts[1]), read)
    return rows.groupBy("app", "day", "bad_id").agg(F.sum("raw").alias("raw"), F.max("is_read").alias("is_read"))


def unread(rows: DataFrame, table: DataFrame, *keys: str) -> DataFrame:
    """Keep the rows that ingest has not come to: in no table, and every copy in an object that it has not read.

    What is missing from the table although its object was read does not wait; it is lost, and a sum breaks.

    Input:  rows: ``keys``, is_read; table: ``keys``.
    """
    return rows.where("NOT is_read").join(table.select(*keys), list(keys), "left_anti")


def _with_read(rows: DataFrame, read: DataFrame) -> DataFrame:
    marked = F.broadcast(read.withColumn("is_read", F.lit(True)))
    return rows.join(marked, "file", "left").withColumn("is_read", F.coalesce("is_read", F.lit(False)))


def number_if(condition: Column | str) -> Column:
    """1 where a condition holds, else 0, to be summed."""
    met = F.expr(condition) if isinstance(condition, str) else condition
    return F.when(met, 1).otherwise(0).cast("long")
