"""From whom and when a model learns: first decisions that showed an offer, or before there are any, everybody.

A point is a person at a time (app, unit, person, as_of); `analytics.model.behaviour` says what was known then and
`analytics.model.labels` what followed. Source: docs/model.md, "Rows".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.model.behaviour import CUSTOMER, VISITOR
from analytics.model.labels import OUTCOME
from analytics.schema.frames import require_columns
from analytics.schema.people import PEOPLE_COLUMNS, people
from logdig.tables.feature_sets import WINDOW_DAYS

KEPT = timedelta(days=183)
"""Older decisions say little about the next weeks."""
WINDOW = timedelta(days=WINDOW_DAYS)
MOST_WINDOWS = 8
EXPOSURES, CLICKS = "exposures", "clicks"
"""Kinds of rows."""
POINT = ("app", "unit", "person", "as_of", "p_show")
EXPOSURE_COLUMNS = (
    *("app", "event_id", "occurred_at", "user_key", "customer_id", "offer", "decision", "would_show", "p_show"),
)


@dataclass(frozen=True, slots=True)
class Windows:
    """Times of points, oldest first, and how long after each a label is looked for."""

    times: tuple[datetime, ...]
    length: timedelta


def windows(start: datetime, end: datetime, horizon: timedelta) -> Windows:
    """Place label windows one after the other before the end of what is known.

    At least half of the span remains for features before the first; where a span is too short for two of the horizon,
    they are a quarter of it.

    Args:
        start: First event of an app.
        end: Last one.
        horizon: Length of a label's window.
    Raises:
        ValueError: ``end`` lies before ``start``.
    """
    if end < start:
        raise ValueError(f"the span ends {end} before it starts {start}")
    length = min(horizon, (end - start) / 4)
    count = min(MOST_WINDOWS, int((end - start) / 2 / length)) if length else 0
    return Windows(tuple(end - number * length for number in range(count, 0, -1)), length)


def exposure_points(exposures: DataFrame, offer: str, unit: str, horizon: timedelta, now: datetime) -> DataFrame:
    """Take each person's first decision of a window that would have shown the offer, where it did show it.

    Windows are as long as the horizon, back from now, for KEPT; the label of the newest is not known yet. Who was held
    out, capped, over budget, stale or undecided then is no point.

    Input:  mart exposures, EXPOSURE_COLUMNS. unit: ``customer`` or ``visitor``.
    Output: POINT; p_show above 0, at most 1.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(exposures, EXPOSURE_COLUMNS)
    person = F.col("customer_id") if unit == CUSTOMER else F.col("user_key")
    ago = F.lit(now).cast("double") - F.col("occurred_at").cast("double")
    length = horizon.total_seconds()
    decided = (
        exposures.where((F.col("offer") == offer) & F.col("would_show"))
        .select("app", person.alias("person"), "occurred_at", "event_id", "decision", "p_show", ago.alias("ago"))
        .where(F.col("person").isNotNull() & (F.col("ago") >= length) & (F.col("ago") <= KEPT.total_seconds()))
    )
    first = decided.groupBy("app", "person", F.floor(F.col("ago") / length)).agg(
        F.min_by(F.struct("occurred_at", "decision", "p_show"), F.struct("occurred_at", "event_id")).alias("first")
    )
    shown = first.where((F.col("first.decision") == "show") & (F.col("first.p_show") > 0))
    return shown.select(
        "app", F.lit(unit).alias("unit"), "person", F.col("first.occurred_at").alias("as_of"), F.col("first.p_show")
    )


def known_points(seen: DataFrame, unit: str, times: tuple[datetime, ...]) -> DataFrame:
    """Take everybody who did something in the days before each of some times.

    Input:  seen: output of `activity`.
    Output: POINT, with p_show 1.
    """
    starts = F.explode(F.array(*(F.lit(time) for time in times))) if times else F.explode(F.lit(None).cast(TIMES))
    near = F.col("at").between(F.col("as_of") - F.expr(f"interval {WINDOW_DAYS} days"), F.col("as_of"))
    return (
        seen.withColumn("as_of", starts)
        .where(near & (F.col("at") < F.col("as_of")))
        .select("app", F.lit(unit).alias("unit"), "person", "as_of", F.lit(1.0).alias("p_show"))
        .distinct()
    )


TIMES = "array<timestamp>"


def activity(events: DataFrame, unit: str, since: datetime) -> DataFrame:
    """List on which hours people did something that ads may use.

    Input:  table events: app, customer_id, user_key, occurred_at, consent, staff, and those of `people`.
    Output: app, person, at (the latest time of each hour), distinct.
    """
    require_columns(events, ("app", "customer_id", "user_key", "occurred_at", "consent", "staff", *PEOPLE_COLUMNS))
    person = F.col("customer_id") if unit == CUSTOMER else F.col("user_key")
    allowed = F.col("consent.ads") & ~F.coalesce("staff", F.lit(False)) & people()
    return (
        events.where(allowed & person.isNotNull() & (F.col("occurred_at") >= F.lit(since)))
        .groupBy("app", person.alias("person"), F.date_trunc("hour", "occurred_at"))
        .agg(F.max("occurred_at").alias("at"))
        .select("app", "person", "at")
    )


def unit_of(customers: DataFrame) -> str:
    """Whose behaviour counts: an app's customers, or its visitors where no customer is loaded."""
    return VISITOR if customers.isEmpty() else CUSTOMER


def with_lately(points: DataFrame, outcomes: DataFrame) -> DataFrame:
    """Add whether each point's person did it in the 28 days before.

    Input:  points: POINT and whatever else; outcomes: OUTCOME.
    Output: the same rows, once each, with lately int 0 or 1.
    """
    keys = ["app", "unit", "person", "as_of"]
    done = (
        outcomes.select(*OUTCOME)
        .join(points.select(*keys), on=keys[:3])
        .where((F.col("occurred_at") < F.col("as_of")) & (F.col("occurred_at") >= _before("as_of")))
        .select(*keys, F.lit(1).alias("lately"))
        .distinct()
    )
    return points.join(done, on=keys, how="left").withColumn("lately", F.coalesce("lately", F.lit(0)))


def _before(column: str) -> Column:
    return F.col(column) - F.expr(f"interval {WINDOW_DAYS} days")
