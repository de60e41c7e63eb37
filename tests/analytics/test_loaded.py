"""Of several loads of one customer or track the latest counts, in whatever order they are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.registry import run
from analytics.marts.customers import customers
from analytics.marts.tracks import tracks
from analytics.schema.columns import line_columns, table_columns
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.tables.catalog import TABLES
from tests.analytics.objects import forget

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def load(settings: Settings, name: str, *rows: dict[str, Any]) -> None:
    """Put lines as `logdig load` does."""
    body = "\n".join(json.dumps({"app": "shop", **row}) for row in rows).encode()
    s3_store(settings).put(f"load/{name}/{abs(hash(body))}.jsonl", body)


def test_customers_are_those_of_the_latest_load_when_loaded_several_times(spark: SparkSession, own: Settings) -> None:
    load(own, "customers", {"customer_id": "0", "zip": "01234", "level": 1, "loaded_at": "2026-11-02T00:00:00.000Z"})
    run("customers", spark, own, NOW)
    load(own, "customers", {"customer_id": "0", "zip": "99999", "level": 0, "loaded_at": "2026-11-01T00:00:00.000Z"})
    older = run("customers", spark, own, NOW)
    load(own, "customers", {"customer_id": "0", "zip": "01234", "level": 2, "loaded_at": "2026-11-03T00:00:00.000Z"})

    newer = run("customers", spark, own, NOW)

    (row,) = tables.read(spark, own, "customers").collect()
    assert (older.rows, newer.rows, row["customer_id"], row["zip"], row["level"]) == (1, 1, "0", "01234", 2)


def test_changes_of_customers_are_noted_once_when_the_same_files_are_read_again(
    spark: SparkSession, own: Settings
) -> None:
    for day, level in ((1, 0), (2, 2)):
        load(own, "customers", {"customer_id": "7", "level": level, "loaded_at": f"2026-11-0{day}T00:00:00.000Z"})
        for name in ("customer_changes", "customers") * day:
            run(name, spark, own, NOW)

    found = [tuple(row) for row in tables.read(spark, own, "customer_changes").collect()]

    assert found == [("shop", "7", "level", "0", "2", datetime(2026, 11, 2))]


def test_tracks_stay_when_their_loaded_files_are_gone(spark: SparkSession, own: Settings) -> None:
    load(own, "tracks", {"track_id": "7", "title": 'Blue "Road', "loaded_at": "2026-11-01T00:00:00.000Z"})
    run("tracks", spark, own, NOW)
    forget(own, "load/")

    assert run("tracks", spark, own, NOW).rows == 1


def test_tracks_are_equal_in_any_order_when_loaded_at_the_same_time(spark: SparkSession, own: Settings) -> None:
    loads = [{"track_id": "7", "title": title, "loaded_at": "2026-11-01T00:00:00.000Z"} for title in "abc"]
    titles = set()

    for order in list(permutations(loads))[::2]:
        forget(own, "load/")
        spark.sql(f"DELETE FROM {tables.ensure_table(spark, own, 'tracks')}")
        for one in order:
            load(own, "tracks", one)
            run("tracks", spark, own, NOW)
        titles |= {row["title"] for row in tables.read(spark, own, "tracks").collect()}

    assert len(titles) == 1


@pytest.mark.parametrize("mart, name, key", [(customers, "customers", "customer_id"), (tracks, "tracks", "track_id")])
def test_loaded_marts_keep_ids_of_apps_apart_and_leave_out_lines_without_one(
    spark: SparkSession, mart: Any, name: str, key: str
) -> None:
    columns = line_columns(TABLES[name])
    known = {"loaded_at": "2026-11-01T00:00:00.000Z"}
    lines = [{"app": "shop", key: "1"}, {"app": "blog", key: "1"}, {"app": "shop", key: None}, {"app": None, key: "1"}]
    rows = [tuple((known | one).get(column) for column in columns.fieldNames()) for one in lines]

    found = mart(spark.createDataFrame(rows, columns))

    assert sorted((row["app"], row[key]) for row in found.collect()) == [("blog", "1"), ("shop", "1")]
    assert found.schema.simpleString() == table_columns(name).simpleString()
