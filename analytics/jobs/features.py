"""The job that makes rows to learn from and rows to score."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.model.behaviour import CUSTOMER, KEYS, as_of
from analytics.model.labels import clicks_on, goals_reached, labelled, with_customer_codes
from analytics.model.points import (
    CLICKS,
    EXPOSURES,
    KEPT,
    WINDOW,
    Windows,
    activity,
    exposure_points,
    known_points,
    unit_of,
    windows,
    with_lately,
)
from analytics.schema.columns import table_columns
from logdig.config.offers import OfferSettings
from logdig.config.settings import Settings
from logdig.tables.feature_sets import BROWSING, LISTENING
from logdig.tables.model import FEATURES

SOURCES = ("events", "listens", "conversions", "exposures", "customers", "customer_changes")
FEATURE_COLUMNS = (*LISTENING, *BROWSING)


def features_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Summarise people as of past decisions, with what followed, and as of now."""
    read = {name: tables.read(spark, settings, name) for name in SOURCES}
    frames: list[DataFrame] = []
    notes: dict[str, object] = {}
    for app in settings.apps if settings.offers else ():
        own = {name: frame.where(F.col("app") == app.name) for name, frame in read.items()}
        found = _app_rows(own, settings.offers, now)
        frames += [rows for rows, _ in found]
        notes |= {f"{app.name} {offer.name}": note for offer, (_, note) in zip(settings.offers, found, strict=True)}
    rows = reduce(DataFrame.unionByName, frames, tables.small_frame(spark, table_columns("features")))
    return JobReport("features", tables.replace(spark, settings, "features", rows), notes=notes)


Own = dict[str, DataFrame]
"""Tables of SOURCES, rows of one app."""


def _app_rows(own: Own, offers: tuple[OfferSettings, ...], now: datetime) -> list[tuple[DataFrame, str]]:
    """Rows of table features of one app, offer by offer, each with what they are of."""
    unit = unit_of(own["customers"])
    seen = tables.staged(activity(own["events"], unit, now - KEPT - WINDOW))
    (span,) = seen.agg(F.min("at").alias("first"), F.max("at").alias("last")).toArrow().to_pylist()
    current = tables.staged(known_points(seen, unit, (now,)))
    kinds = [_points(own, offer, seen, span, unit, now) for offer in offers]
    # Offers share most points, and features cost more than all else: each point's are computed once.
    points = reduce(DataFrame.union, (points.select(*KEYS) for _, points, _ in kinds), current.select(*KEYS))
    features = tables.staged(_features(points.distinct(), own))
    found = []
    for offer, (kind, points, horizon) in zip(offers, kinds, strict=True):
        outcomes = tables.staged(_outcomes(own, offer))
        past = labelled(with_lately(points, outcomes), outcomes, horizon).join(features, on=list(KEYS))
        until = (F.col("as_of") + F.expr(f"interval {int(horizon.total_seconds())} seconds")).alias("label_until")
        rows = _row(past, offer, "past", kind, until, F.col("label"))
        nothing = F.lit(None).cast("timestamp").alias("label_until"), F.lit(None).cast("int").alias("label")
        scored = with_lately(current, outcomes).join(features, on=list(KEYS))
        found.append((rows.unionByName(_row(scored, offer, "now", kind, *nothing)), f"learns from {kind}, of {unit}s"))
    return found


def _points(
    own: Own, offer: OfferSettings, seen: DataFrame, span: dict[str, datetime], unit: str, now: datetime
) -> tuple[str, DataFrame, timedelta]:
    """Whom and when an offer's model learns from: their kind, POINT, and how long after each a label is looked for."""
    horizon = timedelta(days=offer.horizon_days)
    points = exposure_points(own["exposures"], offer.name, unit, horizon, now)
    kind = CLICKS if points.isEmpty() else EXPOSURES
    if kind == CLICKS:
        spans = _windows(span["first"], span["last"], horizon, now)
        points, horizon = known_points(seen, unit, spans.times), spans.length
    return kind, tables.staged(_eligible(points, own, offer)), horizon


def _windows(first: datetime | None, last: datetime, horizon: timedelta, now: datetime) -> Windows:
    """Windows of labels before the last event; none where there is no event yet."""
    return Windows((), horizon) if first is None or first > now else windows(first, min(last, now), horizon)


def _outcomes(own: Own, offer: OfferSettings) -> DataFrame:
    """Who did what an offer is for: reached its goal, or clicked its ad where it names none."""
    if offer.goal:
        return goals_reached(own["conversions"], own["events"], offer.goal)
    return clicks_on(own["events"], offer.name)


def _eligible(points: DataFrame, own: Own, offer: OfferSettings) -> DataFrame:
    """Leave out customers whom the offer was not for at the point's time; of visitors nothing is known."""
    coded = with_customer_codes(points, own["customers"], own["customer_changes"])
    fits = (F.col("level") < offer.below_level) & (F.col("status") == offer.status)
    return coded.where((F.col("unit") != CUSTOMER) | fits).drop("level", "status")


def _features(points: DataFrame, own: Own) -> DataFrame:
    """Every feature of each point, KEYS; null where the app has no data for its set."""
    features = as_of(points, own["events"], own["listens"], own["conversions"])
    known = [name if name in features.columns else F.lit(None).cast("double").alias(name) for name in FEATURE_COLUMNS]
    return features.select(*KEYS, *known)


def _row(rows: DataFrame, offer: OfferSettings, split: str, kind: str, *label: Column) -> DataFrame:
    is_customer = F.col("unit") == CUSTOMER
    columns: list[Column | str] = [
        "app",
        F.lit(offer.name).alias("offer"),
        F.lit(split).alias("split"),
        F.when(is_customer, F.col("person")).alias("customer_id"),
        F.when(~is_customer, F.col("person")).alias("user_key"),
        "as_of",
        F.lit(kind).alias("kind"),
        *FEATURE_COLUMNS,
        "lately",
        "p_show",
        *label,
    ]
    return rows.select(*columns).select(*FEATURES.names)
