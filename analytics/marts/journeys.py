"""What happened in sessions: events put together by page view, each with what its whole session tells.

Page views, sessions and conversions are three readings of these rows. Events meet once, by page view; whatever is true
of a session is then told of these few rows. Source: docs/tables.md.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from analytics.marts.goals import GOAL_COLUMNS, reached_by_event, reached_by_view
from analytics.marts.people_events import (
    COUNTED_COLUMNS,
    counted,
    in_order,
    is_post,
    weight,
    with_pages,
    with_pages_and_counts,
)
from analytics.marts.posts import with_sessions
from analytics.marts.site import Site, local_day
from analytics.schema.frames import require_columns
from logdig.marts.progress import REACH_DAYS

NEEDED = (
    *("event_id", "timestamp", "user_key", "customer_id", "session_id", "page_view_id", "current_page", "link"),
    *("user_agent", "view", "page", "scroll", "page_version", "experiments", "sample_rate", "country", "region"),
    *GOAL_COLUMNS,
    *COUNTED_COLUMNS,
)
"""Columns of the table events that these transforms read."""
SESSION = ("app", "session_id", "part")
"""What rows of one session share."""
LANDING = ("page", "host", "current_page", "referrer", "language", "country", "region", "user_agent", "vw", "user_key")
"""What the first view tells of its session."""
MOMENT = (
    *("at", "occurred_at", "day", "page_view_id", "user_key", "customer_id", "current_page", "weight"),
    *("user_agent", "country", "region", "vw"),
)
"""What a conversion tells of the event that reached the goal."""


def journeys(events: DataFrame, site: Site) -> DataFrame:
    """Put the events of each session together by page view.

    Input:  events: columns NEEDED, with all events of each session in question.
    Output: one row per session and page view, one a day for the session's events that belong to none, and one for each
            event that belongs to no session (session_id null, a server's).
            Of the view: app, session_id, part (of one session id before and after a silence of more than
            REACH_DAYS; each is a session of its own), post (of 2016), page_view_id (null = belong to none), alone
            (counts beside the session, a server's), viewed, numbered (a view of the session), day, occurred_at,
            timestamp, at, user_key, customer_id, current_page, host, path, page, title, language, vw, vh, country,
            region, user_agent, release, engaged_ms, depth_share, depth_px, ended_at, links_out, downloads, weight,
            reached (goals, each with its MOMENT).
            Of the whole session: landing (struct LANDING, null without a view), exit_page, place, previous_page,
            next_page, session_views, session_days, session_engaged_ms, session_weight, goals, customer_ids,
            experiments.
    Raises: MissingColumnError, before any Spark job starts.
    """
    people = _people_in(events, site)
    tracked = people.where("session_id IS NOT NULL").unionByName(with_sessions(people.where("post")))
    inside = _of_sessions(_views(_by_view(tracked, site), site))
    outside = _outside(people, site)
    shared = [name for name in inside.columns if name in outside.columns]
    return inside.unionByName(outside.select(*shared), allowMissingColumns=True)


def _people_in(events: DataFrame, site: Site) -> DataFrame:
    """Take the counted events, with the columns that sessions need.

    Output: columns NEEDED of the counted events; day is the local day; post tells 2016 posts; at is the order inside a
            session, weight and vw are the event's.
    """
    require_columns(events, NEEDED)
    told = {"post": is_post(), "at": F.struct(*in_order()), "weight": weight(), "vw": F.col("view.vw")}
    return counted(events.select(*dict.fromkeys(NEEDED)), site).withColumns(told)


def _outside(people: DataFrame, site: Site) -> DataFrame:
    """Take the events that belong to no session: a server's own. Each page event is a view of its own."""
    is_page = F.col("type") == "page"
    told = {
        # As constants, so that Spark leaves these events out where only sessions are asked for.
        "session_id": F.lit(None).cast("string"),
        "alone": F.lit(True),
        "numbered": F.lit(False),
        "viewed": is_page,
        "title": F.col("page.title"),
        "language": F.col("page.language"),
        # Without a session nothing tells whether two page events are of one view.
        "page_view_id": F.when(is_page, F.col("event_id")).otherwise(F.col("page_view_id")),
        "release": F.col("page_version"),
        "vh": F.col("view.vh"),
    }
    rows = with_pages(people.where("session_id IS NULL AND NOT post").withColumns(told), site)
    goals = _together(reached_by_event(site), F.when(is_page, reached_by_view(site)))
    return rows.withColumn("reached", _at_moment(goals, F.struct(*MOMENT)))


def _by_view(events: DataFrame, site: Site) -> DataFrame:
    """Add up the events of each page view."""
    is_page, has_view = F.col("type") == "page", F.col("page_view_id").isNotNull()
    told = {
        "alone": is_page & ~has_view & ~F.col("post"),
        "page_view_id": F.when(is_page & ~has_view, F.col("event_id")).otherwise(F.col("page_view_id")),
        "variants": _variants(),
    }
    told["apart"] = F.when(told["page_view_id"].isNull(), F.col("day"))
    rows = events.withColumns(told).withColumn("reached", _at_moment(reached_by_event(site), F.struct(*MOMENT)))
    return rows.groupBy("app", "session_id", "page_view_id", "alone", "apart").agg(
        F.min(F.when(F.col("type").isin("page", "scroll"), _telling(is_page))).alias("lead"),
        F.min("occurred_at").alias("occurred_at"),
        F.max("post").alias("post"),
        F.max("scroll.engaged_ms").alias("engaged_ms"),
        F.max("scroll.depth_share").alias("depth_share"),
        F.max("scroll.depth_px").alias("depth_px"),
        F.max("occurred_at").alias("ended_at"),
        F.collect_list(F.when(F.col("type") == "click", F.col("link"))).alias("links"),
        F.max("weight").alias("weight"),
        F.collect_set("customer_id").alias("named"),
        F.flatten(F.collect_list("variants")).alias("variants"),
        F.flatten(F.collect_list("reached")).alias("reached"),
    )


def _telling(is_page: Column) -> Column:
    """What one event tells of its page view; the least is its first page event, else its first scroll event."""
    only_page = {
        "referrer": F.col("page.referrer"),
        "language": F.col("page.language"),
        "title": F.col("page.title"),
        **{name: F.col(name) for name in ("country", "region", "user_agent")},
    }
    return F.struct(
        (~is_page).alias("late"),
        *("at", "day", "occurred_at", "timestamp", "user_key", "customer_id", "weight", "current_page"),
        *(F.col("page_version").alias("release"), "vw", F.col("view.vh").alias("vh")),
        *(F.when(is_page, column).alias(name) for name, column in only_page.items()),
    )


def _variants() -> Column:
    """The experiments of an event, each variant with its place in the session."""
    entries = F.map_entries("experiments")
    return F.transform(entries, lambda entry: F.struct(entry["key"].alias("name"), F.col("at"), entry["value"]))


def _views(rows: DataFrame, site: Site) -> DataFrame:
    """Say of each page view whether it is one, when it began and on which page."""
    viewed = F.coalesce(~F.col("lead.late"), F.lit(False))
    of_lead = ("timestamp", "user_key", "customer_id", "current_page", "release", "vw", "vh", "referrer", "language")
    told = {
        "viewed": viewed,
        "numbered": viewed & ~F.col("alone"),
        "at": F.when(viewed, F.col("lead.at")),
        # Where the page event never came the earliest of the others tells when the view began.
        "day": F.when(viewed, F.col("lead.day")).otherwise(local_day(site)),
        "occurred_at": F.when(viewed, F.col("lead.occurred_at")).otherwise(F.col("occurred_at")),
        **{name: F.col(f"lead.{name}") for name in (*of_lead, "title", "country", "region", "user_agent")},
    }
    sorted_ = rows.withColumns(told).withColumn("variants", F.sort_array("variants"))
    views = with_pages_and_counts(sorted_.withColumn("variants", _first_of_each("variants")), site)
    moment = F.struct(*(F.col("lead.weight").alias(name) if name == "weight" else name for name in MOMENT))
    by_page = _at_moment(F.when(F.col("viewed"), reached_by_view(site)), moment)
    return views.withColumn("reached", _together(F.col("reached"), by_page)).drop("lead", "apart")


def _part() -> Column:
    """Count the silences of more than REACH_DAYS between a session id's days up to the row's."""
    every = Window.partitionBy("app", "session_id")
    days = F.array_sort(F.collect_set("day").over(every))

    def begins(day: Column, place: Column) -> Column:
        return (place > 0) & (day <= F.col("day")) & (F.datediff(day, F.get(days, place - 1)) > REACH_DAYS)

    is_long = F.datediff(F.max("day").over(every), F.min("day").over(every)) > REACH_DAYS
    return F.when(is_long, F.size(F.filter(days, begins))).otherwise(0)


def _of_sessions(rows: DataFrame) -> DataFrame:
    """Say of each row what its whole session tells."""
    views = rows.withColumn("part", _part())
    in_session = Window.partitionBy(*SESSION).orderBy(F.desc("numbered"), "at")
    whole = in_session.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    numbered = F.col("numbered")
    page = F.when(numbered, F.struct("page"))
    goals = F.transform("reached", lambda one: one["goal"])
    told = {
        "landing": F.first(F.when(numbered, F.struct(*LANDING))).over(whole),
        "place": F.when(numbered, F.row_number().over(in_session)),
        "previous_page": F.when(numbered, F.lag(page).over(in_session)["page"]),
        "next_page": F.when(numbered, F.lead(page).over(in_session)["page"]),
        "exit_page": F.last(page, ignorenulls=True).over(whole)["page"],
        "session_views": F.sum(numbered.cast("int")).over(whole),
        "session_days": F.size(F.collect_set(F.when(numbered, F.col("day"))).over(whole)),
        "session_engaged_ms": F.sum(F.when(in_view(), F.col("engaged_ms"))).over(whole),
        "session_weight": F.max("weight").over(whole),
        "goals": F.flatten(F.collect_list(goals).over(whole)),
        "customer_ids": F.flatten(F.collect_list("named").over(whole)),
        "variants": F.sort_array(F.flatten(F.collect_list("variants").over(whole))),
    }
    lists = {name: F.sort_array(F.array_distinct(name)) for name in ("goals", "customer_ids")}
    pairs = F.transform(_first_of_each("variants"), lambda one: F.struct(one["name"], one["value"]))
    experiments = F.when(F.size("variants") > 0, F.map_from_entries(pairs))
    return views.withColumns(told).withColumns(lists | {"experiments": experiments}).drop("named", "variants")


def in_view() -> Column:
    """Tell whether a row of `journeys` is a page view of the session, viewed or not."""
    return F.col("page_view_id").isNotNull() & ~F.col("alone")


def _first_of_each(name: str) -> Column:
    """Of each experiment the first variant; the column is sorted by experiment and place."""
    ordered = F.col(name)
    return F.filter(ordered, lambda one, at: (at == 0) | (one["name"] != F.get(ordered, at - 1)["name"]))


def _together(*arrays: Column) -> Column:
    """Join arrays, of which any may be null."""
    return F.flatten(F.array_compact(F.array(*arrays)))


def _at_moment(goals: Column, moment: Column) -> Column:
    """Put beside each goal the event that reached it."""
    return F.transform(goals, lambda one: F.struct(one["goal"], one["each"], one["value"], moment.alias("moment")))
