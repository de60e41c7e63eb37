"""How much people, staff and bots did, by day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.crawlers import crawler
from analytics.marts.people_events import COUNTED_COLUMNS, is_post, weight
from analytics.marts.site import Site, local_day
from analytics.schema.frames import require_columns
from analytics.schema.people import people
from logdig.tables.visitors import TRAFFIC

NEEDED = ("user_key", "user_agent", "sample_rate", *COUNTED_COLUMNS)

EXACT = "decimal(28,9)"
"""Weights are added up exactly, so that the order in which rows are read changes nothing."""


def traffic(events: DataFrame, site: Site) -> DataFrame:
    """Count what happened, by day and by who it was.

    Input:  events: NEEDED. Who is both staff and a bot is a bot; people who do not want to be measured are left out.
    Output: columns of table traffic, one row per (app, day, kind, crawler) with an event. events, views and visitors
            double: of people weighted, of others counted. views = distinct page views with a page event on the day, and
            page events that have no page view or no session; visitors = distinct user_key of the day; the weight of a
            view or visitor is its greatest.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/measures.md, "traffic".
    """
    require_columns(events, NEEDED)
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
        F.when(F.col("kind") == "people", weight()).otherwise(1.0).alias("weight"),
    ).agg(F.count("*").alias("events"), F.count_if(is_page).alias("pages"))
    return _summed(parts.withColumn("crawler", crawler(F.col("user_agent")))).select(*TRAFFIC.names)


def _kind() -> Column:
    return (
        F.when(~people() | (is_post() & F.coalesce("bot", F.lit(False))), "bots")
        .when(F.coalesce("staff", F.lit(False)), "staff")
        .when(F.coalesce("consent.analytics", F.lit(True)), "people")
    )


def _summed(parts: DataFrame) -> DataFrame:
    """Count each page view and each visitor once, by its greatest weight."""
    group, none = ("app", "day", "kind", "crawler"), F.lit(0).cast(EXACT)
    is_alone = F.col("page_view_id").isNull() | F.col("session_id").isNull()
    own_views = F.when(is_alone, F.col("pages")).otherwise(0)
    all_events = _thing("all", events=F.col("events") * F.col("weight"), views=own_views * F.col("weight"))
    view = F.when(
        F.expr("session_id IS NOT NULL AND page_view_id IS NOT NULL AND pages > 0"),
        _thing("view", "session_id", "page_view_id"),
    )
    visitor = F.when(F.col("user_key").isNotNull(), _thing("visitor", key="user_key"))
    counted = F.array_compact(F.array(all_events, view, visitor))
    once = (
        parts.select(*group, "weight", F.inline(counted))
        .groupBy(*group, "what", "of", "key")
        .agg(
            F.max("weight").cast(EXACT).alias("weight"), F.sum("events").alias("events"), F.sum("views").alias("views")
        )
    )
    views, visitors = (
        F.sum(F.when(F.col("what") == what, F.col("weight")).otherwise(none)) for what in ("view", "visitor")
    )
    return once.groupBy(*group).agg(
        F.sum("events").cast("double").alias("events"),
        (F.sum("views") + views).cast("double").alias("views"),
        visitors.cast("double").alias("visitors"),
    )


def _thing(what: str, of: str = "", key: str = "", events: Column | None = None, views: Column | None = None) -> Column:
    """Make a struct of what is counted: by its key once, or every event."""
    sums = {name: F.lit(0) if value is None else value for name, value in (("events", events), ("views", views))}
    return F.struct(
        F.lit(what).alias("what"),
        *(
            (F.col(name) if name else F.lit(None).cast("string")).alias(alias)
            for alias, name in (("of", of), ("key", key))
        ),
        *(value.cast(EXACT).alias(name) for name, value in sums.items()),
    )
