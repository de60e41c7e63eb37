"""The job of every mart that has no code of its own: read its source, transform, write its table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.jobs.registry import LOADED, Mart, load_function
from analytics.jobs.report import JobReport
from analytics.marts import latest
from analytics.schema.columns import line_columns
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.tables.catalog import TABLES

Transform = Callable[[DataFrame], DataFrame]


def mart_job(name: str, mart: Mart, spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Make a mart's table anew from another table, or merge what was loaded into it."""
    transform: Transform = load_function(mart.transform)
    if mart.source == LOADED:
        return JobReport(name, _merge_loaded(spark, settings, name, transform))
    rows = transform(tables.read(spark, settings, mart.source))
    return JobReport(name, tables.replace(spark, settings, name, rows))


def _merge_loaded(spark: SparkSession, settings: Settings, name: str, transform: Transform) -> int:
    """Merge what `logdig load` has put under ``load/<name>/``; rows of files that are gone stay."""
    prefix = f"{LOADED}/{name}/"
    tables.ensure_table(spark, settings, name)
    if next(iter(s3_store(settings).list(prefix)), None) is not None:
        lines = spark.read.schema(line_columns(TABLES[name])).json(f"s3a://{settings.bucket_name}/{prefix}")
        rows = tables.staged(transform(lines))
        tables.merge(settings, name, rows, keys=TABLES[name].keys, wins=latest.wins(rows.columns))
    return tables.read(spark, settings, name).count()
