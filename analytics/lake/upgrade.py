"""A lake of an earlier version brought up to this one, once, by the first ingest."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import SparkSession

from analytics import tables
from analytics.lake.day_tables import newest_snapshot, properties, set_properties
from analytics.lake.line_rows import IS_SKEWED
from analytics.lake.objects import CHECKPOINTS, checkpoint_keys
from analytics.schema.columns import table_columns
from logdig.config.settings import Settings
from logdig.store.keys import parse_key
from logdig.store.object_store import EventStore

SKEW_MARKED = "logdig.skew-marked"
"""Property of ``events``: rows from before column ``skewed`` have been looked at."""


def upgrade(spark: SparkSession, settings: Settings, store: EventStore, now: datetime) -> None:
    """Make the tables that ingest writes, and give those of an earlier version what this one needs.

    Each step may be repeated and changes nothing then.
    """
    for name in ("events", "bad_events", "ingested"):
        tables.ensure_table(spark, settings, name)
    mark_skewed(spark, tables.table_name(settings, "events"))
    bring_checkpoints(spark, settings, store, now)


def mark_skewed(spark: SparkSession, full: str) -> None:
    """Mark the rows from before column ``skewed`` whose times are far apart; the others stay as they lie, with null."""
    if SKEW_MARKED in properties(spark, full):
        return
    if newest_snapshot(spark, full) is not None:
        tables.with_retry(lambda: spark.sql(f"UPDATE {full} SET skewed = true WHERE skewed IS NULL AND {IS_SKEWED}"))
    set_properties(spark, full, {SKEW_MARKED: "true"})


def bring_checkpoints(spark: SparkSession, settings: Settings, store: EventStore, now: datetime) -> None:
    """Take what the earlier version's checkpoints name as read into ``ingested``; then they are removed."""
    keys = checkpoint_keys(store)
    if keys:
        there = tables.read(spark, settings, "ingested").select("key")
        read = [(key, parse_key(key).day, None, now, None) for key in sorted(keys) if _is_key(key)]
        rows = tables.small_frame(spark, table_columns("ingested"), read)
        tables.append(spark, settings, "ingested", rows.join(there, "key", "left_anti"))
    left = [entry.key for entry in store.list(f"{CHECKPOINTS}ingest-")]
    if left:
        store.delete(left)


def _is_key(text: str) -> bool:
    try:
        parse_key(text)
    except ValueError:
        return False
    return True
