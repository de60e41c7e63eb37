"""Whether a person did what an offer is for, and what was known of them, at a time."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.model.behaviour import CUSTOMER, KEYS, by_unit
from analytics.schema.frames import require_columns
from analytics.schema.people import PEOPLE_COLUMNS, people

OUTCOME = ("app", "unit", "person", "occurred_at")
CUSTOMER_CODES = ("level", "status")
"""Columns of customers that decide whether an offer is for them."""


def clicks_on(events: DataFrame, ad: str) -> DataFrame:
    """Pick the clicks on an ad.

    Input:  table events: app, customer_id, user_key, type, occurred_at, ad {name, action}, consent {ads}, and those of
            `people`.
    Output: OUTCOME, one row per click and unit that it names: its customer and its visitor. Bots, staff and clicks
            without ads consent are left out.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(events, ("app", "customer_id", "user_key", "type", "occurred_at", "ad", "consent", *PEOPLE_COLUMNS))
    is_click = (F.col("type") == "ad") & (F.col("ad.action") == "click") & (F.col("ad.name") == ad)
    return _by_unit(events.where(is_click & F.col("consent.ads") & people()))


def goals_reached(conversions: DataFrame, events: DataFrame, goal: str) -> DataFrame:
    """Pick what reached a goal.

    Input:  mart conversions: app, event_id, goal, customer_id, user_key, occurred_at. events: app, event_id, consent
            {ads}.
    Output: OUTCOME, as `clicks_on`; only of events whose consent allowed ads.
    """
    require_columns(conversions, ("app", "event_id", "goal", "customer_id", "user_key", "occurred_at"))
    agreed = events.where("consent.ads").select("app", "event_id")
    reached = conversions.where(F.col("goal") == goal)
    return _by_unit(reached.join(agreed, on=["app", "event_id"], how="left_semi"))


def labelled(points: DataFrame, outcomes: DataFrame, horizon: timedelta) -> DataFrame:
    """Add whether each point's person did it within the horizon.

    Input:  points: KEYS, and whatever else; outcomes: OUTCOME.
    Output: the same rows, once each, with label int: 1 = an outcome in [as_of, as_of + horizon], else 0.
    """
    require_columns(points, KEYS)
    end = F.col("as_of") + F.expr(f"interval {int(horizon.total_seconds())} seconds")
    done = (
        outcomes.select(*OUTCOME)
        .join(points.select(*KEYS), on=["app", "unit", "person"])
        .where((F.col("occurred_at") >= F.col("as_of")) & (F.col("occurred_at") <= end))
        .select(*KEYS, F.lit(1).alias("label"))
        .distinct()
    )
    return points.join(done, on=list(KEYS), how="left").withColumn("label", F.coalesce("label", F.lit(0)))


def with_customer_codes(points: DataFrame, customers: DataFrame, changes: DataFrame) -> DataFrame:
    """Add the level and status of each point's customer as they were known at its time.

    From what is known now, later loads are taken back: what the first change at or after as_of replaced was the value.
    Before the first load of a customer, that load stands.

    Input:  points: KEYS, and whatever else. customers: app, customer_id, CUSTOMER_CODES. changes: table
            customer_changes.
    Output: the same rows with level and status int; null for visitors, unknown customers and unknown values.
    """
    require_columns(points, KEYS)
    require_columns(customers, ("app", "customer_id", *CUSTOMER_CODES))
    require_columns(changes, ("app", "customer_id", "column", "old", "changed_at"))
    is_customer, keys = F.lit(CUSTOMER).alias("unit"), [*KEYS]
    now = customers.select("app", is_customer, F.col("customer_id").alias("person"), *CUSTOMER_CODES)
    later = changes.where(F.col("column").isin(*CUSTOMER_CODES)).select(
        "app", is_customer, F.col("customer_id").alias("person"), "column", "old", "changed_at"
    )
    undone = (
        points.select(*KEYS)
        .join(later, on=["app", "unit", "person"])
        .where("changed_at >= as_of")
        .groupBy(*KEYS)
        .agg(*(_replaced(name).alias(f"_{name}") for name in CUSTOMER_CODES))
    )
    rows = points.join(now, on=["app", "unit", "person"], how="left").join(undone, on=keys, how="left")
    # A change may have replaced nothing by something: a struct differs from no change.
    before = {
        name: F.when(F.col(f"_{name}").isNotNull(), F.expr(f"try_cast(_{name}.old AS int)")).otherwise(
            F.col(name).cast("int")
        )
        for name in CUSTOMER_CODES
    }
    return rows.withColumns(before).drop(*(f"_{name}" for name in CUSTOMER_CODES))


def _replaced(name: str) -> Column:
    """What the first of several changes of a column replaced, in a struct; null without a change."""
    at = F.when(F.col("column") == name, F.col("changed_at"))
    return F.min_by(F.struct("old"), at)


def _by_unit(rows: DataFrame) -> DataFrame:
    return rows.select("app", "occurred_at", by_unit()).where("person IS NOT NULL").select(*OUTCOME)
