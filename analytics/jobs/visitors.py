"""The job of table visitors, which is merged and not replaced by days: of each visitor who is there on a day that is
due, or may have been, the row is made anew of all days and sessions.

It reads tables visitor_days and sessions, so it goes no further than these have come: a day waits here until both have
it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.day_marts import SESSIONS, mark_table, notes_of, version_of
from analytics.jobs.report import JobReport
from analytics.lake import day_tables
from analytics.lake.touched import read_touches
from analytics.marts.site import Site, local_day, site_of
from analytics.marts.visitors import GONE, KEYS, merged, visitors
from logdig.config.settings import Settings
from logdig.marts.days import Run, places, runs_of
from logdig.marts.marks import from_properties
from logdig.marts.notes import least_seen
from logdig.marts.progress import PIECE_RUNS, Lake, Mark, Plan, after, lake_of, plan, rule_of
from logdig.tables.catalog import TABLES, days_kept

NAME, DAYS = "visitors", "visitor_days"
SOURCES = (DAYS, SESSIONS)


def visitors_job(
    spark: SparkSession, settings: Settings, now: datetime, *, everything: bool = False, waiting: bool = False
) -> JobReport:
    """Bring the visitors of the days that are due up to date.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names, apps.
        now: Present, UTC.
        everything: Every visitor, of every day that is not frozen.
        waiting: Days that wait, too, as far as the tables that it reads have them.
    """
    started = time.monotonic()
    full = tables.ensure_table(spark, settings, NAME)
    found = {name: mark_of(spark, settings, name) for name in SOURCES}
    sources = {name: mark for name, mark in found.items() if mark is not None}
    if len(sources) < len(SOURCES):
        missing = [name for name in SOURCES if name not in sources]
        return JobReport(NAME, tables.count(spark, full), notes={"waits for": ", ".join(missing)})
    mark = from_properties(day_tables.properties(spark, full), NAME)
    lake = lake_of(settings, read_touches(spark, settings, least_seen([mark, *sources.values()])), now)
    planned = visitors_plan(lake, mark, sources, everything=everything, waiting=waiting)
    if planned.now:
        runs = runs_of(planned.now, places({*planned.known, *planned.now}))
        is_whole = everything or mark is None or mark.version != planned.mark.version
        _merge(spark, settings, () if is_whole else runs, lake)
    if planned.mark != mark:
        mark_table(spark, full, planned.mark)
    seconds = round(time.monotonic() - started, 2)
    return JobReport(NAME, tables.count(spark, full), seconds, notes_of(planned))


def mark_of(spark: SparkSession, settings: Settings, name: str) -> Mark | None:
    """Mark of a mart; None when it was never computed."""
    return from_properties(day_tables.properties(spark, tables.table_name(settings, name)), name)


def visitors_plan(
    lake: Lake, mark: Mark | None, sources: Mapping[str, Mark], *, everything: bool = False, waiting: bool = False
) -> Plan:
    """Plan as for any mart, no further than its sources have come.

    Args:
        lake: Notes, zones, present and retention.
        mark: The mart's; None = it was never computed.
        sources: Those of the tables SOURCES.
        everything: Every day that is not frozen.
        waiting: Days that wait, too.
    """
    marks = [sources[name] for name in SOURCES]
    upto = min(source.upto for source in marks)
    # Another version of a source makes other rows here.
    version = " ".join((version_of(NAME), *(source.version for source in marks)))
    apps = {app for source in marks for app in source.rules}
    rules = {app: " ".join(rule_of(source.rules, app) for source in marks) for app in sorted(apps)}
    seen = msgspec.structs.replace(lake, touches=tuple(touch for touch in lake.touches if touch.seq <= upto))
    planned = plan(seen, mark, version, rules, everything=everything, waiting=waiting)
    for source in marks:
        planned = after(planned, source)
    return planned


def rows_from(settings: Settings, lake: Lake, name: str) -> date:
    """First local day of which a table of rows by day surely has them; date.min = of every day.

    They stay as long as events of their day do, unless the settings name their own days.
    """
    kept = days_kept(settings.retention)[name]
    if not kept:
        return date.min
    own = lake.today - timedelta(days=kept - 1)
    return own if name in settings.retention.tables else min(own, lake.kept_from)


def _merge(spark: SparkSession, settings: Settings, runs: Sequence[Run], lake: Lake) -> None:
    """Make the rows of those anew who are, or may have been, there in the runs; without runs everybody's."""
    site, known = site_of(settings), tables.read(spark, settings, NAME)
    days, sessions = (tables.read(spark, settings, name) for name in SOURCES)
    # So many conditions cost more than the rows that they leave out.
    if 0 < len(runs) <= PIECE_RUNS:
        here = days.where(day_tables.in_runs(runs)).select(*KEYS)
        theirs = tables.staged(here.union(known.where(_may_have_been(site, runs)).select(*KEYS)).distinct())
        days, sessions, known = (_of(rows, theirs) for rows in (days, sessions, known))
    froms = (rows_from(settings, lake, name) for name in SOURCES)
    rows = tables.staged(merged(visitors(days, sessions), known, site, *froms))
    tables.merge(settings, NAME, rows, keys=TABLES[NAME].keys, wins="true", leaves=GONE)


def _of(rows: DataFrame, visitors_there: DataFrame) -> DataFrame:
    return rows.join(visitors_there, list(KEYS), "left_semi")


def _may_have_been(site: Site, runs: Sequence[Run]) -> Column:
    """Tell whether a visitor was seen before, after or on the days: what made the row may be gone from them."""
    first, last = local_day(site, "first_seen"), local_day(site, "last_seen")
    told = F.lit(False)
    for run in runs:
        told |= (F.col("app") == run.app) & (first <= F.lit(run.last)) & (last >= F.lit(run.first))
    return told
