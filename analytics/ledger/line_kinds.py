"""What stored lines are to each other: each line's kind, each rejected event once, what ingest has not come to."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from analytics.schema.frames import first_rows


def raw_lines(lines: DataFrame, waiting: DataFrame) -> DataFrame:
    """Give each readable raw line its kind: first, browser (sent again) or flush (written again).

    A line is the flush's copy when an earlier object holds the same line of the same pack; of the others the least
    (received_at, line_hash) is the first, as in the table.

    Input:  lines: columns of table ledger_lines; waiting: key string, of objects that ingest has not read.
    Output: app, day date (UTC, of received_at), event, session, seq, browser, dropped as in table ledger_lines, kind
            string, is_erased, is_late and is_read (a copy lies in an object that ingest has read) boolean.
    """
    rows = _with_read(lines.where("zone = 'raw' AND readable"), waiting)
    # Repartitioned once by event, all that is asked below of an event's copies lies together.
    rows = rows.repartition("app", "event")
    pack = ["app", "event", "pack"]
    rows = rows.withColumn("turn", F.row_number().over(Window.partitionBy(*pack, "key").orderBy("line_hash")))
    rows = rows.withColumn("object", F.row_number().over(Window.partitionBy(*pack, "turn").orderBy("key")))
    again = F.col("object") > 1
    order = Window.partitionBy("app", "event", again).orderBy("received_at", "line_hash", "pack", "turn")
    first = F.row_number().over(order) == 1
    return rows.select(
        *("app", F.col("arrived").alias("day"), "event", "session", "seq", "browser", "dropped"),
        F.when(again, "flush").when(first, "first").otherwise("browser").alias("kind"),
        "is_erased",
        "is_late",
        F.max("is_read").over(Window.partitionBy("app", "event")).alias("is_read"),
    )


def rejected(lines: DataFrame, waiting: DataFrame) -> DataFrame:
    """Take each rejected event once.

    Input:  as above.
    Output: app, day, event, session, seq, browser, reason, is_read (as above).
    """
    rows = _with_read(lines.where("zone = 'bad' AND readable"), waiting).repartition("event")
    is_read = F.max("is_read").over(Window.partitionBy("event"))
    rows = first_rows(rows.withColumn("is_read", is_read), ["event"], "received_at", "line_hash")
    return rows.select("app", F.col("arrived").alias("day"), "event", "session", "seq", "browser", "reason", "is_read")


def unreadable(lines: DataFrame, waiting: DataFrame) -> DataFrame:
    """Find the different lines of both zones that Spark cannot read.

    Input:  as above.
    Output: app, day (as the table holds them), event, raw long (how often in the raw zone), is_read.
    """
    rows = _with_read(lines.where("NOT readable"), waiting)
    in_raw = F.sum(number_if("zone = 'raw'")).alias("raw")
    return rows.groupBy("app", F.col("arrived").alias("day"), "event").agg(in_raw, F.max("is_read").alias("is_read"))


def unread(rows: DataFrame, table: DataFrame, *keys: str) -> DataFrame:
    """Keep the rows that ingest has not come to: in no table, and every copy in an object that it has not read.

    What is missing from the table although its object was read does not wait; it is lost, and a sum breaks.

    Input:  rows: ``keys``, is_read, `staged`; table: ``keys``.
    """
    waits = rows.where("NOT is_read")
    # The ids of a whole table are read only where something waits.
    return waits if waits.isEmpty() else waits.join(table.select(*keys), list(keys), "left_anti")


def _with_read(rows: DataFrame, waiting: DataFrame) -> DataFrame:
    marked = F.broadcast(waiting.select("key", F.lit(False).alias("is_read")))
    return rows.join(marked, "key", "left").withColumn("is_read", F.coalesce("is_read", F.lit(True)))


def number_if(condition: Column | str) -> Column:
    """1 where a condition holds, else 0, to be summed."""
    met = F.expr(condition) if isinstance(condition, str) else condition
    return F.when(met, 1).otherwise(0).cast("long")
