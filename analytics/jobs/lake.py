"""Jobs from stored lines to the first marts: read, transform, write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.lake.ingest import ingest
from analytics.marts import latest
from analytics.marts.customers import customers
from analytics.marts.heat_cells import heat_cells
from analytics.marts.listens import listens
from analytics.marts.tracks import tracks
from analytics.schema import lake
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.store.keys import ZONES


def ingest_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001 (every job's shape)
    """Merge new objects into ``events`` and ``bad_events``."""
    counts = ingest(spark, settings, [zone for zone in ZONES if _has(settings, f"{zone}/")])
    return JobReport("ingest", tables.read(spark, settings, "events").count(), notes={**counts})


def heat_cells_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Count clicks per cell anew."""
    return _from_events(spark, settings, "heat_cells", heat_cells)


def listens_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Lay out listens anew."""
    return _from_events(spark, settings, "listens", listens)


def customers_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Bring loaded customers in."""
    return _from_loaded(spark, settings, "customers", customers, "customer_id")


def tracks_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Bring loaded tracks in."""
    return _from_loaded(spark, settings, "tracks", tracks, "track_id")


def _from_events(
    spark: SparkSession, settings: Settings, name: str, transform: Callable[[DataFrame], DataFrame]
) -> JobReport:
    rows = transform(tables.read(spark, settings, "events"))
    return JobReport(name, tables.replace(spark, settings, name, rows))


def _from_loaded(
    spark: SparkSession, settings: Settings, name: str, transform: Callable[[DataFrame], DataFrame], key: str
) -> JobReport:
    """Merge what `logdig load` has put under ``load/<name>/``; rows of files that are gone stay."""
    prefix = f"load/{name}/"
    tables.ensure_table(spark, settings, name)
    if _has(settings, prefix):
        lines = spark.read.schema(lake.LOADED[name]).json(f"s3a://{settings.bucket_name}/{prefix}")
        rows = tables.staged(transform(lines))
        tables.merge(settings, name, rows, keys=["app", key], wins=latest.wins(rows.columns))
    return JobReport(name, tables.read(spark, settings, name).count())


def _has(settings: Settings, prefix: str) -> bool:
    return next(iter(s3_store(settings).list(prefix)), None) is not None
