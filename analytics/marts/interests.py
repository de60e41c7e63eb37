"""Tracks that customers heard three times within 30 minutes."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from analytics.schema.frames import require_columns
from logdig.decide.interests import PLAYS, WITHIN
from logdig.tables.listens import INTERESTS

NEEDED = ("app", "event_id", "customer_id", "track_id", "occurred_at", "ads_consent")


def interests(listens: DataFrame) -> DataFrame:
    """Find customers' interests, as `logdig.decide.interests.interests_of` does.

    Input:  mart listens: NEEDED.
    Output: columns of table interests, one row per customer and track; only listens whose consent allowed ads count.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/listening.md, "Interests".
    """
    require_columns(listens, NEEDED)
    order = Window.partitionBy("app", "customer_id", "track_id").orderBy("occurred_at", "event_id")
    known = listens.where("ads_consent AND customer_id IS NOT NULL AND track_id IS NOT NULL")
    earlier = known.withColumn("first", F.lag("occurred_at", PLAYS - 1).over(order))
    third = earlier.where(F.col("occurred_at") - F.col("first") <= F.lit(WITHIN))
    return (
        third.groupBy("app", "customer_id", "track_id")
        .agg(F.min("occurred_at").alias("first_at"), F.max("occurred_at").alias("last_at"))
        .select(*INTERESTS.names)
    )
