"""Jobs from marts to targets: read, transform, write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import reduce
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.model.features import ad_clicks, spans, training_rows, windows
from analytics.model.predictions import predictions
from analytics.model.quality_gate import Evaluation, GateResult, Sample, gate, train
from analytics.model.regression import Model, version
from analytics.model.targets import eligible, profiles, retire, targets
from analytics.schema.columns import table_columns
from logdig.aws.clients import profile_store
from logdig.config.settings import Settings
from logdig.decide.profile_store import ProfileStore
from logdig.tables.model import FEATURE_NAMES, MODELS

FIGURES = ("error", "average_precision", "brier", "roc_auc")


def features_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Summarise customers as of training, test and now."""
    listens = tables.read(spark, settings, "listens")
    # Few of many rows, and read again for every label.
    clicks = tables.staged(ad_clicks(tables.read(spark, settings, "events")))
    frames: list[DataFrame] = []
    notes: dict[str, object] = {}
    for span in spans(listens, clicks).toArrow().to_pylist():
        times = windows(span["start"], span["end"])
        heard, clicked = (frame.where(F.col("app") == span["app"]) for frame in (listens, clicks))
        frames += [training_rows(heard, clicked, offer.name, times, now) for offer in settings.offers]
        notes[span["app"]] = f"trains up to {times.test_as_of:%Y-%m-%d}, tests up to {times.test_until:%Y-%m-%d}"
    rows = _union(spark, frames, "features")
    return JobReport("features", tables.replace(spark, settings, "features", rows), notes=notes)


def models_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Train, evaluate and gate one model for each app and offer; keep the refused ones, too."""
    known = tables.read(spark, settings, "features").where(F.col("split") != "now")
    customers = tables.read(spark, settings, "customers")
    rows = []
    for offer in settings.offers:
        audience = eligible(customers, offer).select("app", "customer_id")
        table = known.where(F.col("offer") == offer.name).join(audience, on=["app", "customer_id"], how="left_semi")
        labelled = table.toArrow()
        rows += [_model_row(labelled, app.name, offer.name, now) for app in settings.apps]
    values = [tuple(row[name] for name in MODELS.names) for row in rows]
    tables.append(spark, settings, "models", spark.createDataFrame(values, table_columns("models")))
    notes: dict[str, object] = {
        f"{row['app']} {row['offer']}": f"{'passed' if row['passed'] else 'refused'}: {row['reason']}" for row in rows
    }
    return JobReport("models", tables.read(spark, settings, "models").count(), notes=notes)


def predictions_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001 (every job's shape)
    """Score customers by the newest model of their app and offer, if it passed."""
    current = tables.read(spark, settings, "features").where(F.col("split") == "now")
    offers = {offer.name for offer in settings.offers}
    frames = []
    for row in _newest(tables.read(spark, settings, "models")):
        if row["passed"] and row["offer"] in offers:
            model = msgspec.json.decode(row["coefficients"], type=Model)
            own = current.where((F.col("app") == row["app"]) & (F.col("offer") == row["offer"]))
            frames.append(predictions(own, model, offer=row["offer"], model_version=row["model_version"]))
    rows = _union(spark, frames, "predictions")
    return JobReport("predictions", tables.replace(spark, settings, "predictions", rows))


def targets_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001 (every job's shape)
    """Choose whom to make each offer, and make the profile table say the same."""
    return write_targets(spark, settings, profile_store(settings))


def write_targets(spark: SparkSession, settings: Settings, store: ProfileStore) -> JobReport:
    """Choose targets with a given profile store; in the order that `analytics.model.targets.retire` explains."""
    scored, customers = (tables.read(spark, settings, name) for name in ("predictions", "customers"))
    frames = [targets(scored, customers, offer) for offer in settings.offers]
    rows = _union(spark, frames, "targets").localCheckpoint()
    chosen = rows.toArrow().to_pylist()
    earlier = tables.read(spark, settings, "targets").select("app", "customer_id").toArrow().to_pylist()
    removed = retire(store, earlier, chosen)
    count = tables.replace(spark, settings, "targets", rows)
    written = store.put(profiles(chosen))
    return JobReport("targets", count, notes={"profiles": written, "profiles removed": removed})


def _model_row(table: pa.Table, app: str, offer: str, now: datetime) -> dict[str, Any]:
    """Make the row of `models` for one app and offer from its labelled audience."""
    own = table.filter(pc.field("app") == app)
    model, evaluation = train(FEATURE_NAMES, _sample(own, "train"), _sample(own, "test"))
    result = gate(evaluation)
    return {
        "app": app,
        "offer": offer,
        "trained_at": now,
        "model_version": version(model, app, offer) if model else None,
        "coefficients": msgspec.json.encode(model).decode() if model else None,
        **_row_of(evaluation, result),
    }


def _row_of(evaluation: Evaluation, result: GateResult) -> dict[str, Any]:
    facts = asdict(evaluation)
    ours, constant = facts.pop("model") or {}, facts.pop("constant") or {}
    figures = {name: ours.get(name) for name in FIGURES} | {f"constant_{name}": constant.get(name) for name in FIGURES}
    return facts | figures | asdict(result)


def _sample(table: pa.Table, split: str) -> Sample:
    own = table.filter(pc.field("split") == split)
    rows = np.column_stack([own[name].to_numpy() for name in FEATURE_NAMES])
    labels = own["label"].to_numpy().astype(np.float64)
    as_of, until = (own[name][0].as_py() if own.num_rows else None for name in ("as_of", "label_until"))
    return Sample(rows, labels, as_of, until)


def _newest(models: DataFrame) -> list[dict[str, Any]]:
    """Read the last row of each app and offer."""
    last = models.groupBy("app", "offer").agg(F.max("trained_at").alias("trained_at"))
    newest: list[dict[str, Any]] = models.join(last, on=["app", "offer", "trained_at"]).toArrow().to_pylist()
    return newest


def _union(spark: SparkSession, frames: Iterable[DataFrame], name: str) -> DataFrame:
    return reduce(DataFrame.unionByName, frames, tables.small_frame(spark, table_columns(name)))
