"""Jobs from stored lines to the first marts: read, transform, write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from analytics import loaded, schema, tables
from analytics.heat_cells import heat_cells
from analytics.ingest import ingest
from analytics.jobs.report import JobReport
from analytics.listens import listens
from logdig.clients import s3_store
from logdig.settings import Settings


def ingest_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001 (every job's shape)
    """Merge new objects into ``events`` and ``bad_events``."""
    notes = ingest(spark, settings, {"raw": _has(settings, "raw/"), "bad": _has(settings, "bad/")})
    return JobReport("ingest", tables.read(spark, settings, "events").count(), notes=dict(notes))


def heat_cells_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Count clicks per cell anew."""
    return _from_events(spark, settings, "heat_cells", heat_cells)


def listens_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Lay out listens anew."""
    return _from_events(spark, settings, "listens", listens)


def customers_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Bring loaded customers in."""
    return _from_loaded(spark, settings, "customers", schema.struct(schema.LOADED_CUSTOMERS), loaded.customers)


def tracks_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Bring loaded tracks in."""
    return _from_loaded(spark, settings, "tracks", schema.struct(schema.LOADED_TRACKS), loaded.tracks)


def _from_events(
    spark: SparkSession, settings: Settings, name: str, transform: Callable[[DataFrame], DataFrame]
) -> JobReport:
    rows = transform(tables.read(spark, settings, "events"))
    return JobReport(name, tables.replace(spark, settings, name, rows))


def _from_loaded(
    spark: SparkSession,
    settings: Settings,
    name: str,
    columns: StructType,
    transform: Callable[[DataFrame], DataFrame],
) -> JobReport:
    prefix = f"load/{name}/"
    if _has(settings, prefix):
        lines = spark.read.schema(columns).json(f"s3a://{settings.bucket_name}/{prefix}")
    else:
        lines = spark.createDataFrame([], columns)
    return JobReport(name, tables.replace(spark, settings, name, transform(lines)))


def _has(settings: Settings, prefix: str) -> bool:
    return next(iter(s3_store(settings).list(prefix)), None) is not None
