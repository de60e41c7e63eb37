"""Every view of a page, with its place in its session."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics.marts.circumstances import with_circumstances
from analytics.marts.journeys import in_view, journeys, outside, people_in
from analytics.marts.site import Site
from logdig.tables.sessions import PAGE_VIEWS


def page_views(events: DataFrame, site: Site) -> DataFrame:
    """Keep the views, one row each, and what is known of page views whose page event never came.

    Input:  events: columns NEEDED of `analytics.marts.journeys`, with all events of each session in question.
    Output: columns of table page_views.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "page_views".
    """
    people = people_in(events, site)
    inside = journeys(people, site).where(F.col("viewed") | (in_view() & F.col("engaged_ms").isNotNull()))
    alone = outside(people.where("type = 'page'"), site)
    servers = alone.withColumns({"viewed": F.lit(True), "release": F.col("page_version"), "vh": F.col("view.vh")})
    shared = [name for name in servers.columns if name in inside.columns]
    rows = inside.unionByName(servers.select(*shared), allowMissingColumns=True)
    views = with_circumstances(rows, site).withColumns(
        {
            "entry": F.coalesce(F.col("place") == 1, F.lit(False)),
            "exit": F.coalesce(F.col("place") == F.col("session_views"), F.lit(False)),
        }
    )
    return views.select(*PAGE_VIEWS.names)
