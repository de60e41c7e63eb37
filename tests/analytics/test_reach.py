"""Rows of a day depend on that day's events and on the other days of its sessions, and on nothing else."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics.jobs.kinds import DayMart
from analytics.jobs.registry import JOBS, load_function
from analytics.marts.conversions import conversions
from analytics.marts.page_views import page_views
from analytics.marts.sessions import sessions
from analytics.marts.site import AppRules, Site, local_day
from analytics.schema.columns import table_columns
from logdig.config.goals import GoalSettings
from logdig.errors import MissingColumnError
from logdig.marts.days import local_days
from logdig.tables.catalog import TABLES
from tests.analytics.traffic import Transform, frame, of_events, site, traffic
from tests.oracle.journeys import Owner

pytestmark = pytest.mark.java
MARTS = tuple(map(of_events, (page_views, sessions, conversions)))
SEED = 20


def due(owners: list[Owner], made: list[dict[str, Any]]) -> dict[str, date]:
    """A day of each app on which something happened."""
    draw = random.Random(SEED)
    days = {one.app: [one.day(event["occurred_at"]) for event in made if event["app"] == one.app] for one in owners}
    return {app: draw.choice(sorted(set(found))) for app, found in days.items()}


def reached(owners: list[Owner], made: list[dict[str, Any]], wanted: dict[str, date]) -> list[dict[str, Any]]:
    """Events of the wanted days, and the other ones of their sessions."""
    zones = {one.app: one for one in owners}
    today = [event for event in made if zones[event["app"]].day(event["occurred_at"]) == wanted[event["app"]]]
    open_sessions = {(event["app"], event["session_id"]) for event in today if event.get("session_id")}
    return [event for event in made if event in today or (event["app"], event.get("session_id")) in open_sessions]


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.__name__)
def test_rows_of_a_day_are_the_same_when_only_its_sessions_are_read(spark: SparkSession, mart: Transform) -> None:
    owners, made = traffic(SEED)
    wanted = due(owners, made)
    needed = reached(owners, made, wanted)

    whole = mart(frame(spark, made), site(owners)).collect()
    part = mart(frame(spark, needed), site(owners)).collect()

    assert 0 < len(needed) < len(made)
    expected = sorted(map(str, (row for row in whole if row["day"] == wanted[row["app"]])))
    assert sorted(map(str, (row for row in part if row["day"] == wanted[row["app"]]))) == expected
    assert expected


def test_marts_name_the_settings_that_their_transforms_look_at(spark: SparkSession) -> None:
    looked: set[str] = set()

    class Watched(AppRules):
        def __getattribute__(self, name: str) -> Any:
            looked.add(name)
            return super().__getattribute__(name)

    fields = {one.name for one in dataclasses.fields(AppRules)}
    watched, made = Site({"shop": Watched("Asia/Seoul")}, Watched()), frame(spark, [])
    for name, job in JOBS.items():
        if isinstance(job, DayMart) and name in TABLES:
            looked.clear()
            rows = load_function(job.prepared)(made, watched) if job.prepared else made
            load_function(job.transform)(rows, watched)
            # Prepared rows may hold what another mart takes.
            assert set(job.reads) <= looked & fields, name
            assert job.prepared or set(job.reads) == looked & fields, name


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_first_and_last_day_there_are_have_no_neighbours_in_any_zone(spark: SparkSession, zone: str) -> None:
    moments = ["0001-01-01 01:00:00", "9999-12-31 23:00:00", "2026-11-24 01:00:00"]
    rows = spark.range(1).selectExpr("'shop' AS app", f"explode(array{tuple(moments)}) AS text")
    site = Site({"shop": AppRules(zone)})

    found = rows.withColumn("occurred_at", F.col("text").cast("timestamp")).select("text", local_day(site)).collect()

    days = {text: local_days(date.fromisoformat(text[:10]), ZoneInfo(zone)) for text in moments}
    assert all(day in days[text] for text, day in found)


def test_session_id_is_another_session_after_a_silence_of_more_than_thirty_days(spark: SparkSession) -> None:
    goal = GoalSettings("paid", event="paid")
    rules = Site({"shop": AppRules(goals=(goal,))})
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    shared = {"app": "shop", "session_id": "s", "user_key": "u", "current_page": "https://shop.example/"}
    days = [(0, "page"), (1, "page"), (31, "custom"), (62, "page"), (63, "custom")]
    events = [
        shared | {"event_id": f"e{day}", "seq": day, "timestamp": start + timedelta(days=day), "type": kind}
        | {"occurred_at": start + timedelta(days=day)}
        | ({"page_view_id": f"v{day}"} if kind == "page" else {"custom": {"name": "paid", "props": {}}})
        for day, kind in days
    ]  # fmt: skip
    by_view = of_events(sessions)(frame(spark, events), rules), of_events(conversions)(frame(spark, events), rules)

    rows, reached = (sorted(found.collect(), key=lambda row: row["day"]) for found in by_view)

    assert [(row["seq"], row["continued"], row["continues"], row["goals"]) for row in rows] == [
        (1, False, True, ["paid"]),
        (2, True, False, ["paid"]),
        (1, False, False, ["paid"]),
    ]
    assert [row["event_id"] for row in reached] == ["e31", "e63"]


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.__name__)
def test_columns_are_those_declared_when_nothing_happened(spark: SparkSession, mart: Transform) -> None:
    rows = mart(frame(spark, []), site([]))

    assert rows.schema.simpleString() == table_columns(mart.__name__).simpleString()


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.__name__)
def test_missing_columns_are_named_before_spark_starts(spark: SparkSession, mart: Transform) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        mart(spark.range(1).toDF("app"), site([]))


def test_bucket_is_one_for_all_rows_of_a_visitor_and_spreads_visitors(spark: SparkSession) -> None:
    owners, made = traffic(SEED)
    events = frame(spark, made)

    rows = [row for mart in MARTS for row in mart(events, site(owners)).select("app", "user_key", "bucket").collect()]

    buckets: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        buckets.setdefault((row["app"], row["user_key"]), set()).add(row["bucket"])
    assert all(len(found) == 1 for found in buckets.values())
    assert set.union(*buckets.values()) == set(range(16))
