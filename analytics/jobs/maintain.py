"""The daily upkeep of the lake: ids, erasures, retention, small files, old snapshots, orphans."""

from __future__ import annotations

import logging
import os
from datetime import date, datetime, timedelta

from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.jobs.status import PLANNED
from analytics.jobs.visitors import mark_of
from analytics.lake import maintenance
from analytics.lake.ingest import Ingest, ingest
from analytics.lake.objects import pending
from analytics.lake.touched import fold
from analytics.privacy.table_erasure import delete_listed
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.marts.notes import EVERY, least_seen
from logdig.marts.reader import Marts
from logdig.privacy.erasure_list import ErasureList, read_list
from logdig.privacy.object_erasure import days_of, remove_lines
from logdig.store.keys import ZONES
from logdig.tables.catalog import TABLES

ERASURE_RECHECK = timedelta(days=3)
"""A flush that was under way when someone was forgotten may have written what it had already taken."""
QUEUE_DAYS = 14
_log = logging.getLogger(__name__)


def maintain_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Keep what is stored correct and small; any run may be interrupted, the next one goes on."""
    moment = now.replace(tzinfo=None)
    erased = recheck_erasures(spark, settings, now)
    late = ingest_late(spark, settings, now)
    doubled = recheck(spark, settings, now)
    expired = maintenance.expire_rows(spark, settings, now.date())
    for name in TABLES.keys() & set(maintenance.existing(spark, settings)):
        tables.ensure_table(spark, settings, name)
    folded = fold_notes(spark, settings)
    keep_snapshots = timedelta(0) if erased else timedelta(days=settings.retention.snapshot_days)
    files = snapshots = orphans = 0
    for name in maintenance.existing(spark, settings):
        files += maintenance.compact(spark, settings, name)
        snapshots += maintenance.expire_snapshots(spark, settings, name, moment - keep_snapshots)
        orphans += maintenance.remove_orphans(spark, settings, name, moment)
    notes: dict[str, object] = {
        **doubled,
        "late objects": late,
        "rows expired": sum(expired.values()),
        "notes put together": folded,
        "files compacted": files,
        "old files removed": snapshots + orphans,
    }
    if erased:
        notes["lines and rows erased"] = erased
    return JobReport("maintain", tables.read(spark, settings, "events").count(), notes=notes)


def fold_notes(spark: SparkSession, settings: Settings) -> int:
    """Put the notes of ``touched`` together that every mart has seen; return how many fewer there are."""
    least = least_seen(mark_of(spark, settings, name) for name in PLANNED)
    return 0 if least == EVERY else fold(spark, settings, least)


def ingest_late(spark: SparkSession, settings: Settings, now: datetime) -> int:
    """Read new objects under days at which ingest does not look; return how many there were."""
    store, kept = s3_store(settings), settings.retention.raw_days
    first = now.date() - timedelta(days=kept) if kept else date.min
    late = pending(store, Marts(settings, os.environ), now.date(), first=first)
    if late:
        ingest(Ingest(spark, settings, store, now), late)
    return len(late)


def recheck(spark: SparkSession, settings: Settings, now: datetime) -> dict[str, object]:
    """Look once a week for events that are in the table twice: there must be none, so the log and the report say so."""
    if not maintenance.is_recheck_due(spark, settings, now.date()):
        return {}
    doubled = maintenance.recheck_ids(spark, settings, now)
    if doubled:
        _log.error("table events held %d rows twice; the later copies are removed: please report this", doubled)
    return {"doubled_rows": doubled}


def recheck_erasures(spark: SparkSession, settings: Settings, now: datetime) -> int:
    """Erase once more what the last days' erasures could have missed; return how many lines and rows there were."""
    store = s3_store(settings)
    listed = read_list(store, now - ERASURE_RECHECK)
    if listed is None:
        return 0
    prefixes = days_of(ZONES, _days(listed, now))
    lines = remove_lines(store, listed, listed.names, prefixes=prefixes).lines.total()
    return lines + delete_listed(spark, settings, listed.entries, listed.names.salt, now)


def _days(listed: ErasureList, now: datetime) -> list[date]:
    first = min(entry.asked_at for entry in listed.entries).date() - timedelta(days=QUEUE_DAYS)
    return [first + timedelta(days=index) for index in range((now.date() - first).days + 1)]
