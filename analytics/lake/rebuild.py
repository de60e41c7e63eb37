"""The tables of events made again from the objects they came from: equal rows for equal code.

Days of arrival are taken in runs of a bounded size, oldest first; each run is one commit a table, which replaces the
rows that arrived on its days and no others. So a rebuild may be interrupted anywhere and repeated. Days of which no
object is left keep their rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.lake import maintenance
from analytics.lake.ingest import FILES_A_BATCH
from analytics.lake.line_rows import BAD_ORDER, BAD_WINS, WINS, bad_events, events, least
from analytics.lake.stored_lines import PARSES, lines_of, unreadable_rows
from analytics.lake.touched import note_rows
from logdig.config.settings import Settings
from logdig.store.keys import ZONES, Zone, day_prefix, parse_key
from logdig.store.object_store import EventStore

LEFT_TO_OTHERS = ("ingest", "features", "models", "predictions", "targets", "maintain")
"""Jobs that a rebuild does not run: their tables depend on the time of the run, and change what people are shown."""


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day of arrival: how many objects of each zone there are, and their bytes as stored."""

    day: date
    objects: dict[Zone, int]
    size_bytes: int


def days_of(store: EventStore, first: date | None, last: date | None) -> list[Day]:
    """List the days that have objects, oldest first.

    Args:
        store: The bucket.
        first: First UTC day of arrival; None is the earliest.
        last: Last one, included; None is the latest.
    """
    days: dict[date, Day] = {}
    for zone in ZONES:
        for entry in store.list(f"{zone}/"):
            try:
                day = parse_key(entry.key).day
            except ValueError:
                continue  # Not LogDig's; `logdig verify` names it.
            if (first is None or day >= first) and (last is None or day <= last):
                known = days.get(day, Day(day, {}, 0))
                objects = known.objects | {zone: known.objects.get(zone, 0) + 1}
                days[day] = Day(day, objects, known.size_bytes + entry.size_bytes)
    return [days[day] for day in sorted(days)]


def runs_of(days: Iterable[Day], objects: int = FILES_A_BATCH) -> Iterator[list[Day]]:
    """Split days into runs of consecutive ones with at most so many objects, at least a day each."""
    run: list[Day] = []
    for day in days:
        gap = run and day.day != run[-1].day + timedelta(days=1)
        if run and (gap or sum(_objects(member) for member in [*run, day]) > objects):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _objects(day: Day) -> int:
    return sum(day.objects.values())


def prepare(spark: SparkSession, settings: Settings, now: datetime) -> None:
    """Make the tables when they are missing, and leave each event in them once: a merge updates every copy it finds."""
    for name in ("events", "bad_events"):
        tables.ensure_table(spark, settings, name)
    maintenance.recheck_ids(spark, settings, now)


def remake(spark: SparkSession, settings: Settings, run: Sequence[Day], now: datetime) -> None:
    """Replace the rows of ``events`` and ``bad_events`` that arrived on the days of a run."""
    if any("raw" in day.objects for day in run):
        rows = tables.staged(events(_parsed(spark, settings, "raw", run)))
        days = _dates(day.day for day in run if "raw" in day.objects)
        _note(spark, settings, rows, days, now)
        arrived = f"to_date(t.received_at) IN ({days})"
        tables.merge(settings, "events", rows, keys=["app", "event_id"], wins=WINS, replaces=arrived)
    refused = bad_events(_parsed(spark, settings, "bad", run))
    for zone in ZONES:
        refused = refused.unionByName(unreadable_rows(spark, settings, zone, _folders(zone, run)))
    # Where the bad zone is gone before the raw one, its rows stay.
    arrived = f"t.day IN ({_dates(day.day for day in run if 'bad' in day.objects)})"
    any_bad = any("bad" in day.objects for day in run)
    rows = tables.staged(least(refused, ["bad_id"], BAD_ORDER))
    tables.merge(settings, "bad_events", rows, keys=["bad_id"], wins=BAD_WINS, replaces=arrived if any_bad else "")


def _folders(zone: Zone, run: Sequence[Day]) -> list[str]:
    return [day_prefix(zone, day.day) for day in run if zone in day.objects]


def _note(spark: SparkSession, settings: Settings, rows: DataFrame, days: str, now: datetime) -> None:
    """Note the days of the rows that go, and of those that come."""
    first = F.min(F.to_date("received_at")).alias("first_received")
    come = rows.groupBy("app", "day").agg(F.count("*").cast("int").alias("rows"), first)
    gone = tables.read(spark, settings, "events").where(f"to_date(received_at) IN ({days})")
    removed = gone.select("app", "day", F.lit(0).alias("rows"), F.lit(None).cast("date").alias("first_received"))
    note_rows(spark, settings, tables.staged(come.unionByName(removed.distinct())), now, "rebuild")


def _parsed(spark: SparkSession, settings: Settings, zone: Zone, run: Sequence[Day]) -> DataFrame:
    return PARSES[zone](lines_of(spark, settings, _folders(zone, run)).select("value"))


def _dates(days: Iterable[date]) -> str:
    return ", ".join(f"DATE '{day}'" for day in days)
