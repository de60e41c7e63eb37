"""The job of every mart that is computed day by day: what is due is read, computed, replaced, and then marked.

The order is the protocol of docs/jobs.md: rows first, mark second, so that a run that ends in between is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.kinds import DayMart
from analytics.jobs.registry import load_function
from analytics.jobs.report import JobReport
from analytics.jobs.session_days import LOCAL_DAY, EventDays, find_reach
from analytics.lake import day_tables
from analytics.lake.touched import read_touches
from analytics.marts.site import Site, digest, local_day, site_of
from logdig.config.settings import Settings
from logdig.marts.days import in_words, places, runs_of, utc_runs
from logdig.marts.marks import from_properties, to_properties
from logdig.marts.progress import Lake, Mark, Piece, Plan, lake_of, plan
from logdig.tables.catalog import TABLES

Transform = Callable[[DataFrame, Site], DataFrame]
SESSIONS = "sessions"
"""Where a session has been, a day a row."""


@dataclass(frozen=True, slots=True)
class Computing:
    """One run of one mart: its table, its transform, the rules, and the lake as it was at the beginning."""

    spark: SparkSession
    settings: Settings
    name: str
    full: str
    transform: Transform
    site: Site
    lake: Lake

    def piece(self, piece: Piece) -> None:
        """Compute days and replace them."""
        # Before the events are read: whatever changes the mart from now on makes this commit fail.
        since = day_tables.newest_snapshot(self.spark, self.full)
        events = tables.read(self.spark, self.settings, "events")
        if TABLES[self.name].reach == "session":
            self._with_sessions(piece, events, since)
            return
        rows = self.transform(events.where(day_tables.in_runs(utc_runs(piece.runs, self.lake.zones))), self.site)
        day_tables.replace_runs(self.spark, self.settings, self.name, rows, piece.runs, since)

    def _with_sessions(self, piece: Piece, events: DataFrame, since: int | None) -> None:
        stored = day_tables.at_snapshot(self.spark, self.full, since)
        by_day = EventDays(events.withColumn(LOCAL_DAY, local_day(self.site)), self.lake.zones)
        known = self.lake.days().keys()
        indexes = [stored]
        if self.name != SESSIONS:
            indexes.append(tables.read(self.spark, self.settings, SESSIONS))
        reach = find_reach(by_day, indexes, piece.days, known, self.lake.frozen())
        others = runs_of(reach.days, places({*known, *piece.days, *reach.days}))
        made = self.transform(reach.events(by_day, piece.runs, others).drop(LOCAL_DAY), self.site)
        rows = reach.rows(made, stored, piece.runs, others)
        day_tables.replace_runs(self.spark, self.settings, self.name, rows, (*piece.runs, *others), since)


def day_mart_job(
    name: str,
    mart: DayMart,
    spark: SparkSession,
    settings: Settings,
    now: datetime,
    *,
    everything: bool = False,
    waiting: bool = False,
) -> JobReport:
    """Compute the days of a mart that are due.

    Args:
        name: The mart.
        mart: Its row of the registry.
        spark: Session with the catalog ``lake``.
        settings: Names, apps.
        now: Present, UTC.
        everything: Every day that is not frozen.
        waiting: Days that wait, too.
    """
    site, lake = site_of(settings), lake_of(settings, read_touches(spark, settings), now)
    full = day_tables.ensure_day_table(spark, settings, name)
    mark = from_properties(day_tables.properties(spark, full), name)
    planned = plan(lake, mark, version_of(name, mart.reads, site), everything=everything, waiting=waiting)
    if mark is None:
        _carry_over(spark, settings, name, planned, site)
    computing = Computing(spark, settings, name, full, load_function(mart.transform), site, lake)
    set_mark = partial(mark_table, spark, full)
    for piece in planned.pieces():
        computing.piece(piece)
        set_mark(piece.mark)
    if not planned.now and planned.mark != mark:
        set_mark(planned.mark)
    return JobReport(name, spark.table(full).count(), notes=notes_of(planned))


def version_of(name: str, reads: tuple[str, ...], site: Site) -> str:
    """Version of a mart's rows: the declaration's number, and a digest of the settings that the transform reads."""
    return f"{TABLES[name].version}-{digest(site, reads)}"


def mark_table(spark: SparkSession, full: str, mark: Mark) -> None:
    """Write a mark to its table."""
    day_tables.set_properties(spark, full, to_properties(mark))


def notes_of(planned: Plan) -> dict[str, object]:
    """What a report says of a plan that was carried out: days computed, days that wait, frozen ones."""
    notes: dict[str, object] = {"days computed": len(planned.now)}
    if planned.mark.waiting:
        notes["waiting"] = in_words(planned.mark.waiting)
    if planned.frozen:
        notes["frozen"] = in_words(planned.frozen)
    return notes


def _carry_over(spark: SparkSession, settings: Settings, name: str, planned: Plan, site: Site) -> None:
    """Empty a table that an older version filled, but for rows of days that cannot be computed again."""
    full = tables.table_name(settings, name)
    if day_tables.newest_snapshot(spark, full) is None:
        return
    rows = tables.read(spark, settings, name)
    if "occurred_at" not in rows.columns:
        day_tables.start_again(spark, settings, name, rows.where("false"))
        return
    computed = runs_of(planned.now, places(planned.known))
    stay = rows.withColumn("day", local_day(site)).where(~F.coalesce(day_tables.in_runs(computed), F.lit(False)))
    day_tables.start_again(spark, settings, name, stay)
