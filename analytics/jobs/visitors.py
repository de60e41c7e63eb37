"""The job of table visitors, which is merged and not replaced by days: of each visitor who was there on a day that is
due, the row is made of these days' events, of all of the visitor's sessions, and of what the table knows.

It reads table sessions, so it goes no further than that has come: a day waits here until it is computed there.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.day_marts import SESSIONS, mark_table, notes_of, version_of
from analytics.jobs.report import JobReport
from analytics.jobs.session_days import LOCAL_DAY, EventDays
from analytics.lake import day_tables
from analytics.lake.touched import read_touches
from analytics.marts.people_events import counted
from analytics.marts.site import local_day, site_of
from analytics.marts.visitors import merged, visitors
from logdig.config.settings import Settings
from logdig.marts.days import Run
from logdig.marts.marks import from_properties
from logdig.marts.progress import Lake, Mark, Plan, after, lake_of, plan
from logdig.tables.catalog import TABLES, days_kept

NAME = "visitors"


def visitors_job(
    spark: SparkSession, settings: Settings, now: datetime, *, everything: bool = False, waiting: bool = False
) -> JobReport:
    """Bring the visitors of the days that are due up to date.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names, apps.
        now: Present, UTC.
        everything: Every day that is not frozen.
        waiting: Days that wait, too, as far as table sessions has them.
    """
    full = tables.ensure_table(spark, settings, NAME)
    lake = lake_of(settings, read_touches(spark, settings), now)
    source = mark_of(spark, settings, SESSIONS)
    if source is None:
        return JobReport(NAME, spark.table(full).count(), notes={"waits for": SESSIONS})
    mark = from_properties(day_tables.properties(spark, full), NAME)
    planned = visitors_plan(lake, mark, source, settings, everything=everything, waiting=waiting)
    for piece in planned.pieces():
        _merge(spark, settings, piece.runs, lake)
        mark_table(spark, full, piece.mark)
    if not planned.now and planned.mark != mark:
        mark_table(spark, full, planned.mark)
    return JobReport(NAME, spark.table(full).count(), notes=notes_of(planned))


def mark_of(spark: SparkSession, settings: Settings, name: str) -> Mark | None:
    """Mark of a mart; None when it was never computed."""
    full = tables.table_name(settings, name)
    return from_properties(day_tables.properties(spark, full), name) if spark.catalog.tableExists(full) else None


def visitors_plan(
    lake: Lake, mark: Mark | None, source: Mark, settings: Settings, *, everything: bool = False, waiting: bool = False
) -> Plan:
    """Plan as for any mart, no further than its source has come.

    Args:
        lake: Notes, zones, present and retention.
        mark: The mart's; None = it was never computed.
        source: That of table sessions.
        settings: Apps.
        everything: Every day that is not frozen.
        waiting: Days that wait, too.
    """
    # Another version of the sessions makes others of their sources.
    version = f"{version_of(NAME, ('zone',), site_of(settings))} {source.version}"
    seen = msgspec.structs.replace(lake, touches=tuple(touch for touch in lake.touches if touch.seq <= source.upto))
    return after(plan(seen, mark, version, everything=everything, waiting=waiting), source)


def sessions_from(settings: Settings, lake: Lake) -> date:
    """First local day of which table sessions surely has its rows; date.min = of every day.

    They stay as long as events of their day do, unless the settings name their own days.
    """
    kept = days_kept(settings.retention)[SESSIONS]
    if not kept:
        return date.min
    own = lake.today - timedelta(days=kept - 1)
    return own if SESSIONS in settings.retention.tables else min(own, lake.kept_from)


def _merge(spark: SparkSession, settings: Settings, runs: tuple[Run, ...], lake: Lake) -> None:
    site = site_of(settings)
    by_day = EventDays(tables.read(spark, settings, "events").withColumn(LOCAL_DAY, local_day(site)), lake.zones)
    found = visitors(counted(by_day.of(runs).drop(LOCAL_DAY), site), tables.read(spark, settings, SESSIONS))
    known = tables.read(spark, settings, NAME)
    rows = tables.staged(merged(found, known, site, sessions_from(settings, lake)))
    tables.merge(settings, NAME, rows, keys=TABLES[NAME].keys, wins="true")
