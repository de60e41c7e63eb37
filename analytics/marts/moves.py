"""Where the pointer of people was, on sites that follow it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.people_events import bucket, counted, device, weight, with_pages
from analytics.marts.site import Site
from analytics.schema.frames import require_columns
from logdig.tables.clicks import MOVES

PLAIN = (
    *("app", "event_id", "occurred_at", "seq", "session_id", "page_view_id", "user_key", "country", "experiments"),
    "current_page",
)
NEEDED = (*PLAIN, "type", "page_version", "sample_rate", "view", "move")


def moves(events: DataFrame, site: Site) -> DataFrame:
    """Lay the points of the moves that count out by element.

    Input:  events: NEEDED and those of `people_events.counted`.
    Output: columns of table moves, one row per move event and element with a point: selector null where the element is
            not known, points in their order, ex and ey in 1/32767 of the element's box, ms since the page view began.
            A move without points has no row.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "moves".
    """
    require_columns(events, NEEDED)
    rows = counted(events, site).where("type = 'move' AND size(move.points) > 0")
    narrow = rows.select(
        *PLAIN,
        "day",
        F.col("page_version").alias("release"),
        weight().alias("weight"),
        bucket(),
        device(F.col("view.vw")).alias("device"),
        _points().alias("placed"),
    )
    elements = F.explode(F.array_distinct(F.transform("placed", lambda point: point["selector"])))
    theirs = F.filter("placed", lambda point: point["selector"].eqNullSafe(F.col("selector")))
    return (
        with_pages(narrow, site)
        .withColumn("selector", elements)
        .withColumn("points", F.transform(theirs, lambda point: point["point"]))
        .select(*MOVES.names)
    )


def _points() -> Column:
    """Points as structs, each beside the selector of its element."""

    def placed(point: Column) -> Column:
        number = point.getItem(0)
        return F.struct(
            F.when(number >= 0, F.get("move.anchors", number.cast("int"))).alias("selector"),
            F.struct(
                point.getItem(1).cast("int").alias("ex"),
                point.getItem(2).cast("int").alias("ey"),
                point.getItem(3).alias("ms"),
            ).alias("point"),
        )

    return F.transform("move.points", placed)
