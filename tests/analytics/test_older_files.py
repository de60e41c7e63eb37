"""The older system's files arrive whole in the tables, from the collector's reading to the marts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.registry import run
from logdig.backfill.recorded_files import Row, event_of, read_rows
from logdig.backfill.reference_files import load_file
from logdig.config.settings import Settings
from logdig.files.columns import Kind
from tests.analytics.objects import put
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import NOW, body, collector, signed

pytestmark = pytest.mark.java
EVENTS_A_REQUEST = 500
EVENTS_AN_OBJECT = 10_000


def older_rows(folder: Path, kind: Kind, name: str) -> list[Row]:
    with (folder / name).open(encoding="utf-8", newline="\n") as text:
        return [row for row in read_rows(kind, text) if isinstance(row, Row)]


def collect(settings: Settings, kind: Kind, rows: list[Row]) -> None:
    """Bring recorded rows through the collector into objects, as a flush does."""
    sink = MemorySink()
    front = collector(sink)
    sent = [event_of(kind, row, row.moment.replace(tzinfo=UTC), ads_consent=True) for row in rows]
    for start in range(0, len(sent), EVENTS_A_REQUEST):
        reply = front.handle(signed(body(*sent[start : start + EVENTS_A_REQUEST], sent_at=None, tz_min=0)))
        assert json.loads(reply.body)["rejected"] == []
    lines = [text.decode("ascii") for text in sink.events]
    for start in range(0, len(lines), EVENTS_AN_OBJECT):
        put(settings, "raw", lines[start : start + EVENTS_AN_OBJECT], NOW.date())


def test_older_files_arrive_whole_and_once_when_sent_twice(
    spark: SparkSession, own: Settings, shared_data: Path
) -> None:
    heard = older_rows(shared_data, "listens", "tracks_head.csv")
    clicked = older_rows(shared_data, "clicks", "clicks_head.csv")
    collect(own, "clicks", clicked)
    collect(own, "listens", heard)
    collect(own, "listens", heard[::-1])

    first = run("ingest", spark, own, NOW)
    reports = {name: run(name, spark, own, NOW) for name in ("ingest", "listens")}

    assert first.notes["raw"] == 2 * 22_941 + 65_710
    assert (first.rows, reports["ingest"].rows, reports["listens"].rows) == (88_651, 88_651, 22_941)
    by_hand = Counter((r.columns["customer_id"], r.columns["track_id"], r.moment, r.columns["zip"]) for r in heard)
    found = tables.read(spark, own, "listens").collect()
    assert Counter((r["customer_id"], r["track_id"], r["occurred_at"], r["zip"]) for r in found) == by_hand
    hours = Counter(row.moment.hour for row in heard)
    assert Counter(row["local_hour"] for row in found) == hours


def test_older_customers_and_tracks_arrive_whole(spark: SparkSession, own: Settings, shared_data: Path) -> None:
    load_file(own, "customers", shared_data / "cust.csv", "shop", NOW)
    load_file(own, "tracks", shared_data / "music.csv", "shop", NOW)

    reports = {name: run(name, spark, own, NOW) for name in ("customers", "tracks")}

    assert (reports["customers"].rows, reports["tracks"].rows) == (5000, 1750)
    zips = {row["customer_id"]: row["zip"] for row in tables.read(spark, own, "customers").collect()}
    assert zips.keys() == {str(number) for number in range(5000)}
    assert sum(code.startswith("0") for code in zips.values()) == 346
    titles = {row["track_id"]: row["title"] for row in tables.read(spark, own, "tracks").collect()}
    assert titles["119"] == "Silver Blue And Gold"
