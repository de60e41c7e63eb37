"""Every goal that was reached: once a session or each time, as the goal says."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from analytics.marts.circumstances import with_circumstances
from analytics.marts.journeys import MOMENT, journeys, outside, people_in
from analytics.marts.people_events import with_pages
from analytics.marts.site import Site
from logdig.tables.sessions import CONVERSIONS


def conversions(events: DataFrame, site: Site) -> DataFrame:
    """Keep what reached a goal, one row each.

    Input:  events: columns NEEDED of `analytics.marts.journeys`, with all events of each session in question.
    Output: columns of table conversions.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/goals.md; docs/tables.md, "conversions".
    """
    people = people_in(events, site)
    inside = _each(journeys(people, site), "session_id", "landing", "experiments")
    in_order = Window.partitionBy("app", "session_id", "goal").orderBy("at")
    first = inside.withColumn("nth", F.row_number().over(in_order)).where("each OR nth = 1").drop("nth")
    alone = _each(outside(people, site), "language", "experiments")
    reached = with_pages(first.unionByName(alone, allowMissingColumns=True), site)
    rows = with_circumstances(reached.withColumn("event_id", F.col("at.event_id")), site)
    return rows.select(*CONVERSIONS.names)


def _each(rows: DataFrame, *kept: str) -> DataFrame:
    """Make a row of each goal that a row reached, with the MOMENT of the event that reached it."""
    reached = rows.select("app", *kept, F.explode("reached").alias("one"))
    named = [F.col(f"one.{name}") for name in ("goal", "each", "value")]
    return reached.select("app", *kept, *named, *(F.col(f"one.moment.{name}") for name in MOMENT))
