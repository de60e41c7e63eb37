"""Jobs that train models, and score by those that serve."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import reduce
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.features import FEATURE_COLUMNS
from analytics.jobs.report import JobReport
from analytics.model.drift import MOVED, stability_index
from analytics.model.measuring import SEED, Money
from analytics.model.points import EXPOSURES
from analytics.model.predictions import predictions
from analytics.model.quality_gate import MOST_WEIGHT, Evaluation, GateResult, Sample, details, gate, train
from analytics.model.regression import Model, score_column, version
from analytics.model.splits import split
from analytics.model.targets import eligible
from analytics.model.trainers import MOST_LOCAL_ROWS, matrix, train_spark
from analytics.schema.columns import table_columns
from logdig.aws.clients import s3_store
from logdig.config.offers import OfferSettings
from logdig.config.settings import Settings
from logdig.store.state.model_choices import Choice, choice_key, read_choices, serving
from logdig.tables.model import MODELS

FIGURES = ("error", "average_precision", "brier", "roc_auc")
LATELY_COLUMN = "lately"
"""A model knows what the simple predictor knows, so it beats it only by what else people do."""
LEAST_LEFT = 0.5
"""A model that leaves fewer of the targets waits for the owner's approval."""


def models_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Train, evaluate and gate one model for each app and offer; keep the refused ones, too."""
    features, earlier = tables.read(spark, settings, "features"), _models(spark, settings)
    choices, customers = read_choices(s3_store(settings)), tables.read(spark, settings, "customers")
    rows = []
    for app in settings.apps:
        for offer in settings.offers:
            own = features.where((F.col("app") == app.name) & (F.col("offer") == offer.name))
            row = _model_row(own.where("split = 'past'"), app.name, offer, now)
            served = _serving(earlier, choices, app.name, offer.name)
            if row["passed"] and served is not None:
                row |= held_back(own.where("split = 'now'"), customers, offer, row, served)
            rows.append(row)
    values = [tuple(row[name] for name in MODELS.names) for row in rows]
    tables.append(spark, settings, "models", spark.createDataFrame(values, table_columns("models")))
    notes: dict[str, object] = {f"{row['app']} {row['offer']}": f"{_state(row)}: {row['reason']}" for row in rows}
    return JobReport("models", tables.read(spark, settings, "models").count(), notes=notes)


def predictions_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001 (every job's shape)
    """Score people by the model that serves their app and offer: the last good one, whatever came after it."""
    current = tables.read(spark, settings, "features").where("split = 'now'")
    models, choices = _models(spark, settings), read_choices(s3_store(settings))
    customers = tables.read(spark, settings, "customers")
    frames, notes = [], {}
    for app in settings.apps:
        for offer in settings.offers:
            row = _serving(models, choices, app.name, offer.name)
            notes[f"{app.name} {offer.name}"] = "no model serves" if row is None else f"model {row['model_version']}"
            if row is not None:
                own = current.where((F.col("app") == app.name) & (F.col("offer") == offer.name))
                named = {"offer": offer.name, "model_version": row["model_version"]}
                drift = _drift(eligible(own, customers, offer), row)
                if drift is not None and drift >= MOVED:
                    notes[f"{app.name} {offer.name}"] += f", whose scores have moved since its test ({drift:.2f})"
                frames.append(predictions(own, _decoded(row), **named, drift=drift))
    rows = reduce(DataFrame.unionByName, frames, tables.small_frame(spark, table_columns("predictions")))
    return JobReport("predictions", tables.replace(spark, settings, "predictions", rows), notes=dict(notes))


def _drift(audience: DataFrame, row: Mapping[str, Any]) -> float | None:
    """How far the scores of today's audience are from those of the test; None where one of them is not known."""
    before = (json.loads(row["details"]) if row["details"] else {}).get("spread")
    if not before:
        return None
    edges = [F.lit(edge) for edge in before["edges"]]
    part = F.size(F.filter(F.array(*edges), lambda edge: edge <= F.col("score"))).alias("part")
    scored = audience.select(score_column(_decoded(row)).alias("score")).where("score IS NOT NULL")
    counts = {one["part"]: one["count"] for one in scored.select(part).groupBy("part").count().toArrow().to_pylist()}
    total = sum(counts.values())
    shares = [counts.get(place, 0) / total for place in range(len(edges) + 1)] if total else None
    return stability_index(before["shares"], shares) if shares else None


def money_of(offer: OfferSettings) -> Money | None:
    """What an offer costs and brings; None where the owner has not said what it brings."""
    return None if offer.offer_value is None else Money(offer.ad_cost, offer.offer_value)


def _state(row: Mapping[str, Any]) -> str:
    if not row["passed"]:
        return "refused"
    return "passed" if row["accepted"] else "waits for approval"


def _model_row(labelled: DataFrame, app: str, offer: OfferSettings, now: datetime) -> dict[str, Any]:
    """Make the row of `models` for one app and offer from its labelled rows; of very many, from a part of them."""
    count = labelled.count()
    is_large = count > MOST_LOCAL_ROWS
    past = (labelled.sample(MOST_LOCAL_ROWS / count, seed=SEED) if is_large else labelled).toArrow()
    # A set of features that the app has no data for is null throughout.
    known = [name for name in FEATURE_COLUMNS if past[name].null_count < max(past.num_rows, 1)]
    names = [*known, LATELY_COLUMN]
    parts = split(past, offer.horizon_days)
    first, second = (_sample(part, names) for part in (parts.train, parts.test))
    base = _by_spark(labelled, first, names) if is_large and parts.by == "time" else None
    model, evaluation = train(names, first, second, split=parts.by, money=money_of(offer), base=base)
    result = gate(evaluation, max_error=offer.max_error)
    return {
        "app": app,
        "offer": offer.name,
        "trained_at": now,
        "model_version": version(model, app, offer.name) if model else None,
        "coefficients": msgspec.json.encode(model).decode() if model else None,
        "kind": past["kind"][0].as_py() if past.num_rows else EXPOSURES,
        "accepted": result.passed,
        "details": msgspec.json.encode(details(evaluation)).decode(),
        **_columns(evaluation, result),
    }


def _by_spark(labelled: DataFrame, part: Sample, names: Sequence[str]) -> Model | None:
    """Fit by Spark to all rows of the time of a part."""
    if part.as_of is None or not 0 < part.positives < len(part.labels):
        return None
    weight = F.least(F.lit(1.0) / F.col("p_show"), F.lit(MOST_WEIGHT)).alias("weight")
    return train_spark(labelled.where(F.col("as_of") <= F.lit(part.as_of[1])).select(*names, "label", weight), names)


def _columns(evaluation: Evaluation, result: GateResult) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(evaluation).items() if name in MODELS.names}
    ours, constant = ({} if one is None else asdict(one) for one in (evaluation.model, evaluation.constant))
    figures = {name: ours.get(name) for name in FIGURES} | {f"constant_{name}": constant.get(name) for name in FIGURES}
    return facts | figures | asdict(result)


def _sample(part: pa.Table, names: Sequence[str]) -> Sample:
    labels, lately, chance = (part[name].to_numpy().astype(np.float64) for name in ("label", "lately", "p_show"))
    times = sorted(part["as_of"].to_pylist())
    until = max(part["label_until"].to_pylist(), default=None)
    return Sample(matrix(part, names), labels, 1 / chance, lately, (times[0], times[-1]) if times else None, until)


def held_back(
    current: DataFrame, customers: DataFrame, offer: OfferSettings, row: Mapping[str, Any], served: Mapping[str, Any]
) -> dict[str, Any]:
    """Hold a model back that would leave fewer than half of the targets; empty where it does not.

    Without a value the best share are targets, and no model changes how many they are.
    """
    if offer.offer_value is None:
        return {}
    audience = eligible(current, customers, offer)
    pays = [score_column(_decoded(one)) * F.lit(offer.offer_value) > F.lit(offer.ad_cost) for one in (row, served)]
    counts = audience.agg(*(F.count_if(one).alias(f"n{place}") for place, one in enumerate(pays)))
    ours, theirs = counts.toArrow().to_pylist()[0].values()
    if ours >= theirs * LEAST_LEFT:
        return {}
    words = (
        f"{ours:,} targets in place of {theirs:,}: model {served['model_version']} serves on; to take this one, run "
        f"'logdig model approve {row['model_version']}'"
    )
    return {"accepted": False, "reason": f"{words}; {row['reason']}"}


def _models(spark: SparkSession, settings: Settings) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tables.read(spark, settings, "models").toArrow().to_pylist()
    return rows


def _serving(
    rows: Iterable[Mapping[str, Any]], choices: Mapping[str, Choice], app: str, offer: str
) -> Mapping[str, Any] | None:
    own = [row for row in rows if (row["app"], row["offer"]) == (app, offer)]
    return serving(own, choices.get(choice_key(app, offer), Choice()))


def _decoded(row: Mapping[str, Any]) -> Model:
    return msgspec.json.decode(row["coefficients"], type=Model)
