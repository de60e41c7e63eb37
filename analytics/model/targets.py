"""Who is worth an offer: eligible customers with a score that is good enough, and their profiles.

Eligible means below the offer's level and with its status: a "Gold" offer to Gold members, or to people who left, is
money spent on nobody (docs/model.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from analytics.schema.frames import require_columns
from logdig.config.offers import OfferSettings
from logdig.decide.profile_store import ProfileStore
from logdig.decide.profiles import OfferScore, Profile, person_key
from logdig.tables.model import TARGETS


def eligible(customers: DataFrame, offer: OfferSettings) -> DataFrame:
    """Pick the customers who may get an offer.

    Input:  mart customers: app, customer_id, level, status (whole numbers; unknown ones are null).
    Output: app, customer_id, level, one row per eligible customer; an unknown level or status is not eligible.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(customers, ["app", "customer_id", "level", "status"])
    return customers.where((F.col("level") < offer.below_level) & (F.col("status") == offer.status)).select(
        "app", "customer_id", F.col("level").cast("int").alias("level")
    )


def targets(predictions: DataFrame, customers: DataFrame, offer: OfferSettings) -> DataFrame:
    """Pick and rank the customers worth an offer.

    Input:  table predictions, mart customers.
    Output: the columns of TARGETS: eligible customers with score >= offer.min_score; rank 1 is the best score of its
            app, equal scores are ranked by customer_id.
    """
    order = Window.partitionBy("app", "offer").orderBy(F.col("score").desc(), F.col("customer_id"))
    chosen = predictions.where((F.col("offer") == offer.name) & (F.col("score") >= offer.min_score)).join(
        eligible(customers, offer), on=["app", "customer_id"], how="inner"
    )
    return (
        chosen.withColumn("rank", F.row_number().over(order))
        .withColumnRenamed("as_of", "features_as_of")
        .select(*TARGETS.names)
    )


def profiles(rows: Iterable[Mapping[str, Any]]) -> list[Profile]:
    """Turn rows of targets (times timezone-aware) into one profile per customer, with all of their offers."""
    people: dict[str, Profile] = {}
    for row in rows:
        person = person_key(row["app"], customer_id=row["customer_id"], user_key=None)
        scores = {row["offer"]: OfferScore(row["score"], row["model_version"])}
        as_of = row["features_as_of"]
        if person in people:
            scores |= people[person].offers
            # The oldest features decide about freshness.
            as_of = min(as_of, people[person].features_as_of)
        people[person] = Profile(person, as_of, scores)
    return list(people.values())


def retire(store: ProfileStore, earlier: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]) -> int:
    """Remove the profiles of people who were targets and are none any more; return how many.

    A run retires first, then writes the table, then puts the profiles: wherever it dies, the table names everyone who
    may still have a profile, and the next run repairs the rest.

    Args:
        earlier: Targets of the run before: at least app and customer_id.
        rows: Targets of this run, likewise.
    Raises:
        ProfileUnavailableError: The store did not remove everyone; run the job again.
    """
    return store.remove(_persons(earlier) - _persons(rows))


def _persons(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {person_key(row["app"], customer_id=row["customer_id"], user_key=None) for row in rows}
