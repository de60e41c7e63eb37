"""How much people, staff and bots did, by day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.crawlers import crawler
from analytics.marts.site import Site, local_day
from analytics.schema.frames import require_columns
from analytics.schema.people import PEOPLE_COLUMNS, people
from logdig.tables.visitors import TRAFFIC

NEEDED = ("app", "type", "occurred_at", "user_key", "user_agent", "consent", "sample_rate", "staff", *PEOPLE_COLUMNS)

EXACT = "decimal(28,9)"
"""Weights are added up exactly, so that the order in which rows are read changes nothing."""


def traffic(events: DataFrame, site: Site) -> DataFrame:
    """Count what happened, by day and by who it was.

    Input:  events: NEEDED. Who is both staff and a bot is a bot; people who do not want to be measured are left out.
    Output: columns of table traffic, one row per (app, day, kind, crawler) with an event. events, views and visitors
            double: of people weighted, of others counted. views = distinct page views with a page event on the day, and
            page events that have no page view; visitors = distinct user_key of the day; the weight of a view or visitor
            is its greatest.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/measures.md, "traffic".
    """
    require_columns(events, NEEDED)
    weight = F.when(F.col("kind") == "people", 1 / F.coalesce("sample_rate", F.lit(1.0))).otherwise(1.0)
    is_page = F.col("type") == "page"
    rows = events.withColumn("kind", _kind()).where("kind IS NOT NULL")
    parts = rows.groupBy(
        "app",
        local_day(site).alias("day"),
        "kind",
        F.when(F.col("kind") == "bots", F.col("user_agent")).alias("user_agent"),
        "session_id",
        "page_view_id",
        "user_key",
        weight.alias("weight"),
    ).agg(F.count("*").alias("events"), F.count_if(is_page).alias("pages"))
    return _summed(parts.withColumn("crawler", crawler(F.col("user_agent")))).select(*TRAFFIC.names)


def _kind() -> Column:
    return (
        F.when(~people(), "bots")
        .when(F.coalesce("staff", F.lit(False)), "staff")
        .when(F.coalesce("consent.analytics", F.lit(True)), "people")
    )


def _summed(parts: DataFrame) -> DataFrame:
    """Count each page view and each visitor once, by its greatest weight."""
    group, nothing = ("app", "day", "kind", "crawler"), F.lit(None).cast("string")
    own_views = F.when(F.col("page_view_id").isNull(), F.col("pages")).otherwise(0) * F.col("weight")
    all_events = F.struct(
        F.lit("all").alias("what"),
        nothing.alias("of"),
        nothing.alias("key"),
        (F.col("events") * F.col("weight")).cast(EXACT).alias("events"),
        own_views.cast(EXACT).alias("views"),
    )
    none = F.lit(0).cast(EXACT)
    view = F.struct(F.lit("view"), F.col("session_id"), F.col("page_view_id"), none, none)
    visitor = F.struct(F.lit("visitor"), nothing, F.col("user_key"), none, none)
    is_view = "page_view_id IS NOT NULL AND pages > 0"
    counted = F.array_compact(
        F.array(all_events, F.when(F.expr(is_view), view), F.when(F.col("user_key").isNotNull(), visitor))
    )
    once = (
        parts.select(*group, "weight", F.inline(counted))
        .groupBy(*group, "what", "of", "key")
        .agg(
            F.max("weight").cast(EXACT).alias("weight"), F.sum("events").alias("events"), F.sum("views").alias("views")
        )
    )
    weights = {
        what: F.coalesce(F.sum(F.when(F.col("what") == what, F.col("weight"))), F.lit(0))
        for what in ("view", "visitor")
    }
    return once.groupBy(*group).agg(
        F.sum("events").cast("double").alias("events"),
        (F.sum("views") + weights["view"]).cast("double").alias("views"),
        weights["visitor"].cast("double").alias("visitors"),
    )
