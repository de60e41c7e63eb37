"""What Iceberg leaves behind and does not clean by itself: small files, old snapshots, files of no snapshot.

Every step is a commit of its own or touches only what no reader needs any more, so that a run may end anywhere.
Source: docs/privacy.md, docs/tables.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.lake import event_copies, touched
from analytics.lake.day_tables import days_without_events, properties, runs_sql, set_properties
from analytics.spark import CATALOG
from logdig.config.settings import Settings
from logdig.marts.progress import Touch
from logdig.tables.catalog import TABLES, check_tables, days_kept
from logdig.tables.events import BAD_EVENTS, EVENTS

RECHECK_EVERY = timedelta(days=7)
RECHECKED = "logdig.rechecked"
"""Property of ``events``: UTC day of the last recheck."""
ORPHAN_AGE = timedelta(days=1, minutes=5)
"""A younger file may belong to a commit under way; Iceberg refuses less than 24 hours."""
SMALL_FILES_LEAST = 5
"""Files of one partition from which on they are written together."""


def existing(spark: SparkSession, settings: Settings) -> list[str]:
    """Names of the tables that are there, those of other versions too."""
    rows = spark.sql(f"SHOW TABLES IN {CATALOG}.{settings.database}").collect()
    return sorted(row["tableName"] for row in rows if not row["isTemporary"])


def is_recheck_due(spark: SparkSession, settings: Settings, today: date) -> bool:
    """Tell whether the last recheck of all events is RECHECK_EVERY ago."""
    full = tables.ensure_table(spark, settings, "events")
    last = properties(spark, full).get(RECHECKED)
    return last is None or today - date.fromisoformat(last) >= RECHECK_EVERY


def recheck_ids(spark: SparkSession, settings: Settings, now: datetime) -> int:
    """Compare the ids of all events, and remove later copies; return how many there were, which must be none.

    Ingest looks where copies can be; what lies elsewhere, or was written beside it, is found here.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        now: Present, UTC.
    """
    full = tables.ensure_table(spark, settings, "events")
    rows = spark.table(full)
    doubled = tables.staged(event_copies.doubled_keys(rows))
    count = 0
    if doubled.count():
        later = tables.staged(event_copies.later_copies(rows, doubled))
        count = later.count()
        gone = [Touch(0, row["app"], row["day"]) for row in later.select("app", "day").distinct().collect()]
        touched.note(spark, settings, gone, now, "recheck")
        tables.with_retry(lambda: tables.delete_positions(full, later, "true"))
    set_properties(spark, full, {RECHECKED: str(now.date())})
    return count


def expire_rows(spark: SparkSession, settings: Settings, today: date) -> dict[str, int]:
    """Delete rows that are older than their table's retention; return how many by table.

    Raises:
        InvalidSettingError: Retention of a table whose rows do not grow old, or that does not exist.
    """
    check_tables(settings.retention)
    counts = {}
    there = existing(spark, settings)
    # Rows of days follow those of the events.
    names = sorted(days_kept(settings.retention).items(), key=lambda item: item[0] != EVENTS.name)
    for name, days in names:
        if days and name in there:
            # A table of an older version may lack what its rows age by.
            full = tables.ensure_table(spark, settings, name)
            old = _old(spark, settings, name, today - timedelta(days=days - 1))
            counts[name] = spark.table(full).where(old).count()
            if counts[name]:
                tables.with_retry(partial(spark.sql, f"DELETE FROM {full} WHERE {old}"))
    return counts


def _old(spark: SparkSession, settings: Settings, name: str, first: date) -> str:
    """Say in SQL which rows are too old.

    A mart's day stays as long as there are events of it, such as those of a file of old years that was sent lately;
    unless the settings name the mart's own days.
    """
    table = TABLES[name]
    if table.version and "day" in table.partitions and name not in settings.retention.tables:
        return runs_sql(days_without_events(spark, settings, name, first))
    old = f"{table.ages_by} < DATE '{first}'"
    if name != BAD_EVENTS.name:
        return old
    # A line that does not tell when it came is as old as the folder of its object, ``raw/dt=2026-11-24/...``.
    folder = f"substring(object, {len('raw/dt=') + 1}, 10)"
    return f"{old} AND (received_at > TIMESTAMP '1970-01-01' OR coalesce({folder}, '') < '{first}')"


def compact(spark: SparkSession, settings: Settings, name: str, *, least_files: int = SMALL_FILES_LEAST) -> int:
    """Write small files together and rows that were deleted out; return how many files are gone.

    A file with rows deleted beside it is always written anew: nothing else takes the bytes of those rows away.
    """
    options = {"min-input-files": str(least_files), "delete-file-threshold": "1", "remove-dangling-deletes": "true"}
    table = TABLES.get(name)
    column = table.ordered_by if table is not None else None
    order = {"strategy": "sort", "sort_order": f"{column} ASC NULLS FIRST"} if column else {}
    row = call(spark, settings, "rewrite_data_files", name, **order, options=options)
    return int(row["rewritten_data_files_count"])


def expire_snapshots(spark: SparkSession, settings: Settings, name: str, before: datetime) -> int:
    """Forget snapshots older than a time, but the newest, and remove the files that only they hold."""
    row = call(spark, settings, "expire_snapshots", name, older_than=before, retain_last=1)
    return sum(int(row[column]) for column in row.asDict() if column.startswith("deleted_"))


def remove_orphans(spark: SparkSession, settings: Settings, name: str, now: datetime) -> int:
    """Remove files that no snapshot knows, left by writers that died; only those older than ORPHAN_AGE."""
    # Iceberg measures the age by its own clock, whatever this run takes for the present.
    until = min(now, datetime.now(UTC).replace(tzinfo=None)) - ORPHAN_AGE
    return _call(spark, settings, "remove_orphan_files", name, older_than=until, prefix_listing=True).count()


def call(spark: SparkSession, settings: Settings, procedure: str, name: str, **arguments: Any) -> Any:
    """Call a procedure of Iceberg on a table; return its one row."""
    rows: list[Any] = []
    tables.with_retry(lambda: rows.append(_call(spark, settings, procedure, name, **arguments).collect()[0]))
    return rows[-1]


def _call(spark: SparkSession, settings: Settings, procedure: str, name: str, **arguments: Any) -> DataFrame:
    written = ", ".join(f"{key} => {_literal(value)}" for key, value in arguments.items())
    return spark.sql(f"CALL {CATALOG}.system.{procedure}(table => '{settings.database}.{name}', {written})")


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(value, Mapping):
        parts = [f"'{part}'" for pair in value.items() for part in pair]
        return f"map({', '.join(parts)})"
    if isinstance(value, str):
        return f"'{value}'"
    return str(value).lower() if isinstance(value, bool) else str(value)
