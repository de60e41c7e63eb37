"""Every goal that was reached: once a session or each time, as the goal says."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from analytics.marts.circumstances import with_circumstances
from analytics.marts.journeys import MOMENT, SESSION
from analytics.marts.people_events import with_pages
from analytics.marts.site import Site
from logdig.tables.sessions import CONVERSIONS


def conversions(journeys: DataFrame, site: Site) -> DataFrame:
    """Keep what reached a goal, one row each.

    Input:  journeys: output of `analytics.marts.journeys.journeys`.
    Output: columns of table conversions.
    Source: docs/goals.md; docs/tables.md, "conversions".
    """
    outside = F.col("session_id").isNull()
    # In a session the first view tells the language, if any does.
    own = journeys.withColumn("language", F.when(outside, F.col("language")))
    reached = _each(own, "session_id", "part", "landing", "language", "experiments")
    # An event outside of a session is a group of its own.
    group = Window.partitionBy(*SESSION, F.when(outside, F.col("at.event_id")), "goal").orderBy("at")
    first = reached.withColumn("nth", F.row_number().over(group)).where("each OR nth = 1").drop("nth")
    named = with_pages(first, site).withColumn("event_id", F.col("at.event_id"))
    rows = with_circumstances(named, site)
    return rows.select(*CONVERSIONS.names)


def _each(rows: DataFrame, *kept: str) -> DataFrame:
    """Make a row of each goal that a row reached, with the MOMENT of the event that reached it."""
    reached = rows.select("app", *kept, F.explode("reached").alias("one"))
    named = [F.col(f"one.{name}") for name in ("goal", "each", "value")]
    return reached.select("app", *kept, *named, *(F.col(f"one.moment.{name}") for name in MOMENT))
