"""Tables take commits that come at the same time, and say what is in them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.lake.line_rows import WINS
from analytics.schema.columns import table_columns
from analytics.schema.loaded import Loaded, load
from logdig.config.settings import Settings
from logdig.tables.catalog import TABLES

pytestmark = pytest.mark.java
THREADS = 3


def copies(spark: SparkSession, own: Settings, thread: int, count: int) -> DataFrame:
    """The same events as every thread has, each received at another time."""
    columns = table_columns("events")
    received = f"TIMESTAMP '2026-11-24 12:00:00' + make_dt_interval(0, 0, 0, (id * 7 + {thread}) % {THREADS})"
    values = {
        "app": "'shop'",
        "event_id": "CAST(id AS STRING)",
        "received_at": received,
        "link": f"'thread {thread}'",
        "day": "DATE '2026-11-24'",
        "line_hash": "id",
    }
    chosen = [f"CAST({values.get(c.name, 'NULL')} AS {c.dataType.simpleString()}) AS {c.name}" for c in columns]
    return tables.staged(spark.range(count).selectExpr(*chosen))


def at_once(work: Callable[[int], None]) -> None:
    """Run work in several threads that start together; raise what any of them raised."""
    gate, problems = threading.Barrier(THREADS), []

    def go(thread: int) -> None:
        gate.wait()
        try:
            work(thread)
        except Exception as err:
            problems.append(err)

    threads = [threading.Thread(target=go, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def test_merge_keeps_each_key_once_with_its_least_row_when_several_merge_at_once(
    spark: SparkSession, own: Settings
) -> None:
    frames = [copies(spark, own, thread, 60 + thread) for thread in range(THREADS)]
    tables.ensure_table(spark, own, "events")

    at_once(lambda thread: tables.merge(own, "events", frames[thread], keys=["app", "event_id"], wins=WINS))

    found = {int(row["event_id"]): row for row in tables.read(spark, own, "events").collect()}
    assert len(found) == tables.read(spark, own, "events").count() == 60 + THREADS - 1
    for number in range(60):
        first = next(thread for thread in range(THREADS) if (number * 7 + thread) % THREADS == 0)
        assert (found[number]["link"], found[number]["received_at"].second) == (f"thread {first}", 0)


def test_merge_goes_on_as_if_alone_when_its_names_are_used_twice(spark: SparkSession, own: Settings) -> None:
    before = {table.name for table in spark.catalog.listTables()}

    tables.merge(own, "events", copies(spark, own, 0, 5), keys=["app", "event_id"], wins=WINS)

    assert {table.name for table in spark.catalog.listTables()} == before


def test_replace_leaves_one_whole_answer_when_several_replace_at_once(spark: SparkSession, own: Settings) -> None:
    frames = [copies(spark, own, thread, 10) for thread in range(THREADS)]
    tables.ensure_table(spark, own, "events")

    at_once(lambda thread: tables.replace(spark, own, "events", frames[thread]) and None)

    links = Counter(row["link"] for row in tables.read(spark, own, "events").collect())
    assert list(links.values()) == [10]


def test_replace_empties_a_table_when_there_are_no_rows(spark: SparkSession, own: Settings) -> None:
    tables.replace(spark, own, "events", copies(spark, own, 0, 3))

    count = tables.replace(spark, own, "events", copies(spark, own, 0, 0))

    assert count == tables.read(spark, own, "events").count() == 0


@pytest.mark.parametrize("name", TABLES)
def test_read_gives_the_columns_of_a_table_whether_it_exists_or_not(
    spark: SparkSession, own: Settings, name: str
) -> None:
    missing = tables.read(spark, own, name)
    tables.ensure_table(spark, own, name)

    made = tables.read(spark, own, name)

    assert missing.schema.simpleString() == made.schema.simpleString() == table_columns(name).simpleString()
    assert missing.count() == made.count() == 0


def test_tables_of_events_are_partitioned_and_merged_on_read(spark: SparkSession, own: Settings) -> None:
    full = tables.ensure_table(spark, own, "events")

    statement = spark.sql(f"SHOW CREATE TABLE {full}").collect()[0][0]

    assert "PARTITIONED BY (app, day, skewed)" in statement
    assert "'write.merge.mode' = 'merge-on-read'" in statement
    assert "'format-version' = '2'" in statement


def test_table_is_found_by_a_thread_that_made_no_session(spark: SparkSession, own: Settings) -> None:
    full = tables.ensure_table(spark, own, "traffic")
    # One that has looked for no catalog yet, as at the start of a process.
    fresh = spark.newSession()
    found: list[object] = []

    def look() -> None:
        jvm: Any = fresh._jvm
        sessions = jvm.org.apache.spark.sql.classic.SparkSession
        sessions.clearActiveSession()
        found.append(load(fresh, full))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert [type(table) for table in found] == [Loaded]
