"""Rows of a day depend on that day's events and on the other days of its sessions, and on nothing else."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from analytics.marts.conversions import conversions
from analytics.marts.page_views import page_views
from analytics.marts.sessions import sessions
from analytics.schema.columns import table_columns
from logdig.errors import MissingColumnError
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
