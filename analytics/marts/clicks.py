"""Clicks of people one by one, with what followed them and the bursts that they are in."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from analytics.marts.people_events import bucket, counted, device, in_order, is_post, weight, with_links, with_pages
from analytics.marts.posts import with_sessions
from analytics.marts.site import Site
from analytics.schema.frames import require_columns
from logdig.tables.clicks import CLICKS

BURST_MICROSECONDS = 1_000_000
BURST_PX = 30
"""Any three neighbours of a burst lie within these, both inclusive; a burst has at least three clicks."""
WATCHED_MS = 2_500
"""A click that was watched for less may yet have had an effect."""
EFFECTS = ("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms")

PLAIN = (
    *("app", "event_id", "type", "occurred_at", "timestamp", "seq", "session_id", "page_view_id", "user_key"),
    *("country", "experiments", "x", "y", "link", "after"),
)
NEEDED = (*PLAIN, "current_page", "page_version", "sample_rate", "view", "element")


def clicks(events: DataFrame, site: Site) -> DataFrame:
    """Keep the clicks of the events that count, one row each.

    Input:  events: NEEDED and those of `people_events.counted`.
    Output: columns of table clicks. day is the local day; a burst is found among the clicks of its page view that are
            in ``events``, so all of a session's must be.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/measures.md, "rage" and "dead".
    """
    require_columns(events, NEEDED)
    people = counted(events, site).withColumn("post", is_post())
    tracked, posts = people.where("NOT post"), with_sessions(people.where("post"))
    rows = tracked.unionByName(posts).where("type = 'click'")
    narrow = rows.select(
        *PLAIN,
        "day",
        "current_page",
        F.col("page_version").alias("release"),
        weight().alias("weight"),
        bucket(),
        device(F.col("view.vw")).alias("device"),
        *(F.col(f"view.{name}") for name in ("vw", "vh", "sx", "sy")),
        *(F.col(f"element.{name}") for name in ("selector", "tag", "ex", "ey", "w", "h", "fixed")),
        _is_dead().alias("dead"),
    )
    return with_bursts(with_links(with_pages(narrow, site), site)).select(*CLICKS.names)


def _is_dead() -> Column:
    """Say whether nothing followed; unknown where the tracker did not look."""
    nothing = " AND ".join(f"after.{name} IS NULL" for name in EFFECTS)
    return F.expr(f"IF(after IS NULL, NULL, coalesce(after.watched_ms >= {WATCHED_MS}, false) AND {nothing})")


def with_bursts(clicks: DataFrame) -> DataFrame:
    """Number the bursts of each page view.

    Input:  app, session_id, page_view_id, event_id, seq, timestamp, occurred_at, x, y, after; all columns stay.
    Output: the same rows with burst and ended_burst, as table clicks says.
    """
    joins = F.expr("session_id IS NOT NULL AND page_view_id IS NOT NULL AND after IS NOT NULL")
    # A click that can be in no burst is a group of its own: one group of them all would be sorted by a single task.
    alone = F.when(joins, F.lit("")).otherwise(F.col("event_id"))
    grouped = clicks.withColumn("alone", alone).withColumn("place", F.struct(*in_order()))
    inside = Window.partitionBy("app", "session_id", "page_view_id", "alone").orderBy("place")
    so_far = inside.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return (
        grouped.withColumn("ends", _ends_three(inside))
        .withColumns(
            {"next_ends": F.lead("ends", 1, False).over(inside), "last_ends": F.lead("ends", 2, False).over(inside)}
        )
        .withColumn("begins", F.expr("last_ends AND NOT next_ends"))
        .withColumn("number", F.count_if("begins").over(so_far).cast("int"))
        .withColumn("burst", F.expr("IF(ends OR next_ends OR last_ends, number, NULL)"))
        .withColumn("ended_burst", F.expr("IF(ends AND begins, number - 1, NULL)"))
        .select(*clicks.columns, "burst", "ended_burst")
    )


def _ends_three(inside: WindowSpec) -> Column:
    """Say whether a click and the two before it are close in time and place."""
    time = F.coalesce("timestamp", "occurred_at")
    place = (F.col(axis).cast("double").alias(axis) for axis in ("x", "y"))
    click = F.struct(F.unix_micros(time).alias("at"), *place)
    three = [click, *(F.lag(click, places).over(inside) for places in (1, 2))]
    times = [one["at"] for one in three]
    near = F.greatest(*times) - F.least(*times) <= BURST_MICROSECONDS
    for one, other in ((0, 1), (0, 2), (1, 2)):
        across, down = (three[one][axis] - three[other][axis] for axis in ("x", "y"))
        near = near & (across * across + down * down <= BURST_PX**2)
    return F.coalesce(near & three[2].isNotNull(), F.lit(False))
