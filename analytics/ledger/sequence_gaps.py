"""What the numbers of a session tell: a browser counts its events from 0, so a number that never came is a gap."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

NUMBERED = ("app", "day", "session", "seq", "browser")
UNNUMBERED_REASON = "before_send"
"""The one reason for which a browser drops an event before it has a number; it leaves no gap."""
GAP_MOST = 10_000
"""A longer gap is no gap: a browser holds 1,000 events, and one forged number must not outweigh a year's counts."""


def without_number(rows: DataFrame) -> DataFrame:
    """Give rows of app and day the columns NUMBERED."""
    return rows.selectExpr("app", "day", "CAST(NULL AS STRING) session", "CAST(NULL AS BIGINT) seq", "'' browser")


def counts(numbers: DataFrame, dropped: DataFrame) -> DataFrame:
    """Count sent, repeated and missing numbers, by app and day of the event after a gap.

    Input:  numbers: columns NUMBERED, one row per event wherever it is; session or seq null = it has no number.
            dropped: app, browser, count long: what each browser says it dropped.
    Output: app, day, sent, repeated, dropped_numbers, missing (all long), to be summed: sent = rows - repeated +
            dropped_numbers + missing.
    """
    is_numbered = F.col("session").isNotNull() & F.coalesce(F.col("seq") >= 0, F.lit(False))
    alone = numbers.where(~is_numbered).select("app", "day", F.lit(1).alias("sent"))
    session = numbers.where(is_numbered).repartition("app", "session")
    # Of an event that lies in two places the one that tells its browser counts.
    order = Window.partitionBy("app", "session", "seq").orderBy("day", F.col("browser").desc())
    placed = session.withColumn("turn", F.row_number().over(order))
    before = F.lag("seq", 1, -1).over(Window.partitionBy("app", "session").orderBy("seq", "turn"))
    gap = F.when(F.col("turn") > 1, 0).otherwise(F.col("seq") - before - 1)
    placed = placed.withColumn("gap", F.when(gap > GAP_MOST, 0).otherwise(gap))
    there = placed.select(
        "app",
        "day",
        F.when(F.col("turn") == 1, F.col("gap") + 1).otherwise(0).alias("sent"),
        F.when(F.col("turn") > 1, 1).otherwise(0).alias("repeated"),
    )
    explained = _explained(placed.where("gap > 0"), dropped)
    gaps = explained.select(
        "app",
        "day",
        F.col("explained").alias("dropped_numbers"),
        (F.col("gap") - F.col("explained")).alias("missing"),
    )
    return alone.unionByName(there, allowMissingColumns=True).unionByName(gaps, allowMissingColumns=True)


def _explained(gaps: DataFrame, dropped: DataFrame) -> DataFrame:
    """Fill each browser's gaps, oldest first, with what it dropped, on whatever day it told."""
    order = Window.partitionBy("app", "browser").orderBy("day", "session", "seq")
    earlier = F.coalesce(F.sum("gap").over(order.rowsBetween(Window.unboundedPreceding, -1)), F.lit(0))
    sums = dropped.groupBy("app", "browser").agg(F.sum("count").alias("dropped"))
    joined = gaps.withColumn("earlier", earlier).join(sums, ["app", "browser"], "left")
    left = F.greatest(F.coalesce("dropped", F.lit(0)) - F.col("earlier"), F.lit(0))
    return joined.withColumn("explained", F.least("gap", left))
