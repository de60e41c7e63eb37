"""What the numbers of a session tell: a browser counts its events from 0, so a number that never came is a gap."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

NUMBERED = ("app", "day", "session_id", "seq", "user_key")
UNNUMBERED_REASON = "before_send"
"""The one reason for which a browser drops an event before it has a number; it leaves no gap."""
GAP_MOST = 10_000
"""A longer gap is no gap: a browser holds 1,000 events, and one forged number must not outweigh a year's counts."""

_ID = '"([^"]{1,64})"'


def numbers_of_lines(lines: DataFrame) -> DataFrame:
    """Read session and number of raw lines; of an erased one from what stands in its place.

    Input:  output of ledger_lines.raw_lines, or the same columns.
    Output: columns NUMBERED.
    """
    kept, seq = F.col("custom.props.session"), F.expr("try_cast(custom.props.seq AS BIGINT)")
    return lines.select(
        "app",
        "day",
        F.when(F.col("is_erased"), kept).otherwise(F.col("session_id")).alias("session_id"),
        F.when(F.col("is_erased"), seq).otherwise(F.col("seq")).alias("seq"),
        "user_key",
    )


def numbers_of_texts(bad: DataFrame) -> DataFrame:
    """Read session and number of rejected events where their text still tells them, also when it is cut.

    Input:  app, day, text string.
    Output: columns NUMBERED.
    """

    def find(name: str, pattern: str) -> Column:
        cut = F.nullif(F.regexp_extract("text", rf'"{name}"\s*:\s*{pattern}', 1), F.lit(""))
        return F.coalesce(F.get_json_object("text", f"$.{name}"), cut)

    seq = find("seq", r"(\d{1,16})\b").alias("seq")
    read = bad.select("app", "day", find("session_id", _ID).alias("session_id"), seq, find("user_key", _ID))
    return read.toDF(*NUMBERED).withColumn("seq", F.expr("try_cast(seq AS BIGINT)"))


def without_number(rows: DataFrame) -> DataFrame:
    """Give rows of app and day the columns NUMBERED."""
    return rows.selectExpr("app", "day", "CAST(NULL AS STRING) session_id", "CAST(NULL AS BIGINT) seq", "'' user_key")


def with_pseudonyms(numbers: DataFrame, salt: str | None) -> DataFrame:
    """Write sessions as erased lines name them, so that the two meet; see logdig/privacy/tombstones.py."""
    if salt is None:
        return numbers
    text = F.concat(F.lit(f"{salt} session "), F.col("session_id"))
    hidden = F.concat(F.lit("~"), F.substring(F.sha2(text, 256), 1, 32))
    is_hidden = F.startswith("session_id", F.lit("~"))
    return numbers.withColumn("session_id", F.when(is_hidden, F.col("session_id")).otherwise(hidden))


def counts(numbers: DataFrame, dropped: DataFrame) -> DataFrame:
    """Count sent, repeated and missing numbers, by app and day of the event after a gap.

    Input:  numbers: columns NUMBERED, one row per event wherever it is; session_id or seq null = it has no number.
            dropped: app, user_key, count long: what each browser says it dropped.
    Output: app, day, sent, repeated, dropped_numbers, missing (all long), to be summed: sent = rows - repeated +
            dropped_numbers + missing.
    """
    is_numbered = F.col("session_id").isNotNull() & F.coalesce(F.col("seq") >= 0, F.lit(False))
    alone = numbers.where(~is_numbered).select("app", "day", F.lit(1).alias("sent"))
    session = numbers.where(is_numbered).repartition("app", "session_id")
    # Of an event that lies in two places the one that tells its browser counts.
    order = Window.partitionBy("app", "session_id", "seq").orderBy("day", F.col("user_key").desc())
    placed = session.withColumn("turn", F.row_number().over(order))
    before = F.lag("seq", 1, -1).over(Window.partitionBy("app", "session_id").orderBy("seq", "turn"))
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
    order = Window.partitionBy("app", "user_key").orderBy("day", "session_id", "seq")
    earlier = F.coalesce(F.sum("gap").over(order.rowsBetween(Window.unboundedPreceding, -1)), F.lit(0))
    sums = dropped.groupBy("app", "user_key").agg(F.sum("count").alias("dropped"))
    joined = gaps.withColumn("earlier", earlier).join(sums, ["app", "user_key"], "left")
    left = F.greatest(F.coalesce("dropped", F.lit(0)) - F.col("earlier"), F.lit(0))
    return joined.withColumn("explained", F.least("gap", left))
