"""The jobs of marts that are made anew, and of those that loaded files are merged into."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.jobs.kinds import LOADED, Mart
from analytics.jobs.registry import load_function
from analytics.jobs.report import JobReport
from analytics.marts import customer_changes, latest
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


def customer_changes_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001
    """Add what loads changed of customers; it comes before `customers`, which knows only the latest."""
    name = "customer_changes"
    tables.ensure_table(spark, settings, name)
    lines = _loaded(spark, settings, "customers")
    if lines is not None:
        known = tables.read(spark, settings, "customers")
        noted = tables.read(spark, settings, name)
        rows = tables.staged(customer_changes.customer_changes(lines, known, noted))
        wins, leaves = customer_changes.DIFFERS, customer_changes.IS_NONE
        tables.merge(settings, name, rows, keys=TABLES[name].keys, wins=wins, leaves=leaves)
    return JobReport(name, tables.read(spark, settings, name).count())


def _merge_loaded(spark: SparkSession, settings: Settings, name: str, transform: Transform) -> int:
    """Merge what `logdig load` has put under ``load/<name>/``; rows of files that are gone stay."""
    tables.ensure_table(spark, settings, name)
    lines = _loaded(spark, settings, name)
    if lines is not None:
        rows = tables.staged(transform(lines))
        tables.merge(settings, name, rows, keys=TABLES[name].keys, wins=latest.wins(rows.columns))
    return tables.read(spark, settings, name).count()


def _loaded(spark: SparkSession, settings: Settings, name: str) -> DataFrame | None:
    """Lines that `logdig load` has stored; None when there are none."""
    prefix = f"{LOADED}/{name}/"
    if next(iter(s3_store(settings).list(prefix)), None) is None:
        return None
    return spark.read.schema(line_columns(TABLES[name])).json(f"s3a://{settings.bucket_name}/{prefix}")
