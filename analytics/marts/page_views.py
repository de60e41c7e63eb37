"""Every view of a page, with its place in its session."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics.marts.circumstances import with_circumstances
from analytics.marts.journeys import in_view
from analytics.marts.site import Site
from logdig.tables.sessions import PAGE_VIEWS


def page_views(journeys: DataFrame, site: Site) -> DataFrame:
    """Keep the views, one row each, and what is known of page views whose page event never came.

    Input:  journeys: output of `analytics.marts.journeys.journeys`.
    Output: columns of table page_views.
    Source: docs/tables.md, "page_views".
    """
    rows = journeys.where(F.col("viewed") | (in_view() & F.col("engaged_ms").isNotNull()))
    views = with_circumstances(rows, site).withColumns(
        {
            "entry": F.coalesce(F.col("place") == 1, F.lit(False)),
            "exit": F.coalesce(F.col("place") == F.col("session_views"), F.lit(False)),
        }
    )
    return views.select(*PAGE_VIEWS.names)
