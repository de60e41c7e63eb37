"""A batch that ends inside any step, is overtaken, or holds what cannot be read: the tables are those of a calm run."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job, nothing_new
from analytics.lake import branch as branches
from analytics.lake import ingest as ingesting
from analytics.lake import maintenance
from analytics.lake.branch import Branch, MainMovedError
from analytics.lake.line_rows import events, parse_raw
from analytics.lake.touched import read_touches
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.errors import LeaseLostError, TransientError
from logdig.store.keys import SUFFIX
from logdig.store.lease import Lease
from logdig.store.objects import build_object
from tests.analytics.objects import DAY, line, put
from tests.analytics.test_ingest_rule import Kept, as_copy, rule
from tests.fakes.store import FakeStore

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class KilledError(BaseException):
    """Stands for the end of the process: nobody handles it."""


def copies_of(spark: SparkSession, own: Settings) -> dict[tuple[str, str], Kept]:
    found = tables.read(spark, own, "events").select("app", "event_id", "received_at", "line_hash", "link").collect()
    kept = {(row["app"], row["event_id"]): as_copy(row) for row in found}
    assert len(kept) == len(found)
    return kept


def ended(step: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    """The step, with the end of the process before or after it."""

    def end(*arguments: Any, **named: Any) -> Any:
        if after:
            step(*arguments, **named)
        raise KilledError

    return end


Step = tuple[object, str, bool]
"""Where a step lies, its name, and whether the process ends after it or before."""
ENDS: list[Step] = [
    (Branch, "append", True),
    (ingesting, "note_rows", True),
    (tables, "delete_positions", True),
    (Branch, "publish", True),
    (ingesting, "merge_bad", True),
    (ingesting, "record", True),
]
BEGINNINGS: list[Step] = [
    (ingesting, "deduplicate", False),
    (ingesting, "note_rows", False),
    (tables, "delete_positions", False),
    (Branch, "publish", False),
    (ingesting, "record", False),
    (ingesting, "record", True),
]


@pytest.mark.parametrize("steps", [ENDS, pytest.param(BEGINNINGS, marks=pytest.mark.full)], ids=["ends", "beginnings"])
def test_rows_are_those_of_a_calm_run_when_ingest_ends_inside_each_step(
    spark: SparkSession, own: Settings, monkeypatch: pytest.MonkeyPatch, steps: list[Step]
) -> None:
    first = [line("a", link="later"), line("b"), line("c", occurred_at="2026-11-20T10:00:00.000Z", link="skewed")]
    # Earlier and later copies of them, one by a clock that has jumped; doubled ones, and a line that nobody can read.
    second = [
        line("a", "2026-11-24T11:00:00.000Z", link="first"),
        line("b", "2026-11-24T13:00:00.000Z", occurred_at="2026-11-22T00:00:00.000Z"),
        line("c", "2026-11-24T10:00:00.000Z"),
        *(line("d", link=link) for link in "xyz"),
        line("e", app="other"),
    ]
    put(own, "raw", first)
    ingest_job(spark, own, NOW)
    before = copies_of(spark, own)
    put(own, "raw", [*second, "no line"])
    after = rule([*first, *second])

    for place, name, is_after in steps:
        with monkeypatch.context() as patch:
            # Whoever is killed drops nothing.
            patch.setattr(branches, "_drop", lambda *_arguments: None)
            patch.setattr(place, name, ended(getattr(place, name), after=is_after))
            with pytest.raises(KilledError):
                ingest_job(spark, own, NOW)
        there = copies_of(spark, own)
        assert there in (before, after)
        # Noted before it is seen.
        if there == after:
            noted = {(touch.app, str(touch.day)) for touch in read_touches(spark, own) if touch.seq > 1}
            assert noted >= {
                ("shop", "2026-11-24"),
                ("shop", "2026-11-20"),
                ("shop", "2026-11-22"),
                ("other", "2026-11-24"),
            }
    last = ingest_job(spark, own, NOW)

    assert copies_of(spark, own) == after
    assert [row["text"] for row in tables.read(spark, own, "bad_events").collect()] == ["no line"]
    # The last step was done before the last kill, so nothing was left to do but to look.
    assert last.notes["raw"] == 0
    full = tables.table_name(own, "events")
    assert [row["name"] for row in spark.table(f"{full}.refs").collect()] == ["main"]
    assert tables.read(spark, own, "ingested").groupBy("key").count().where("count > 1").count() == 0
    assert maintenance.recheck_ids(spark, own, NOW) == 0


def test_copy_that_another_writer_brought_meanwhile_is_found_when_the_branch_is_refused(
    spark: SparkSession, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(own, "raw", [line("a"), line("b")])
    publish, earlier = Branch.publish, line("a", "2026-11-24T11:00:00.000Z", link="earlier")
    refused = 0

    def overtaken(self: Branch) -> None:
        nonlocal refused
        refused += 1
        if refused == 1:
            rows = events(parse_raw(tables.small_frame(spark, tables.LINE, [(earlier,)])))
            tables.append(spark, own, "events", rows)
        publish(self)

    monkeypatch.setattr(Branch, "publish", overtaken)
    ingest_job(spark, own, NOW)

    assert refused == 2
    assert copies_of(spark, own) == rule([earlier, line("a"), line("b")])
    # The write that came second was noted again.
    assert {touch.seq for touch in read_touches(spark, own)} == {1, 2}


def test_ingest_gives_up_and_sets_nothing_aside_when_it_is_always_refused(
    spark: SparkSession, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Branch) -> None:
        raise MainMovedError

    put(own, "raw", [line("a"), line("b")])
    with monkeypatch.context() as patch:
        patch.setattr(ingesting, "REFUSALS_MOST", 2)
        patch.setattr(Branch, "publish", refuse)
        with pytest.raises(TransientError, match="another writer came first 2 times; run ingest again"):
            ingest_job(spark, own, NOW)

    assert ingest_job(spark, own, NOW).notes == {"raw": 2, "bad": 0, "unreadable": 0, "set_aside": 0}


def test_run_that_lost_its_lease_writes_nothing_when_another_one_did_its_work(
    spark: SparkSession, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line("a"), line("b"), line("b", "2026-11-24T12:30:00.000Z")]
    put(own, "raw", lines)
    store, moment = FakeStore(), [NOW]
    stalled, quick = (Lease(store, lambda: moment[0], run, run) for run in ("stalled", "quick"))
    publish = Branch.publish

    def stall(self: Branch) -> None:
        monkeypatch.setattr(Branch, "publish", publish)
        moment[0] += timedelta(hours=1)
        quick.take()
        with tables.writing_under(quick):
            assert ingest_job(spark, own, NOW).notes["raw"] == 3
        publish(self)

    monkeypatch.setattr(Branch, "publish", stall)
    stalled.take()
    with tables.writing_under(stalled), pytest.raises(LeaseLostError, match="stalled lost its lease"):
        ingest_job(spark, own, NOW)

    assert copies_of(spark, own) == rule(lines)
    assert tables.read(spark, own, "ingested").count() == 1


def test_damaged_object_is_set_aside_and_everything_else_is_read(
    spark: SparkSession, own: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    store = s3_store(own)
    for app in ("one", "two", "three"):
        put(own, "raw", [line(f"{app}-{number}", app=app) for number in range(5)])
    whole = build_object("raw", DAY, [line(f"late-{number}", app="four").encode() for number in range(2000)])
    store.put(whole.key, whole.body[: len(whole.body) // 2])
    foreign = f"raw/dt=2026-11-24/{'0' * 64}{SUFFIX}"
    store.put(foreign, b"no gzip")

    report = ingest_job(spark, own, NOW)

    assert {app for app, _ in copies_of(spark, own)} == {"one", "two", "three"}
    assert report.notes == {
        "raw": 15, "bad": 0, "unreadable": 0, "set_aside": 2, "set_aside_objects": sorted([whole.key, foreign]),
    }  # fmt: skip
    assert whole.key in caplog.text
    assert nothing_new(own, os.environ, NOW)
    assert not nothing_new(own, os.environ, NOW, retry=True)
    store.delete([whole.key])
    store.put(whole.key, whole.body)

    again = ingest_job(spark, own, NOW, retry=True)

    assert (again.notes["raw"], again.notes["set_aside_objects"]) == (2000, [foreign])
    assert len(copies_of(spark, own)) == 2015
    assert tables.read(spark, own, "ingested").groupBy("key").count().where("count > 1").count() == 0
