"""When people were targets: every list leaves its time behind, since table `targets` holds the newest one alone."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from analytics.model.targets import PERSON
from analytics.schema.frames import require_columns
from logdig.tables.model import TARGET_HISTORY

NAMES = (*PERSON, "offer")


def target_history(known: DataFrame, earlier: DataFrame, listed: DataFrame, now: datetime) -> DataFrame:
    """Add a list of targets to the times of the lists before it.

    A list holds from the time of its features until they are too old, or until a list without the person is made.
    Times that touch become one. Doing it again with the same lists changes nothing.

    Input:  known: columns of table target_history. earlier, listed: table targets before and after ``now``, of which
            NAMES, features_as_of and expires_at are read.
    Output: columns of table target_history; the times of a person and offer neither touch nor overlap.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/listening.md, "Questions".
    """
    require_columns(known, TARGET_HISTORY.names)
    for rows in (earlier, listed):
        require_columns(rows, (*NAMES, "features_as_of", "expires_at"))
    past, present = known.unionByName(_times(earlier)), _times(listed)
    here = present.select(*(F.col(name).alias(f"p_{name}") for name in NAMES)).distinct()
    same = [F.col(name).eqNullSafe(F.col(f"p_{name}")) for name in NAMES]
    ended = past.join(here, on=same, how="left").withColumn(
        "until", F.when(F.col("p_app").isNull(), F.least("until", F.lit(now))).otherwise(F.col("until"))
    )
    every = ended.select(*TARGET_HISTORY.names).unionByName(present).where("since < until").distinct()
    return _joined(every)


def _times(listed: DataFrame) -> DataFrame:
    """Times of one list."""
    return listed.select(*NAMES, F.col("features_as_of").alias("since"), F.col("expires_at").alias("until"))


def _joined(rows: DataFrame) -> DataFrame:
    """Make one row of times that touch or overlap."""
    order = Window.partitionBy(*NAMES).orderBy("since", "until")
    before = F.max("until").over(order.rowsBetween(Window.unboundedPreceding, -1))
    apart = rows.withColumn("apart", F.coalesce(F.col("since") > before, F.lit(True)).cast("int"))
    numbered = apart.withColumn("number", F.sum("apart").over(order))
    joined = numbered.groupBy(*NAMES, "number").agg(F.min("since").alias("since"), F.max("until").alias("until"))
    return joined.select(*TARGET_HISTORY.names)
