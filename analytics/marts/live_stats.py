"""What happened in each five minutes, in all and by region; the same rows from a table and from a stream."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.listens import state
from analytics.marts.people_events import counted
from analytics.marts.site import Site, local_day
from analytics.schema.frames import require_columns
from logdig.tables.listens import LIVE_STATS

SLOT = "5 minutes"
NEEDED = ("app", "event_id", "type", "occurred_at", "user_key", "customer_id", "listen", "country", "region")


def live_stats(events: DataFrame, site: Site) -> DataFrame:
    """Count people, views and listens of each five minutes.

    Every number is that of a set of ids, so an event that comes twice counts once; a stream whose watermark is on
    occurred_at can keep the sets as its state.

    Input:  events: NEEDED and those of `people_events.counted`.
    Output: columns of table live_stats; a slot or region without events has no row.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/listening.md, "Live numbers".
    """
    require_columns(events, NEEDED)
    is_listen, is_view = F.col("type") == "listen", F.col("type") == "page"
    mobile = F.col("listen.mobile")
    groups = F.array(
        F.struct(F.lit("all").alias("kind"), F.lit("").alias("region")),
        F.struct(F.lit("region").alias("kind"), region().alias("region")),
    )
    rows = counted(events, site).select(
        "app",
        "occurred_at",
        "user_key",
        F.when(is_view, F.coalesce(_joined("session_id", "page_view_id"), "event_id")).alias("view"),
        F.when(is_listen, F.col("event_id")).alias("listen_id"),
        F.when(is_listen, listener()).alias("who"),
        mobile.alias("mobile"),
        F.inline(groups),
    )
    listen = F.col("listen_id")
    counts = {
        "visitors": F.col("user_key"),
        "views": F.col("view"),
        "listens": listen,
        "listeners": F.col("who"),
        "mobile": F.when(F.col("mobile"), listen),
        "unknown_device": F.when(F.col("mobile").isNull(), listen),
    }
    found = rows.groupBy("app", F.window("occurred_at", SLOT), "kind", "region").agg(
        *(F.size(F.collect_set(ids)).cast("long").alias(name) for name, ids in counts.items())
    )
    return (
        found.withColumn("slot_at", F.col("window.start"))
        .withColumn("day", local_day(site, "slot_at"))
        .select(*LIVE_STATS.names)
    )


def listener() -> Column:
    """Who listened: the customer, or the visitor where no customer is known."""
    return F.coalesce(F.concat(F.lit("c"), "customer_id"), F.concat(F.lit("v"), "user_key"))


def _joined(session: str, view: str) -> Column:
    return F.concat(F.coalesce(session, F.lit("")), F.lit(" "), F.col(view))


def region() -> Column:
    """Region as ISO 3166-2 writes it, ``US-CA``: of a listen's zip, else what the endpoint knows; never null."""
    known = F.concat_ws("-", "country", "region")
    return F.coalesce(F.concat(F.lit("US-"), state(F.col("listen.zip"))), known)
