"""The job of every mart that is computed day by day: what is due is read, computed, replaced, and then marked.

The order is the protocol of docs/jobs.md: rows first, mark second, so that a run that ends in between is repeated.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.kinds import DayMart
from analytics.jobs.registry import load_function
from analytics.jobs.report import JobReport
from analytics.jobs.session_days import LOCAL_DAY, EventDays, Reach, find_reach
from analytics.lake import day_tables
from analytics.lake.touched import read_touches
from analytics.marts.site import Site, digests, local_day, site_of
from logdig.config.settings import Settings
from logdig.marts.days import Run, in_words, places, runs_of, utc_runs
from logdig.marts.marks import from_properties, to_properties
from logdig.marts.notes import least_seen
from logdig.marts.progress import Lake, Mark, Piece, Plan, lake_of, plan
from logdig.tables.catalog import TABLES

Transform = Callable[[DataFrame, Site], DataFrame]
SESSIONS = "sessions"
"""Where a session has been, a day a row."""


@dataclass(slots=True)
class MartRun:
    """One run of one mart: its table, its transform, what is due of it, and the seconds that it has taken so far."""

    name: str
    full: str
    transform: Transform
    prepared: str
    planned: Plan
    pieces: tuple[Piece, ...]
    seconds: float = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the seconds of the block."""
        started = time.monotonic()
        yield
        self.seconds += time.monotonic() - started

    def report(self, spark: SparkSession) -> JobReport:
        """Say what was done."""
        rows = tables.count(spark, self.full)
        return JobReport(self.name, rows, round(self.seconds, 2), notes_of(self.planned))


@dataclass(frozen=True, slots=True)
class Computing:
    """What a run computes its marts from: the rules, and the lake as it was at the beginning."""

    spark: SparkSession
    settings: Settings
    site: Site
    lake: Lake

    def marts(self, runs: Sequence[MartRun]) -> None:
        """Compute marts that have the same pieces, piece by piece; each has its own commits and its own marks."""
        for pieces in zip(*(mart.pieces for mart in runs), strict=True):
            self._piece(pieces[0], [*zip(runs, (piece.mark for piece in pieces), strict=True)])

    def _piece(self, piece: Piece, marts: Sequence[tuple[MartRun, Mark]]) -> None:
        """Compute days and replace them. What the marts share counts as the time of the first."""
        with ExitStack() as held:
            with marts[0][0].timed():
                # Before the events are read: whatever changes a mart from now on makes its commit fail.
                since = {mart.name: day_tables.newest_snapshot(self.spark, mart.full) for mart, _ in marts}
                stored = {
                    mart.name: day_tables.at_snapshot(self.spark, mart.full, since[mart.name])
                    for mart, _ in marts
                    if TABLES[mart.name].reach == "session"
                }
                theirs, events = self._events(piece, stored)
                sources = self._sources(events, [mart.prepared for mart, _ in marts], held)
            for mart, mark in marts:
                with mart.timed():
                    made = mart.transform(sources[mart.prepared], self.site)
                    if theirs:
                        made = theirs.reach.rows(made, stored[mart.name], piece.runs, theirs.others)
                    runs = (*piece.runs, *theirs.others) if theirs else piece.runs
                    day_tables.replace_runs(self.spark, self.settings, mart.name, made, runs, since[mart.name])
                    mark_table(self.spark, mart.full, mark)

    def _sources(self, events: DataFrame, prepared: Sequence[str], held: ExitStack) -> dict[str, DataFrame]:
        """Make the rows that each transform takes; those that several take are kept for them."""
        rows = {"": events}
        for path in filter(None, dict.fromkeys(prepared)):
            made = load_function(path)(events, self.site)
            rows[path] = held.enter_context(tables.staged_for_a_while(made)) if prepared.count(path) > 1 else made
        return rows

    def _events(self, piece: Piece, stored: Mapping[str, DataFrame]) -> tuple[Theirs | None, DataFrame]:
        """Take the events of a piece; where sessions reach over several days, all of its sessions'."""
        events = tables.read(self.spark, self.settings, "events")
        if not stored:
            return None, events.where(day_tables.in_runs(utc_runs(piece.runs, self.lake.zones)))
        by_day = EventDays(events.withColumn(LOCAL_DAY, local_day(self.site)), self.lake.zones)
        known = self.lake.days().keys()
        indexes = [*stored.values()]
        if SESSIONS not in stored:
            indexes.append(tables.read(self.spark, self.settings, SESSIONS))
        reach, frozen = find_reach(by_day, indexes, piece.days, known), self.lake.frozen()
        place = places({*known, *piece.days, *reach.days})
        # Frozen days are read as long as events of them are there; their rows stay.
        read, others = runs_of(reach.days, place), runs_of(reach.days - frozen, place)
        return Theirs(reach, others), reach.events(by_day, piece.runs, read).drop(LOCAL_DAY)


@dataclass(frozen=True, slots=True)
class Theirs:
    """Sessions of a piece, and as runs their other days whose rows are made again."""

    reach: Reach
    others: tuple[Run, ...]


def day_mart_job(
    name: str, mart: DayMart, spark: SparkSession, settings: Settings, now: datetime, **options: bool
) -> JobReport:
    """Compute the days of one mart that are due; see `day_mart_jobs`."""
    return day_mart_jobs({name: mart}, spark, settings, now, **options)[0]


def day_mart_jobs(
    marts: Mapping[str, DayMart],
    spark: SparkSession,
    settings: Settings,
    now: datetime,
    *,
    everything: bool = False,
    waiting: bool = False,
) -> list[JobReport]:
    """Compute the days of marts that are due. Those of the same days look for sessions, and prepare rows, once.

    Args:
        marts: Rows of the registry by name; all have the same reach.
        spark: Session with the catalog ``lake``.
        settings: Names, apps.
        now: Present, UTC.
        everything: Every day that is not frozen.
        waiting: Days that wait, too.
    """
    site, marks = site_of(settings), {}
    for name in marts:
        full = tables.ensure_table(spark, settings, name)
        marks[name] = from_properties(day_tables.properties(spark, full), name)
    lake = lake_of(settings, read_touches(spark, settings, least_seen(marks.values())), now)
    computing = Computing(spark, settings, site, lake)
    runs = []
    for name, mart in marts.items():
        started = time.monotonic()
        full, mark = tables.table_name(settings, name), marks[name]
        rules = digests(site, mart.reads)
        planned = plan(lake, mark, version_of(name), rules, everything=everything, waiting=waiting)
        if mark is None:
            _carry_over(spark, settings, name, planned, site)
        if not planned.now and planned.mark != mark:
            mark_table(spark, full, planned.mark)
        run = MartRun(name, full, load_function(mart.transform), mart.prepared, planned, tuple(planned.pieces()))
        run.seconds += time.monotonic() - started
        runs.append(run)
    for same in _of_same_days(runs):
        computing.marts(same)
    return [run.report(spark) for run in runs]


def _of_same_days(runs: Iterable[MartRun]) -> list[list[MartRun]]:
    """Put marts together that compute the same days in the same pieces."""
    groups: dict[object, list[MartRun]] = defaultdict(list)
    for run in runs:
        groups[tuple((piece.days, piece.runs) for piece in run.pieces)].append(run)
    return list(groups.values())


def version_of(name: str) -> str:
    """Version of a mart's declaration, as marks hold it."""
    return str(TABLES[name].version)


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
