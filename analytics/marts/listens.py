"""Listens with the visitor's local hour and day part."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.people_events import counted
from analytics.marts.site import Site
from analytics.schema.day_parts import local_hour, part_of
from analytics.schema.frames import require_columns
from logdig.tables.listens import LISTENS
from logdig.visits.zip_states import STATES

NEEDED = ("type", "app", "event_id", "customer_id", "user_key", "listen", "occurred_at", "tz_min", "consent")


def listens(events: DataFrame, site: Site) -> DataFrame:
    """Keep the listens of the events that count, one row each.

    Input:  events: NEEDED and those of `people_events.counted`.
    Output: columns of table listens. local_hour 0..23 = hour of occurred_at + tz_min minutes (UTC where unknown);
            day_part night (22 to 4), morning (5 to 11), afternoon (12 to 16), evening (17 to 21). day is the local day.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "listens"; docs/model.md, day parts.
    """
    require_columns(events, NEEDED)
    heard = counted(events, site).where("type = 'listen'")
    return (
        heard.withColumn("local_hour", local_hour())
        .withColumn("day_part", part_of(F.col("local_hour")))
        .select(
            "app",
            "event_id",
            "customer_id",
            "user_key",
            F.col("listen.track_id").alias("track_id"),
            "occurred_at",
            "tz_min",
            "local_hour",
            "day_part",
            F.col("listen.mobile").alias("mobile"),
            F.col("listen.zip").alias("zip"),
            F.col("listen.listened_ms").alias("listened_ms"),
            F.coalesce(F.col("consent.ads"), F.lit(False)).alias("ads_consent"),
            "day",
            state(F.col("listen.zip")).alias("state"),
        )
        .select(*LISTENS.names)
    )


def state(zip_code: Column) -> Column:
    """US state of a zip, as `logdig.visits.zip_states.state_of` says it."""
    prefix = F.regexp_extract(zip_code, r"^([0-9]{3})[0-9]{2}(-?[0-9]{4})?$", 1).try_cast("int")
    return F.get(F.lit(STATES), prefix)
