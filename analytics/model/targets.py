"""Who is worth an offer: eligible people whose score pays, and the profiles by which the policy decides.

Eligible means below the offer's level and with its status: a "Gold" offer to Gold members, or to people who left, is
money spent on nobody (docs/model.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from analytics.schema.frames import require_columns
from logdig.config.offers import OfferSettings
from logdig.decide.policy import STALE_AFTER
from logdig.decide.profiles import OfferScore, Profile, person_key
from logdig.decide.stores.profile_store import ProfileStore

BANDS = 5
"""Equally many people each, by score."""
CODES = ("level", "status")
PERSON = ("app", "customer_id", "user_key")


def eligible(rows: DataFrame, customers: DataFrame, offer: OfferSettings) -> DataFrame:
    """Keep the people who may get an offer.

    Input:  rows: app, customer_id (null of a visitor), and whatever else. customers: mart, app, customer_id, level,
            status (whole numbers; unknown ones are null).
    Output: the same rows with level and status; customers with an unknown level or status are not eligible, visitors
            are, whose codes nobody knows.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(customers, ["app", "customer_id", *CODES])
    codes = customers.select("app", "customer_id", *(F.col(name).cast("int").alias(name) for name in CODES))
    fits = (F.col("level") < offer.below_level) & (F.col("status") == offer.status)
    return rows.join(codes, on=["app", "customer_id"], how="left").where(F.col("customer_id").isNull() | fits)


def scored(predictions: DataFrame, customers: DataFrame, offer: OfferSettings) -> DataFrame:
    """Rank everybody who is eligible for an offer, and say who is a target.

    A target's score brings more than the offer costs; where the owner has not said what a success brings, the best
    ``target_share`` are targets.

    Input:  table predictions, mart customers.
    Output: one row per eligible person with a score: the columns of PREDICTIONS but as_of, then level, status,
            features_as_of, rank int (1 = best of its app; equal scores by id), band int (1 to BANDS, BANDS = best
            fifth), target boolean.
    """
    of_app = Window.partitionBy("app")
    order = of_app.orderBy(F.col("score").desc(), F.coalesce("customer_id", "user_key"))
    rows = eligible(predictions.where(F.col("offer") == offer.name), customers, offer)
    ranked = rows.withColumn("rank", F.row_number().over(order)).withColumn("people", F.count("*").over(of_app))
    return (
        ranked.withColumn("band", (F.lit(BANDS) - F.floor((F.col("rank") - 1) * BANDS / F.col("people"))).cast("int"))
        .withColumn("target", _is_target(offer))
        .withColumnRenamed("as_of", "features_as_of")
        .drop("people")
    )


def _is_target(offer: OfferSettings) -> Column:
    if offer.offer_value is None:
        return F.col("rank") <= F.ceil(F.col("people") * F.lit(offer.target_share))
    return F.col("score") * F.lit(offer.offer_value) > F.lit(offer.ad_cost)


def expires_at() -> Column:
    """Time from which a score is not used any more."""
    return F.col("features_as_of") + F.expr(f"interval {int(STALE_AFTER.total_seconds())} seconds")


def profiles(rows: Iterable[Mapping[str, Any]], holdouts: Mapping[tuple[str, str], float]) -> Iterator[Profile]:
    """Turn rows of `scored` (times timezone-aware) into a profile per person, with all offers they are eligible for.

    Args:
        rows: In the order of PERSON, so that a person's are together.
        holdouts: Chosen shares by app and offer, where the setting is ``auto``.
    """
    person, gathered = None, list[Mapping[str, Any]]()
    for row in rows:
        key = _person(row)
        if gathered and key != person:
            yield _profile(gathered, holdouts)
            gathered = []
        person = key
        gathered.append(row)
    if gathered:
        yield _profile(gathered, holdouts)


def _profile(rows: list[Mapping[str, Any]], holdouts: Mapping[tuple[str, str], float]) -> Profile:
    offers = {
        row["offer"]: OfferScore(
            row["score"], row["model_version"], row["target"], row["band"], holdouts.get((row["app"], row["offer"]))
        )
        for row in rows
    }
    # The oldest features decide about freshness.
    as_of = min(row["features_as_of"] for row in rows)
    return Profile(_person(rows[0]), as_of, offers, rows[0]["level"], rows[0]["status"])


def retire(store: ProfileStore, earlier: Iterable[Mapping[str, Any]], kept: set[str]) -> int:
    """Remove the profiles of people who were targets and have none any more; return how many.

    A run retires first, then writes the table, then puts the profiles: wherever it dies, the table names everyone who
    may still have a profile, and the next run repairs the rest. Explorers' profiles end by themselves after 7 days, and
    with the month their part in the draw.

    Args:
        earlier: Targets of the run before: at least PERSON.
        kept: Keys of those who have a profile by this run.
    Raises:
        ProfileUnavailableError: The store did not remove everyone; run the job again.
    """
    return store.remove({_person(row) for row in earlier} - kept)


def _person(row: Mapping[str, Any]) -> str:
    return person_key(row["app"], customer_id=row["customer_id"], user_key=row["user_key"])
