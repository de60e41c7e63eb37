"""Every session, a row for each local day on which it has a view."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from analytics.marts.circumstances import OWN, with_circumstances
from analytics.marts.journeys import SESSION, in_view
from analytics.marts.site import Site
from logdig.tables.sessions import SESSIONS

BOUNCE_BELOW_MS = 10_000
OF_THE_SESSION = (
    *("landing", "exit_page", "session_views", "session_days", "session_engaged_ms", "session_weight"),
    *("goals", "customer_ids", "experiments"),
)


def sessions(journeys: DataFrame, site: Site) -> DataFrame:
    """Add the page views of each session up by day.

    Input:  journeys: output of `analytics.marts.journeys.journeys`.
    Output: columns of table sessions.
    Source: docs/tables.md, "sessions".
    """
    rows = _by_day(journeys)
    in_order = Window.partitionBy(*SESSION).orderBy("first.at")
    told = {
        "seq": F.row_number().over(in_order),
        "user_key": F.col("landing.user_key"),
        "began_at": F.col("first.occurred_at"),
        "weight": F.col("session_weight"),
        "bounce": _is_bounce(),
        **{name: F.col(f"landing.{name}") for name in (*OWN, "host")},
    }
    numbered = with_circumstances(rows.withColumns(told), site)
    continued = {"continued": F.col("seq") > 1, "continues": F.col("seq") < F.col("session_days")}
    return numbered.withColumns(continued).select(*SESSIONS.names)


def _by_day(rows: DataFrame) -> DataFrame:
    """Add up the page views of a session that began on a day, where one of them is a view."""
    inside = rows.where(in_view())
    counted = inside.groupBy(*SESSION, "day").agg(
        F.min(F.when(F.col("numbered"), F.struct("at", "occurred_at"))).alias("first"),
        F.max("ended_at").alias("ended_at"),
        F.sum(F.col("numbered").cast("int")).cast("int").alias("views"),
        F.coalesce(F.sum("engaged_ms"), F.lit(0)).alias("engaged_ms"),
        F.coalesce(F.sum("links_out"), F.lit(0)).cast("int").alias("links_out"),
        F.coalesce(F.sum("downloads"), F.lit(0)).cast("int").alias("downloads"),
        F.max("post").alias("post"),
        # The same in every row of the session.
        *(F.first(name).alias(name) for name in OF_THE_SESSION),
    )
    return counted.where("views > 0")


def _is_bounce() -> Column:
    brief = F.coalesce("session_engaged_ms", F.lit(0)) < BOUNCE_BELOW_MS
    alone = (F.col("session_days") == 1) & brief & (F.size("goals") == 0)
    return (F.col("session_views") == 1) & (F.col("post") | alone)
