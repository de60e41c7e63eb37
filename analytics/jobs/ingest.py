"""The job that merges stored lines into the tables of events."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.lake.ingest import ingest
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.store.keys import ZONES


def ingest_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001 (every job's shape)
    """Merge new objects into ``events`` and ``bad_events``."""
    store = s3_store(settings)
    zones = [zone for zone in ZONES if next(iter(store.list(f"{zone}/")), None) is not None]
    counts = ingest(spark, settings, zones)
    return JobReport("ingest", tables.read(spark, settings, "events").count(), notes={**counts})
