"""What a person did in the 28 days before a time: features that know nothing from that time on.

Every row has a time of its own, ``as_of``. Only events before it count, and only those whose consent allowed ads; so
what is learned at a past time is what was known then (docs/model.md, "Features").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.schema.day_parts import local_hour, part_of
from analytics.schema.frames import require_columns
from analytics.schema.people import PEOPLE_COLUMNS, people
from logdig.tables.feature_sets import AUTO, FEATURE_SETS, JOINED, WINDOW_DAYS, features_of
from logdig.visits.day_parts import DAY_PARTS
from logdig.visits.devices import MOBILE_BELOW_PX

CUSTOMER, VISITOR = "customer", "visitor"
"""Units: whose key the column ``person`` holds."""
KEYS = ("app", "unit", "person", "as_of")
LISTEN_COLUMNS = ("app", "customer_id", "user_key", "track_id", "occurred_at", "day_part", "mobile", "ads_consent")
EVENT_COLUMNS = (
    *("app", "event_id", "type", "customer_id", "user_key", "occurred_at", "tz_min", "consent", "staff"),
    *("view", "scroll"),
    *PEOPLE_COLUMNS,
)
CONVERSION_COLUMNS = ("app", "event_id", "goal")


def as_of(
    points: DataFrame, events: DataFrame, listens: DataFrame, conversions: DataFrame, *, feature_set: str = AUTO
) -> DataFrame:
    """Summarise each point's person over the 28 days before the point's time.

    Input:  points: app, unit (``customer`` or ``visitor``), person (customer_id or user_key), as_of timestamp; each row
            once. events: table events, EVENT_COLUMNS. listens: mart, LISTEN_COLUMNS. conversions: mart,
            CONVERSION_COLUMNS. feature_set: ``listening``, ``browsing``, ``listening+browsing``, or ``auto``, which
            takes what `with_data` finds.
    Output: one row per point: KEYS and the features of the sets in their order, double, never null: 0 where nothing is
            known, recency_days 28. A row depends on no other point. The window is [as_of - 28 days, as_of).
    Raises: MissingColumnError, KeyError for an unknown set; before any Spark job starts.
    Source: docs/model.md, "Features".
    """
    require_columns(points, KEYS)
    feature_set = with_data(events, listens) if feature_set == AUTO else feature_set
    makers: dict[str, Callable[[], DataFrame]] = {
        "listening": lambda: _listening(points, listens),
        "browsing": lambda: _browsing(points, events, conversions),
    }
    frames = [makers[name]() for name in feature_set.split(JOINED)]
    joined = reduce(lambda rows, found: rows.join(found, on=list(KEYS), how="left"), frames, points.select(*KEYS))
    unknown = dict.fromkeys(features_of(feature_set), 0.0) | {"recency_days": float(WINDOW_DAYS)}
    known = [F.coalesce(name, F.lit(unknown[name])).cast("double").alias(name) for name in features_of(feature_set)]
    return joined.select(*KEYS, *known)


def with_data(events: DataFrame, listens: DataFrame) -> str:
    """Name the feature sets for which an app has events that ads may use, such as ``listening+browsing``.

    Input:  events and listens of one app, as in `as_of`.
    Output: ``browsing`` where there is neither.
    """
    found = {
        "listening": not listens.where("ads_consent").isEmpty(),
        "browsing": not _allowed(events).where("type IN ('page', 'click', 'custom')").isEmpty(),
    }
    return JOINED.join(name for name in FEATURE_SETS if found[name]) or "browsing"


def by_unit() -> Column:
    """Make two rows of one: unit and person of its customer, and of its visitor; person may be null."""
    return F.inline(
        F.array(
            F.struct(F.lit(CUSTOMER).alias("unit"), F.col("customer_id").alias("person")),
            F.struct(F.lit(VISITOR).alias("unit"), F.col("user_key").alias("person")),
        )
    )


def _listening(points: DataFrame, listens: DataFrame) -> DataFrame:
    """The six shares of 2016, of the listens that name the person."""
    require_columns(listens, LISTEN_COLUMNS)
    heard = listens.where("ads_consent").select(*("app", "track_id", "occurred_at", "day_part", "mobile"), by_unit())
    near = _in_window(heard.where("person IS NOT NULL"), points)
    parts = [_count(F.col("day_part") == part).alias(part) for part in DAY_PARTS]
    # By track first: what is counted twice is then a sum, and distinct tracks are rows.
    tracks = near.groupBy(*KEYS, "track_id").agg(
        F.count("*").alias("n"), *parts, _count(F.col("mobile")).alias("mobile")
    )
    total = F.sum("n")
    shares = [(F.sum(name) / total).alias(name) for name in (*DAY_PARTS, "mobile")]
    return tracks.groupBy(*KEYS).agg(*shares, (F.count("track_id") / total).alias("unique"))


def _browsing(points: DataFrame, events: DataFrame, conversions: DataFrame) -> DataFrame:
    """What the person did on pages, from the views of the window up to the cut-off."""
    near = _in_window(_moments(events, conversions), points).where("known_at < as_of")
    is_view = F.col("type") == "page"
    # A server's page event without page_view_id is a view of its own.
    view = F.coalesce("page_view_id", F.when(is_view, F.col("event_id"))).alias("view_id")
    first = F.min_by(F.struct("part", "mobile"), F.when(is_view, F.struct("occurred_at", "event_id")))
    views = near.groupBy(*KEYS, "session_id", view).agg(
        F.max(is_view).alias("viewed"),
        F.max("page_view_id").isNotNull().alias("of_session"),
        _count(F.col("type") == "click").alias("clicks"),
        _count(F.col("type") == "custom").alias("own_events"),
        F.sum("reached").alias("goals"),
        F.max("depth_share").alias("depth"),
        F.max("engaged_ms").alias("engaged_ms"),
        F.max("occurred_at").alias("last"),
        first.alias("first"),
    )
    viewed = _count(F.col("viewed"))
    views_of = {f"views_{part}": F.col("first.part") == part for part in DAY_PARTS} | {
        "views_mobile": F.col("first.mobile")
    }
    shares = [
        F.try_divide(_count(F.col("viewed") & condition), viewed).alias(name) for name, condition in views_of.items()
    ]
    seconds = F.col("as_of").cast("double") - F.max("last").cast("double")
    return views.groupBy(*KEYS).agg(
        F.countDistinct(F.when(F.col("of_session"), F.col("session_id"))).alias("sessions"),
        (seconds / 86_400).alias("recency_days"),
        viewed.alias("views"),
        *(F.sum(name).alias(name) for name in ("clicks", "goals", "own_events")),
        F.try_divide(F.sum(F.when(F.col("viewed"), F.coalesce("depth", F.lit(0.0)))), viewed).alias("depth"),
        (F.coalesce(F.sum(F.when(F.col("view_id").isNotNull(), F.col("engaged_ms"))), F.lit(0)) / 1000).alias(
            "engaged_s"
        ),
        *shares,
    )


def _moments(events: DataFrame, conversions: DataFrame) -> DataFrame:
    """Events of people by whom they are of: a visitor's, a customer's, and those of sessions that name the customer.

    Output: unit, person, known_at (time from which the event is known to be the person's), and what `_browsing` reads.
    """
    require_columns(conversions, CONVERSION_COLUMNS)
    reached = conversions.groupBy("app", "event_id").agg(F.count("*").alias("reached"))
    moments = (
        _allowed(events)
        .join(reached, on=["app", "event_id"], how="left")
        # Listens have features of their own, and ads are shown by us.
        .where("type NOT IN ('listen', 'ad') OR reached > 0")
        .select(
            *("app", "event_id", "type", "session_id", "page_view_id", "customer_id", "user_key", "occurred_at"),
            part_of(local_hour()).alias("part"),
            F.coalesce(F.col("view.vw") < MOBILE_BELOW_PX, F.lit(False)).alias("mobile"),
            F.col("scroll.depth_share").alias("depth_share"),
            F.col("scroll.engaged_ms").alias("engaged_ms"),
            F.coalesce("reached", F.lit(0)).alias("reached"),
        )
    )
    named = moments.where("session_id IS NOT NULL AND customer_id IS NOT NULL")
    claims = named.groupBy("app", "session_id", "customer_id").agg(F.min("occurred_at").alias("known_at"))
    in_sessions = moments.drop("customer_id").join(claims, on=["app", "session_id"])
    alone = moments.where("session_id IS NULL").withColumn("known_at", F.col("occurred_at"))
    customers = in_sessions.unionByName(alone)
    visitors = moments.withColumn("known_at", F.col("occurred_at"))
    return _of(customers, CUSTOMER, "customer_id").unionByName(_of(visitors, VISITOR, "user_key"))


def _of(moments: DataFrame, unit: str, key: str) -> DataFrame:
    known = moments.withColumns({"unit": F.lit(unit), "person": F.col(key)}).where("person IS NOT NULL")
    return known.drop("customer_id", "user_key")


def _allowed(events: DataFrame) -> DataFrame:
    """Events of people, no staff, who agreed to be measured and to ads."""
    require_columns(events, EVENT_COLUMNS)
    agreed = "consent.ads AND coalesce(consent.analytics, true) AND NOT coalesce(staff, false)"
    return events.where(agreed).where(people())


def _in_window(rows: DataFrame, points: DataFrame) -> DataFrame:
    """Join rows with the points of their person whose window they lie in."""
    start = F.col("as_of") - F.expr(f"interval {WINDOW_DAYS} days")
    joined = rows.join(points.select(*KEYS), on=["app", "unit", "person"])
    return joined.where((F.col("occurred_at") >= start) & (F.col("occurred_at") < F.col("as_of")))


def _count(condition: Column) -> Column:
    return F.sum(condition.cast("int"))
