"""Each event is once in the tables, whatever comes twice, late, or in another order."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import boto3
import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.ingest import days_around, events, ingest, parse, unreadable
from analytics.jobs import run
from logdig.clients import s3_store
from logdig.keys import Zone
from logdig.objects import build_object
from logdig.settings import Settings

pytestmark = pytest.mark.java
DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def line(event_id: str, received: str = "2026-11-24T12:00:00.000Z", **fields: Any) -> str:
    event = {
        "received_at": received,
        "occurred_at": "2026-11-24T11:59:59.000Z",
        "app": "shop",
        "event_id": event_id,
        "type": "click",
        "timestamp": "2026-11-24T11:59:59.123456789z",
        "user_key": "u1",
        "current_page": "https://shop.example/",
        "x": 10,
        "y": 20,
        "element": {"selector": "#buy", "ex": 100, "ey": 5000},
        "view": {"vw": 1280},
        "consent": {"analytics": True, "ads": False},
        "pack_id": "p1",
        **fields,
    }
    return json.dumps(event)


def put(lake: Settings, zone: Zone, lines: list[str], day: date = DAY) -> None:
    built = build_object(zone, day, [one.encode("ascii") for one in lines])
    s3_store(lake).put(built.key, built.body)


@pytest.fixture(autouse=True)
def empty_lake(spark: SparkSession, lake: Settings) -> None:
    store = s3_store(lake)
    for prefix in ("raw/", "bad/", "checkpoints/"):
        store.delete([entry.key for entry in store.list(prefix)])
    for name in ("events", "bad_events"):
        spark.sql(f"DELETE FROM {tables.ensure_table(spark, lake, name)}")


def rows(spark: SparkSession, lake: Settings) -> list[tuple[Any, ...]]:
    found = tables.read(spark, lake, "events").select("event_id", "received_at", "pack_id", "link").collect()
    return sorted((row["event_id"], row["received_at"].isoformat(), row["pack_id"], row["link"]) for row in found)


def test_ingest_keeps_each_event_once_when_it_is_in_several_objects_and_runs_twice(
    spark: SparkSession, lake: Settings
) -> None:
    put(lake, "raw", [line("a"), line("b"), line("b", pack_id="p2")])
    put(lake, "raw", [line("b", "2026-11-24T12:05:00.000Z"), line("c")])

    first = run("ingest", spark, lake, NOW)
    second = run("ingest", spark, lake, NOW)

    assert (first.rows, second.rows) == (3, 3)
    assert (first.notes["raw"], second.notes["raw"]) == (5, 0)
    assert [row[0] for row in rows(spark, lake)] == ["a", "b", "c"]


def test_ingest_gives_equal_rows_when_objects_come_in_any_order_or_the_checkpoint_is_lost(
    spark: SparkSession, lake: Settings
) -> None:
    copies = [
        line("a", "2026-11-24T12:00:03.000Z", link="third"),
        line("a", "2026-11-24T12:00:01.000Z", link="first"),
        line("a", "2026-11-24T12:00:02.000Z", link="second"),
    ]
    seen = []

    for order in list(permutations(copies))[:3]:
        spark.sql(f"DELETE FROM {tables.ensure_table(spark, lake, 'events')}")
        for copy in order:
            put(lake, "raw", [copy])
            store = s3_store(lake)
            store.delete([entry.key for entry in store.list("checkpoints/")])
            ingest(spark, lake, {"raw": True, "bad": False})
        seen.append(rows(spark, lake))

    assert seen[0] == seen[1] == seen[2]
    assert [row[3] for row in seen[0]] == ["first"]


def test_ingest_finds_the_first_copy_when_a_resend_crossed_midnight(spark: SparkSession, lake: Settings) -> None:
    put(lake, "raw", [line("a", occurred_at="2026-11-24T00:00:00.500Z")])
    ingest(spark, lake, {"raw": True, "bad": False})
    put(lake, "raw", [line("a", "2026-11-24T12:09:00.000Z", occurred_at="2026-11-23T23:59:59.500Z")])

    ingest(spark, lake, {"raw": True, "bad": False})

    assert len(rows(spark, lake)) == 1


def test_ingest_keeps_apps_apart_when_their_event_ids_are_equal(spark: SparkSession, lake: Settings) -> None:
    put(lake, "raw", [line("a"), line("a", app="other")])

    ingest(spark, lake, {"raw": True, "bad": False})

    assert len(rows(spark, lake)) == 2


def test_ingest_merges_bad_lines_on_their_id(spark: SparkSession, lake: Settings) -> None:
    bad = {
        "received_at": "2026-11-24T12:00:00.000Z",
        "bad_id": "b1",
        "app": "shop",
        "errors": [{"field": "x", "reason": "must be a number"}],
        "text": "{}",
        "bytes": 2,
        "sha256": "0" * 64,
        "truncated": False,
        "pack_id": "p1",
    }
    put(lake, "bad", [json.dumps(bad)])
    put(lake, "bad", [json.dumps(bad | {"pack_id": "p2"})])

    ingest(spark, lake, {"raw": False, "bad": True})

    (row,) = tables.read(spark, lake, "bad_events").collect()
    assert (row["bad_id"], row["errors"][0]["field"]) == ("b1", "x")


def test_ingest_sets_a_line_aside_when_it_is_no_event(spark: SparkSession, lake: Settings) -> None:
    put(lake, "raw", [line("a"), '{"received_at":"2026-11-24T12:00:00.000Z","app":"shop"}'])

    counts = ingest(spark, lake, {"raw": True, "bad": False})

    assert counts == {"raw": 2, "bad": 0, "unreadable": 1}
    (row,) = tables.read(spark, lake, "bad_events").collect()
    assert json.loads(row["text"])["app"] == "shop"


def test_events_read_every_text_unchanged(spark: SparkSession) -> None:
    texts = ["a|b", 'quote " and \\', "line\nend\r", "\u2028\u2029", "한글 🎵", "=cmd()", "</script>"]
    frame = spark.createDataFrame([(line(f"e{index}", link=text),) for index, text in enumerate(texts)], ["value"])

    found = {row["event_id"]: row["link"] for row in events(parse(frame)).collect()}

    assert [found[f"e{index}"] for index in range(len(texts))] == texts
    assert unreadable(parse(frame)).count() == 0


def test_events_keep_types_and_parts(spark: SparkSession) -> None:
    custom = line("a", type="custom", custom={"name": "buy", "props": {"n": 1.5, "t": "x", "b": True, "z": None}})

    (row,) = events(parse(spark.createDataFrame([(custom,)], ["value"]))).collect()

    assert row["custom"]["props"] == {"n": "1.5", "t": "x", "b": "true", "z": None}
    assert (row["consent"]["analytics"], row["element"]["ey"], row["day"]) == (True, 5000, DAY)
    assert row["timestamp"].isoformat() == "2026-11-24T11:59:59.123456"


def test_days_around_names_neighbours_once() -> None:
    days = days_around([date(2026, 3, 1), date(2026, 3, 2)])

    assert [day.isoformat() for day in days] == ["2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03"]


def test_heat_cells_equal_a_count_by_hand_and_add_up(spark: SparkSession, lake: Settings) -> None:
    clicks = [
        {"x": x, "y": y, "element": {"selector": selector, "ex": ex, "ey": 32767}, "view": {"vw": width}}
        for x, y, selector, ex, width in [
            (-1, -17, None, None, 1280),
            (-16, 15, None, 5, 500),
            (100, 40, "#buy", 0, 800),
            (101, 40, "#buy", 2047, 800),
            (102, 40, "#buy", 2048, 1280),
            (103, 40, "#buy", 32767, 1280),
        ]
    ]
    lines = [line(f"e{index}", **click) for index, click in enumerate(clicks)]
    lines += [line("bot", bot=True), line("staff", staff=True), line("page", type="page")]
    put(lake, "raw", lines)
    run("ingest", spark, lake, NOW)

    report = run("heat_cells", spark, lake, NOW)

    def by_hand(click: dict[str, Any]) -> tuple[Any, ...]:
        element, width = click["element"], click["view"]["vw"]
        device = "mobile" if width < 768 else "tablet" if width < 1024 else "desktop"
        if element["selector"] is None or element["ex"] is None:
            return device, None, click["x"] // 16, click["y"] // 16
        return device, element["selector"], element["ex"] // 2048, element["ey"] // 2048

    expected = Counter(by_hand(click) for click in clicks)
    found = tables.read(spark, lake, "heat_cells").collect()
    counted = {(r["device"], r["selector"], r["cell_x"], r["cell_y"]): r["clicks"] for r in found}
    assert counted == expected
    assert sum(row["x_sum"] for row in found) == sum(click["x"] for click in clicks)
    assert report.rows == len(expected)


def test_jobs_replace_loaded_customers_by_their_latest_load(spark: SparkSession, lake: Settings) -> None:
    loads = [("2026-11-01T00:00:00Z", 0), ("2026-11-02T00:00:00Z", 1)]
    for loaded_at, level in loads:
        body = json.dumps({"app": "shop", "customer_id": "0", "zip": "01234", "level": level, "loaded_at": loaded_at})
        boto3.client("s3").put_object(Bucket=lake.bucket_name, Key=f"load/customers/{level}.jsonl", Body=body)

    report = run("customers", spark, lake, NOW)

    (row,) = tables.read(spark, lake, "customers").collect()
    assert (report.rows, row["customer_id"], row["zip"], row["level"]) == (1, "0", "01234", 1)
