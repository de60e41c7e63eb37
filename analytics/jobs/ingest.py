"""The job that brings stored lines into the tables of events."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import date, datetime

from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.lake.ingest import Counts, Ingest, ingest
from analytics.lake.objects import ingested, pending
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.marts.reader import Marts

NAMES_MOST = 20
_log = logging.getLogger(__name__)


def nothing_new(settings: Settings, environment: Mapping[str, str], now: datetime, *, retry: bool = False) -> bool:
    """Tell without Spark whether a run of ingest would find nothing; then no session need be made.

    Callers ask it before they start Spark for ingest alone, and print `idle_report` instead.

    Args:
        settings: Names.
        environment: Endpoint and credentials, usually ``os.environ``.
        now: Present, UTC.
        retry: As of `ingest_job`.
    Raises:
        StoreUnavailableError: S3 or Glue does not answer.
    """
    return not pending(s3_store(settings), Marts(settings, environment), now.date(), retry=retry)


def idle_report(settings: Settings, environment: Mapping[str, str]) -> JobReport:
    """Report a run that found nothing, without Spark."""
    marts = Marts(settings, environment)
    aside = ingested(s3_store(settings), marts).aside
    return JobReport("ingest", marts.count("events"), notes=_notes(Counts(), aside))


def ingest_job(
    spark: SparkSession, settings: Settings, now: datetime, *, retry: bool = False, first: date | None = None
) -> JobReport:
    """Bring new objects into ``events`` and ``bad_events``.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        now: Present, UTC.
        retry: Read the objects again that were set aside.
        first: First UTC day under which new objects are looked for; None = the last 15.
    """
    store, marts = s3_store(settings), Marts(settings, os.environ)
    objects = pending(store, marts, now.date(), first=first, retry=retry)
    again = frozenset(ingested(store, marts).aside) if retry else frozenset()
    counts = ingest(Ingest(spark, settings, store, now, again), objects)
    aside = ingested(store, Marts(settings, os.environ)).aside
    for key, reason in counts.aside.items():
        _log.error("%s is set aside: %s; repair it, then: logdig jobs run ingest --retry", key, reason)
    return JobReport("ingest", tables.read(spark, settings, "events").count(), notes=_notes(counts, aside))


def _notes(counts: Counts, aside: Mapping[str, str]) -> dict[str, object]:
    """Lines of this run; and every object that is set aside, also by earlier runs, until it is read."""
    lines = {str(zone): count for zone, count in counts.lines.items()}
    notes: dict[str, object] = {**lines, "unreadable": counts.unreadable, "set_aside": len(aside)}
    return notes | ({"set_aside_objects": sorted(aside)[:NAMES_MOST]} if aside else {})
