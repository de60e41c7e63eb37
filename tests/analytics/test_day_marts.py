"""Marts that are computed day by day become what all events say, whatever happens in which order."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs import day_marts, registry
from analytics.jobs.kinds import WAITING, WHOLE, DayMart
from analytics.jobs.report import JobReport
from analytics.jobs.status import plan_of
from analytics.lake import day_tables, maintenance
from analytics.lake.line_rows import events, parse_raw
from analytics.lake.rebuild import days_of, prepare, remake, runs_of
from analytics.lake.touched import note, note_rows
from analytics.marts.site import Site, local_day
from analytics.privacy import table_erasure
from logdig.aws.clients import s3_store
from logdig.config.retention import RetentionSettings
from logdig.config.settings import AppSettings, Settings
from logdig.errors import LeaseLostError
from logdig.marts import progress
from logdig.marts.days import in_words
from logdig.marts.reader import Marts
from logdig.privacy.person import Person
from logdig.store.lease import LEASE_TIME, Lease
from logdig.tables.catalog import TABLES
from logdig.tables.declaration import DAY, LONG, TEXT, YES_NO, Column, Table
from tests.analytics.objects import line, put

pytestmark = [pytest.mark.java, pytest.mark.timeout(1400)]

COUNTS, STAYS, LENGTHS = "tried_counts", "tried_stays", "tried_lengths"
MARTS = (COUNTS, STAYS, LENGTHS)
DAYS: dict[str, Any] = {"partitions": ("app", "day"), "ages_by": "day", "version": 1}
TABLE_COUNTS = Table(
    name=COUNTS, meaning="Events.", grain="app and day", keys=("app", "day"), **DAYS,
    columns=(Column("app", TEXT, "app"), Column("day", DAY, "local day"), Column("events", LONG, "events")),
)  # fmt: skip
TABLE_STAYS = Table(
    name=STAYS, meaning="Sessions by day.", grain="session and day", keys=("app", "day", "session_id"),
    reach="session", zone="raw", **DAYS,
    columns=(
        Column("app", TEXT, "app"), Column("day", DAY, "local day"), Column("session_id", TEXT, "session"),
        Column("user_key", TEXT, "visitor", person="user_key"), Column("views", LONG, "of the day"),
        Column("continued", YES_NO, "an earlier day has views"), Column("continues", YES_NO, "a later day has views"),
        Column("bought", LONG, "of the whole session"),
    ),
)  # fmt: skip
TABLE_LENGTHS = Table(
    name=LENGTHS, meaning="Events of sessions, by day.", grain="session and day", keys=("app", "day", "session_id"),
    reach="session", zone="raw", **DAYS,
    columns=(
        Column("app", TEXT, "app"), Column("day", DAY, "local day"), Column("session_id", TEXT, "session"),
        Column("user_key", TEXT, "visitor", person="user_key"), Column("events", LONG, "of the whole session"),
    ),
)  # fmt: skip


def tried_counts(events: DataFrame, site: Site) -> DataFrame:
    """Count events by local day."""
    return events.withColumn("day", local_day(site)).groupBy("app", "day").agg(F.count("*").alias("events"))


def tried_seen(events: DataFrame, site: Site) -> DataFrame:
    """Events of sessions, each with what the whole session tells; two marts read them."""
    rows = events.where("session_id IS NOT NULL").withColumn("day", local_day(site))
    whole = Window.partitionBy("app", "session_id")
    viewed = F.when(F.col("page_view_id").isNotNull(), F.col("day"))
    return (
        rows.withColumn("first", F.min(viewed).over(whole))
        .withColumn("last", F.max(viewed).over(whole))
        .withColumn("bought", F.count_if(F.col("page_view_id").isNull()).over(whole))
        .withColumn("events", F.count("*").over(whole))
    )


def tried_lengths(seen: DataFrame, _site: Site) -> DataFrame:
    """A row a session and day with any event."""
    return seen.groupBy("app", "day", "session_id").agg(
        F.min("user_key").alias("user_key"), F.min("events").alias("events")
    )


def tried_stays(marked: DataFrame, _site: Site) -> DataFrame:
    """A row a session and day with a view; what the site's server says counts for the whole session."""
    days = marked.where("page_view_id IS NOT NULL").groupBy("app", "day", "session_id")
    return days.agg(
        F.min("user_key").alias("user_key"),
        F.count("*").alias("views"),
        F.min(F.col("first") < F.col("day")).alias("continued"),
        F.min(F.col("last") > F.col("day")).alias("continues"),
        F.min("bought").alias("bought"),
    )


Rows = dict[tuple[str, date], set[tuple[object, ...]]]


class World:
    """A lake, its settings, and a clock that the test moves."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self.spark, self.settings = spark, settings
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.made = 0

    def event(self, app: str, at: str, session: str | None, *, view: bool = True, user: str = "u1") -> str:
        self.made += 1
        received = self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return line(
            f"e{self.made}", received, app=app, occurred_at=f"{at}.000Z", timestamp=f"{at}.000Z", session_id=session,
            page_view_id="v1" if view else None, user_key=user, seq=self.made,
        )  # fmt: skip

    def bring(self, *lines: str) -> None:
        """Store and ingest lines: noted first, then written."""
        put(self.settings, "raw", lines, self.now.date())
        rows = tables.staged(events(parse_raw(self.spark.createDataFrame([(one,) for one in lines], "value string"))))
        first = F.min(F.to_date("received_at")).alias("first_received")
        by_day = rows.groupBy("app", "day").agg(F.count("*").cast("int").alias("rows"), first)
        note_rows(self.spark, self.settings, by_day, self.now, "test")
        tables.append(self.spark, self.settings, "events", rows)

    def run(self, name: str, *options: str) -> JobReport:
        return registry.run(name, self.spark, self.settings, self.now, options)

    def run_all(self, *options: str) -> dict[str, JobReport]:
        """As a run of every job does it."""
        groups = registry.together(MARTS)
        assert groups == [(COUNTS,), (STAYS, LENGTHS)]
        reports: list[JobReport] = []
        for names in groups:
            reports += registry.run_together(names, self.spark, self.settings, self.now, options)
        return {report.name: report for report in reports}

    def zone(self, app: str) -> ZoneInfo:
        return next(ZoneInfo(known.timezone) for known in self.settings.apps if known.name == app)

    def truth(self) -> dict[str, Rows]:
        """The marts by a plain loop over the events."""
        counts: dict[tuple[str, date], int] = defaultdict(int)
        users: dict[tuple[str, str], dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
        views: dict[tuple[str, str], dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
        bought: dict[tuple[str, str], int] = defaultdict(int)
        columns = ("app", "occurred_at", "session_id", "page_view_id", "user_key")
        for row in tables.read(self.spark, self.settings, "events").select(*columns).collect():
            # Spark hands its UTC times out in the machine's zone.
            day = row["occurred_at"].astimezone(self.zone(row["app"])).date()
            counts[row["app"], day] += 1
            if row["session_id"]:
                users[row["app"], row["session_id"]][day].append(row["user_key"])
            if row["session_id"] and row["page_view_id"]:
                views[row["app"], row["session_id"]][day].append(row["user_key"])
            elif row["session_id"]:
                bought[row["app"], row["session_id"]] += 1
        stays: Rows = defaultdict(set)
        for (app, session), days in views.items():
            for day, seen in days.items():
                ends = min(days) < day, max(days) > day
                stays[app, day].add((session, min(seen), len(seen), *ends, bought[app, session]))
        lengths: Rows = defaultdict(set)
        for (app, session), days in users.items():
            for day, seen in days.items():
                lengths[app, day].add((session, min(seen), sum(map(len, days.values()))))
        counted: Rows = {day: {(count,)} for day, count in counts.items()}
        return {COUNTS: counted, STAYS: dict(stays), LENGTHS: dict(lengths)}

    def stored(self) -> dict[str, Rows]:
        found: dict[str, Rows] = {}
        for name in MARTS:
            rows: Rows = defaultdict(set)
            names = [column for column in TABLES[name].names if column not in ("app", "day")]
            stored = tables.read(self.spark, self.settings, name).collect()
            for row in stored:
                rows[row["app"], row["day"]].add(tuple(row[column] for column in names))
            assert sum(map(len, rows.values())) == len(stored)
            found[name] = dict(rows)
        return found

    def differing(self, name: str) -> list[str]:
        stored, truth = self.stored()[name], self.truth()[name]
        return in_words(day for day in stored.keys() | truth.keys() if stored.get(day) != truth.get(day))

    def is_true(self) -> bool:
        return self.stored() == self.truth()


@pytest.fixture
def world(spark: SparkSession, own: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    for table, prepared in ((TABLE_COUNTS, ""), (TABLE_STAYS, "tried_seen"), (TABLE_LENGTHS, "tried_seen")):
        monkeypatch.setitem(TABLES, table.name, table)
        path = f"{__name__}:{prepared}" if prepared else ""
        monkeypatch.setitem(registry.JOBS, table.name, DayMart("Tried.", f"{__name__}:{table.name}", prepared=path))
    apps = (AppSettings("shop", "pk_shop_1", timezone="Asia/Seoul"), AppSettings("blog", "pk_blog_1"))
    return World(spark, msgspec.structs.replace(own, apps=apps))


def first_days(world: World) -> list[str]:
    """Two apps, ten days, sessions over midnight, and an old day with so many events that one more is few."""
    lines = [world.event("shop", f"2026-11-{day:02}T14:{minute:02}:00", f"s{day}") for day in range(9, 19)
             for minute in (30, 50)]  # fmt: skip
    # In Seoul midnight is 15:00 UTC: these go on to the next day.
    lines += [world.event("shop", f"2026-11-{day:02}T15:10:00", f"s{day}", user="u2") for day in (10, 14, 17)]
    lines += [world.event("blog", f"2026-11-{day:02}T23:50:00", f"b{day}", user="u3") for day in (10, 17)]
    lines += [world.event("blog", f"2026-11-{day:02}T00:10:00", f"b{day - 1}", user="u3") for day in (11, 18)]
    return lines + [world.event("blog", f"2026-11-12T10:{number % 60:02}:00", None) for number in range(1200)]


def test_marts_by_day_equal_a_plain_count_after_new_and_late_events(world: World) -> None:
    world.bring(*first_days(world))
    reports = world.run_all()
    assert world.is_true()
    assert reports[COUNTS].notes["days computed"] == 11 + 5
    assert [world.run_all()[name].notes for name in MARTS] == [{"days computed": 0}] * len(MARTS)

    # New events of today, and of a session that began before midnight.
    world.now += timedelta(days=1)
    world.bring(world.event("shop", "2026-11-20T16:00:00", "s18"), world.event("shop", "2026-11-20T14:00:00", "t1"))
    assert [world.run(name).notes["days computed"] for name in MARTS] == [2] * len(MARTS)
    assert world.is_true()

    # A late event on an old day waits, and is named; so do both days when it lies in a session over midnight.
    world.bring(world.event("blog", "2026-11-12T09:00:00", "late"))
    for name in MARTS:
        assert world.run(name).notes["waiting"] == ["blog 2026-11-12"] == world.differing(name)
        [found] = [plan_of(name, Marts(world.settings, os.environ), world.settings, world.now)]
        assert in_words(found.mark.waiting) == ["blog 2026-11-12"]
    assert [world.run(name, WAITING).notes["days computed"] for name in MARTS] == [1] * len(MARTS)
    assert world.is_true()

    # A late event takes the beginning of a session to the day before; the other sessions of the days stay.
    world.bring(world.event("shop", "2026-11-14T13:00:00", "s15"))
    world.run_all()
    assert world.is_true()

    # A server's event of an old session, days later, and then a late event of that session.
    world.now += timedelta(days=1)
    world.bring(world.event("shop", "2026-11-21T01:00:00", "s10", view=False))
    world.run_all()
    assert world.is_true()
    world.bring(world.event("shop", "2026-11-10T14:40:00", "s10"))
    world.run_all()
    assert world.is_true()


def test_marts_by_day_equal_a_plain_count_after_another_zone_erasure_and_rebuild(world: World) -> None:
    world.bring(*first_days(world)[:-1200])
    world.run_all()

    # Another zone moves rows between days.
    apps = (msgspec.structs.replace(world.settings.apps[0], timezone="America/New_York"), world.settings.apps[1])
    world.settings = msgspec.structs.replace(world.settings, apps=apps)
    world.run_all()
    assert world.is_true()

    before = world.stored()

    # One person is forgotten; the marts hold nothing of them, and what is left adds up.
    person = Person("user_key", "u2", None)
    note(
        world.spark,
        world.settings,
        table_erasure.touched_days(world.spark, world.settings, person),
        world.now,
        "forget",
    )
    for name in table_erasure.personal_tables(world.spark, world.settings):
        table_erasure.delete_rows(world.spark, world.settings, name, person)
    world.run_all()
    assert world.is_true()

    # Rebuilt from the objects, which still hold that person here.
    prepare(world.spark, world.settings, world.now)
    for run in runs_of(days_of(s3_store(world.settings), None, None)):
        remake(world.spark, world.settings, run, world.now)
    world.run_all(WAITING)
    assert world.is_true()
    assert world.stored() == before


def test_marts_by_day_equal_a_plain_count_after_runs_that_ended_between_rows_and_mark(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bring(*first_days(world)[:-1200])
    world.run_all()
    # In the second of many pieces, then again in the first.
    world.bring(*(world.event("shop", f"2026-11-{day:02}T20:00:00", f"s{day}") for day in range(9, 19)))
    for calls in (2, 1):
        with monkeypatch.context() as patch:
            patch.setattr(progress.Plan.pieces, "__defaults__", (4, progress.PIECE_RUNS))
            patch.setattr(day_marts, "mark_table", dying(day_marts.mark_table, calls))
            for name in MARTS:
                with pytest.raises(KilledError):
                    world.run(name, WHOLE)
    reports = world.run_all()
    assert world.is_true()
    assert all(computed(report) > 4 for report in reports.values())

    # Of marts that are computed together, the first is marked and the second is not: their days differ at the next run.
    world.bring(*(world.event("shop", f"2026-11-{day:02}T20:10:00", f"s{day}") for day in range(9, 19)))
    with monkeypatch.context() as patch:
        patch.setattr(progress.Plan.pieces, "__defaults__", (4, progress.PIECE_RUNS))
        patch.setattr(day_marts, "mark_table", dying(day_marts.mark_table, 2))
        with pytest.raises(KilledError):
            registry.run_together([STAYS, LENGTHS], world.spark, world.settings, world.now, [WHOLE])
    reports = world.run_all()
    assert world.is_true()
    # The first goes on with the whole run but for the marked piece, the second has what was noted.
    assert computed(reports[STAYS]) > computed(reports[LENGTHS]) > 0


def computed(report: JobReport) -> int:
    """How many days a run computed."""
    return int(str(report.notes["days computed"]))


class KilledError(Exception):
    """What ends a run in the middle."""


def dying(function: Callable[..., None], calls: int) -> Callable[..., None]:
    """The function, which from a call on does not come to its work; the counter is shared by all who call it."""
    seen = [0]

    def call(*arguments: Any) -> None:
        seen[0] += 1
        if seen[0] >= calls:
            raise KilledError
        function(*arguments)

    return call


def test_marts_of_the_same_rows_have_them_computed_once_a_piece_and_dropped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bring(*first_days(world)[:-1200])
    calls: list[DataFrame] = []
    copies: list[int] = []
    stage = tables.staged

    def seen(events: DataFrame, site: Site) -> DataFrame:
        calls.append(tried_seen(events, site))
        return calls[-1]

    def staging(rows: DataFrame) -> DataFrame:
        copy = stage(rows)
        if calls and rows is calls[-1]:
            copies.append(copy._jdf.queryExecution().logical().rdd().id())
        return copy

    monkeypatch.setattr(sys.modules[__name__], "seen", seen, raising=False)
    for name in (STAYS, LENGTHS):
        monkeypatch.setitem(registry.JOBS, name, DayMart("Tried.", f"{__name__}:{name}", prepared=f"{__name__}:seen"))
    monkeypatch.setattr(tables, "staged", staging)
    monkeypatch.setattr(progress.Plan.pieces, "__defaults__", (4, progress.PIECE_RUNS))

    world.run_all()

    pieces = len(calls)
    assert world.is_true()
    assert pieces == len(copies) > 2
    assert not set(copies) & set(world.spark.sparkContext._jsc.getPersistentRDDs().keySet())
    world.run(STAYS, WHOLE)
    world.run(LENGTHS, WHOLE)
    assert (len(calls), len(copies)) == (3 * pieces, pieces)


def test_expired_events_leave_their_frozen_days_as_they_are_until_none_is_left(world: World) -> None:
    world.settings = msgspec.structs.replace(world.settings, retention=RetentionSettings(raw_days=5))
    world.bring(world.event("blog", "2026-11-01T10:00:00", "x"), world.event("blog", "2026-11-05T10:00:00", "y"))
    world.run_all()
    before = world.stored()
    world.now += timedelta(days=6)
    world.bring(world.event("blog", "2026-11-01T11:00:00", "z"), world.event("blog", "2026-11-10T11:00:00", "w"))

    reports = world.run_all(WHOLE)

    whole = world.stored()
    new = ("blog", date(2026, 11, 10))
    for name in MARTS:
        assert reports[name].notes["frozen"] == ["blog 2026-11-01", "blog 2026-11-05"]
        assert whole[name] == before[name] | {new: world.truth()[name][new]}
    expired = maintenance.expire_rows(world.spark, world.settings, world.now.date())
    assert (expired["events"], expired[STAYS]) == (2, 1)
    world.run_all(WHOLE)
    left = world.stored()
    # A sum stays; rows go with the last event of their day.
    assert left[COUNTS] == whole[COUNTS]
    assert whole[STAYS].keys() - left[STAYS].keys() == {("blog", date(2026, 11, 5))}


def test_row_goes_on_from_a_frozen_day_as_long_as_events_of_it_are_there(world: World) -> None:
    world.settings = msgspec.structs.replace(world.settings, retention=RetentionSettings(raw_days=5))
    world.bring(world.event("blog", "2026-11-18T10:00:00", "x"))
    world.now += timedelta(days=3)
    world.bring(world.event("blog", "2026-11-18T23:50:00", "y"), world.event("blog", "2026-11-19T00:10:00", "y"))
    world.run(STAYS, WAITING)
    before = world.stored()[STAYS]
    world.now += timedelta(days=2)
    world.bring(world.event("blog", "2026-11-19T00:20:00", "y"))

    report = world.run(STAYS, WAITING)

    assert (report.notes["days computed"], report.notes.get("frozen")) == (1, None)
    first, second = ("blog", date(2026, 11, 18)), ("blog", date(2026, 11, 19))
    after = world.stored()[STAYS]
    # Of the frozen day the rows stay; the later one has a view more, and is still the second of its session.
    assert after[first] == before[first]
    assert before[second] == {("y", "u1", 1, True, False, 0)}
    assert after[second] == {("y", "u1", 2, True, False, 0)}


def test_mart_is_not_written_when_others_wrote_its_days_or_took_the_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bring(world.event("blog", "2026-11-19T10:00:00", "x"))
    world.run(COUNTS)
    world.bring(world.event("blog", "2026-11-19T11:00:00", "x"))
    full, before = tables.table_name(world.settings, COUNTS), world.stored()
    replace = day_tables.replace_runs

    def overtaken(*arguments: Any) -> None:
        world.spark.sql(f"UPDATE {full} SET events = 7")
        replace(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(day_tables, "replace_runs", overtaken)
        with pytest.raises(Py4JJavaError, match="ValidationException"):
            world.run(COUNTS)

    clock = [world.now]
    lease = Lease(s3_store(world.settings), lambda: clock[0], "a", "first")
    lease.take()
    clock[0] += LEASE_TIME
    Lease(s3_store(world.settings), lambda: clock[0], "b", "second").take()
    with tables.writing_under(lease), pytest.raises(LeaseLostError, match="first lost its lease"):
        world.run(COUNTS)
    assert world.stored()[COUNTS] == {("blog", date(2026, 11, 19)): {(7,)}} != before[COUNTS]

    world.run(COUNTS)
    assert world.stored()[COUNTS] == {("blog", date(2026, 11, 19)): {(2,)}}
