"""Tables come again from the objects, row for row."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.lake import rebuild as rebuilding
from analytics.lake.rebuild import Day, days_of, prepare, remake, runs_of
from infra.deploy.iam_policies import LAKE, deployer_policy
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.errors import LogDigError
from tests.analytics.objects import bad_line, line, put
from tests.analytics.test_ledger import NOW
from tests.fakes.permissions import asked, granted, locks, refused

pytestmark = pytest.mark.java
FIRST, SECOND, THIRD = (date(2026, 11, day) for day in (22, 23, 24))


def stored(own: Settings) -> None:
    for day in (FIRST, SECOND, THIRD):
        moment = f"{day}T12:00:00.000Z"
        put(own, "raw", [line(f"e{day.day}-{number}", moment, occurred_at=moment) for number in range(3)], day)
        put(own, "bad", [bad_line(f"b{day.day}", received_at=moment)], day)
    # Sent again a day later, and a line that no one can read.
    put(
        own,
        "raw",
        [line("e22-0", "2026-11-23T13:00:00.000Z", occurred_at="2026-11-22T12:00:00.000Z"), "no line"],
        SECOND,
    )


def rows(spark: SparkSession, own: Settings) -> dict[str, list[str]]:
    return {
        name: sorted(str(row) for row in tables.read(spark, own, name).collect()) for name in ("events", "bad_events")
    }


def rebuild(spark: SparkSession, own: Settings, first: date | None = None, last: date | None = None) -> None:
    prepare(spark, own, NOW)
    for run in runs_of(days_of(s3_store(own), first, last), objects=2):
        remake(spark, own, run, NOW)


@pytest.fixture(scope="module")
def filled(spark: SparkSession, new_lake: Callable[[], Settings]) -> tuple[Settings, dict[str, list[str]]]:
    """A lake with all objects in its tables, and their rows; each test leaves the rows as it finds them."""
    own = new_lake()
    stored(own)
    ingest_job(spark, own, NOW)
    return own, rows(spark, own)


def test_dropped_tables_come_again_with_equal_rows(
    spark: SparkSession, filled: tuple[Settings, dict[str, list[str]]], lake: Settings
) -> None:
    own, before = filled
    for name in ("events", "bad_events"):
        spark.sql(f"DROP TABLE {tables.table_name(own, name)}")

    with asked(own, lake) as needed:
        rebuild(spark, own)
    rebuilt = rows(spark, own)
    ingest_job(spark, own, NOW)

    assert len(before["events"]) == 9
    assert len(before["bad_events"]) == 4
    assert rebuilt == before == rows(spark, own)
    policy = granted(own, json.loads(deployer_policy(own, "1", LAKE))["Statement"])
    assert refused(needed, policy | locks(own)) == []


def test_rebuild_of_a_day_replaces_just_that_day_and_can_be_repeated_when_interrupted(
    spark: SparkSession, filled: tuple[Settings, dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, before = filled
    full = tables.table_name(own, "events")
    spark.sql(f"UPDATE {full} SET link = 'spoilt' WHERE event_id IN ('e22-1', 'e23-1')")
    spark.sql(f"DELETE FROM {full} WHERE event_id = 'e23-2'")
    spark.sql(f"INSERT INTO {full} SELECT * FROM {full} WHERE event_id = 'e23-0'")
    spark.sql(f"UPDATE {full} SET event_id = 'never', line_hash = 0 WHERE event_id = 'e23-0'")

    merge = tables.merge

    def die(settings: Settings, name: str, *arguments: object, **named: object) -> None:
        if name == "bad_events":
            raise LogDigError("killed")
        merge(settings, name, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding.tables, "merge", die)
        with pytest.raises(LogDigError):
            rebuild(spark, own, SECOND, SECOND)
    rebuild(spark, own, SECOND, SECOND)

    changed = sorted(set(rows(spark, own)["events"]) ^ set(before["events"]))
    assert [("e22-1" in row) for row in changed] == [True, True]
    assert rows(spark, own)["bad_events"] == before["bad_events"]
    rebuild(spark, own, FIRST, FIRST)
    assert rows(spark, own) == before


def test_day_without_objects_keeps_its_rows(spark: SparkSession, filled: tuple[Settings, dict[str, list[str]]]) -> None:
    own, before = filled
    store = s3_store(own)
    store.delete([entry.key for entry in store.list(f"raw/dt={FIRST}/")])
    store.delete([entry.key for entry in store.list(f"bad/dt={SECOND}/")])

    rebuild(spark, own)

    assert rows(spark, own) == before


def test_runs_hold_consecutive_days_up_to_a_number_of_objects() -> None:
    days = [Day(date(2026, 11, number), {"raw": 2}, 1) for number in (1, 2, 3, 5)]

    assert [[one.day.day for one in run] for run in runs_of(days, objects=4)] == [[1, 2], [3], [5]]
    assert list(runs_of([])) == []
