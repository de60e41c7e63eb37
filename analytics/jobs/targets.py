"""The job that chooses whom to make each offer, and writes the profiles by which the policy decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.model.target_history import target_history
from analytics.model.targets import PERSON, expires_at, profiles, retire, scored
from analytics.schema.columns import table_columns
from logdig.aws.clients import profile_store
from logdig.config.offers import OfferSettings
from logdig.config.settings import Settings
from logdig.decide.hashes import explores
from logdig.decide.profiles import person_key
from logdig.decide.stores.profile_store import ProfileStore
from logdig.questions.trials.verdict import HOLDOUTS, least_holdout
from logdig.tables.model import TARGETS

Holdouts = dict[tuple[str, str], float]


def targets_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Choose whom to make each offer, and make the profile store say the same."""
    return write_targets(spark, settings, profile_store(settings), now)


def write_targets(spark: SparkSession, settings: Settings, store: ProfileStore, now: datetime) -> JobReport:
    """Choose targets with a given profile store; in the order that `analytics.model.targets.retire` explains."""
    predictions, customers = (tables.read(spark, settings, name) for name in ("predictions", "customers"))
    frames = [scored(predictions, customers, offer) for offer in settings.offers]
    if not frames:
        _note(spark, settings, _none(spark), now)
        return JobReport("targets", tables.replace(spark, settings, "targets", _none(spark)))
    everyone = tables.staged(reduce(DataFrame.unionByName, frames))
    earlier = tables.read(spark, settings, "targets").toArrow().to_pylist()
    holdouts = _holdouts(everyone, settings, earlier, now)
    own = _with_profile(everyone, settings, now).orderBy(*PERSON, "offer")
    found = list(profiles(own.toArrow().to_pylist(), holdouts))
    removed = retire(store, earlier, {profile.person for profile in found})
    listed = _rows(everyone, settings, holdouts)
    _note(spark, settings, listed, now)
    count = tables.replace(spark, settings, "targets", listed)
    return JobReport("targets", count, notes={"profiles": store.put(found), "profiles removed": removed})


def _note(spark: SparkSession, settings: Settings, listed: DataFrame, now: datetime) -> None:
    """Note when people were targets, before the list that is there is replaced."""
    known, earlier = (tables.read(spark, settings, name) for name in ("target_history", "targets"))
    tables.replace(spark, settings, "target_history", target_history(known, earlier, listed, now))


def _none(spark: SparkSession) -> DataFrame:
    return tables.small_frame(spark, table_columns("targets"))


def _with_profile(everyone: DataFrame, settings: Settings, now: datetime) -> DataFrame:
    """Rows of people who are a target of some offer, or explore at some placement this month."""
    keys = [F.coalesce(name, F.lit("")) for name in PERSON]
    explorer = reduce(lambda one, other: one | other, (_explores(offer, settings, now) for offer in settings.offers))
    some = F.max(F.col("target") | explorer).over(Window.partitionBy(*keys))
    return everyone.withColumn("some", some).where("some").drop("some", "reason")


def _explores(offer: OfferSettings, settings: Settings, now: datetime) -> Column:
    """Whether a person is in the month's explore bucket of an offer's placement, by the policy's own hash."""
    days = {app.name: now.astimezone(ZoneInfo(app.timezone)).date() for app in settings.apps}
    placement, share = offer.placement, offer.explore_share

    def drawn(app: pa.Array, customer: pa.Array, visitor: pa.Array) -> pa.Array:
        people = zip(app.to_pylist(), customer.to_pylist(), visitor.to_pylist(), strict=True)
        return pa.array([_is_drawn(person, days, placement, share) for person in people], pa.bool_())

    return arrow_udf(drawn, "boolean")(*PERSON)  # type: ignore[call-overload, no-any-return]


def _is_drawn(
    person: tuple[str, str | None, str | None], days: Mapping[str, date], placement: str, share: float
) -> bool:
    app, customer, visitor = person
    key = person_key(app, customer_id=customer, user_key=visitor)
    return app in days and explores(key, placement, days[app], share)


def _holdouts(everyone: DataFrame, settings: Settings, earlier: list[dict[str, Any]], now: datetime) -> Holdouts:
    """Choose shares where the setting is ``auto``: the least that decides break-even within a month's trial.

    Within a month of the app's zone a share stays, so that nobody changes sides; where no share decides it, the least
    costs least.
    """
    wanted = [offer for offer in settings.offers if offer.holdout_share == "auto"]
    if not wanted:
        return {}
    kept = {(row["app"], row["offer"]): row for row in earlier if row["holdout_share"] is not None}
    counted = (
        everyone.where("target").groupBy("app", "offer").agg(F.count("*").alias("people"), F.avg("score").alias("rate"))
    )
    zones = {app.name: ZoneInfo(app.timezone) for app in settings.apps}
    found: Holdouts = {}
    for row in counted.toArrow().to_pylist():
        offer = next((one for one in wanted if one.name == row["offer"]), None)
        before = kept.get((row["app"], row["offer"]))
        if offer is None:
            continue
        zone = zones.get(row["app"], UTC)
        same_month = before is not None and _month(before["features_as_of"], zone) == _month(now, zone)
        even = offer.ad_cost / offer.offer_value if offer.offer_value else 0.0
        chosen = least_holdout(row["people"], row["rate"], even) if even else None
        found[(row["app"], row["offer"])] = before["holdout_share"] if before and same_month else chosen or HOLDOUTS[0]
    return found


def _month(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m}"


def _rows(everyone: DataFrame, settings: Settings, holdouts: Holdouts) -> DataFrame:
    """Rows of table targets."""
    share = F.lit(None).cast("double")
    for offer in settings.offers:
        if not isinstance(offer.holdout_share, str):
            share = F.when(F.col("offer") == offer.name, F.lit(float(offer.holdout_share))).otherwise(share)
    for (app, name), chosen in holdouts.items():
        share = F.when((F.col("app") == app) & (F.col("offer") == name), F.lit(chosen)).otherwise(share)
    rows = everyone.where("target").withColumn("holdout_share", share).withColumn("expires_at", expires_at())
    return rows.select(*TARGETS.names)
