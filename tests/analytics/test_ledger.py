"""The ledger adds up, and what does not has a name."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.jobs.ledger import LINES, MESSAGES, ledger_job
from analytics.lake.line_rows import bad_events, events, parse_bad, parse_raw
from analytics.ledger.ledger import Sources, ledger
from analytics.schema.columns import TEXT, struct
from logdig.config.settings import RetentionSettings, Settings
from logdig.questions.ledger import broken_sums
from tests.analytics import histories
from tests.analytics.objects import bad_line, forget, line, put

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 25, tzinfo=UTC)
PARSERS = {"raw": parse_raw, "bad": parse_bad}


def seen(event_id: str, seq: int, **fields: object) -> str:
    return line(event_id, seq=seq, session_id="s1", **fields)


def test_ledger_names_every_copy_gap_and_rejection(spark: SparkSession, own: Settings) -> None:
    told = {"name": "$dropped", "props": {"full": 1, "refused": 1, "before_send": 1}}
    dropped = line("d", type="custom", custom=told)
    rejected = bad_line("b1", text=json.dumps({"session_id": "s1", "seq": 2}))
    first = [seen("e0", 0), seen("e1", 1), seen("e5", 5, occurred_at="2026-11-23T23:59:59.000Z"), dropped]
    put(own, "raw", first)
    put(own, "raw", [seen("e0", 0), seen("e1", 1, pack_id="p2"), "no line", seen("e9", 1, pack_id="p3", app="blog")])
    put(own, "bad", [rejected])
    put(own, "bad", [rejected, bad_line("b2", app=None)])
    ingest_job(spark, own, NOW)

    ledger_job(spark, own, NOW)

    rows = {(row["app"], str(row["day"])): row.asDict() for row in tables.read(spark, own, "ledger").collect()}
    assert [gap for row in rows.values() for gap in broken_sums(row)] == []
    shop = rows["shop", "2026-11-24"]
    assert {name: shop[name] for name in ("events", "duplicates_browser", "duplicates_flush", "late")} == {
        "events": 4,
        "duplicates_browser": 1,
        "duplicates_flush": 1,
        "late": 1,
    }
    # 3 and 4 never came; the browser gave them up.
    assert (shop["missing"], shop["dropped_numbers"], shop["dropped"]) == (0, 2, 3)
    assert (shop["rejected"], shop["sent"]) == (1, 7)
    assert shop["rejected_by_reason"] == {"x must be a number": 1}
    assert shop["dropped_by_reason"] == {"full": 1, "refused": 1, "before_send": 1}
    assert rows["blog", "2026-11-24"]["missing"] == 1
    assert rows["", "1970-01-01"]["unreadable"] == 1


def test_what_ingest_has_not_come_to_waits_and_what_it_lost_breaks_a_sum(spark: SparkSession, own: Settings) -> None:
    put(own, "raw", [line("e1"), line("e2")])
    put(own, "bad", [bad_line("b1")])
    ingest_job(spark, own, NOW)
    put(own, "raw", [line("e3"), "no line"])
    put(own, "bad", [bad_line("b2"), bad_line("b1")])

    ledger_job(spark, own, NOW)
    waits = tables.read(spark, own, "ledger").where("app = 'shop'").collect()[0].asDict()
    spark.sql(f"DELETE FROM {tables.table_name(own, 'events')} WHERE event_id = 'e2'")
    report = ledger_job(spark, own, NOW)
    lost = tables.read(spark, own, "ledger").where("app = 'shop'").collect()[0].asDict()

    assert (waits["waiting"], waits["bad_waiting"], broken_sums(waits)) == (1, 1, [])
    assert broken_sums(lost) == ["2026-11-24 shop tables: in_tables + waiting = events is off by -1"]
    assert report.notes == {"broken_sums": 1}


def test_ledger_agrees_with_a_count_event_by_event(spark: SparkSession, own: Settings) -> None:
    history = histories.make(seed=20261124, apps=12)
    frame = {
        zone: [(text, f"{index}.jsonl.gz") for index, (name, _, lines) in enumerate(history.objects) if name == zone
               for text in lines]
        for zone in ("raw", "bad")
    }  # fmt: skip
    raw, bad = (parse(tables.small_frame(spark, LINES, frame[zone])) for zone, parse in PARSERS.items())
    dead = parse_raw(tables.small_frame(spark, LINES, [(text, "") for text in history.dead]))
    no_bad, no_messages = parse_bad(tables.small_frame(spark, LINES)), tables.small_frame(spark, MESSAGES)
    files = sorted({(file,) for lines in frame.values() for _, file in lines})
    read = tables.small_frame(spark, struct({"file": TEXT}), files)

    sources = Sources(raw, bad, events(raw), bad_events(bad), read, dead, no_bad, no_messages, histories.NAMES.salt)
    found = {(row["app"], row["day"]): row.asDict() for row in ledger(sources).collect()}

    assert set(found) == set(history.truth)
    for key, counts in history.truth.items():
        assert {name: found[key][name] for name in counts} == dict(counts), key
        assert broken_sums(found[key]) == [], key
    # The history is worth its name: every fate is in it.
    total = sum(history.truth.values(), Counter())
    assert all(total[name] > 5 for name in ("missing", "dropped_numbers", "in_dlq", "erased", "duplicates_flush"))


def test_hostile_numbers_neither_break_nor_outweigh_the_ledger(spark: SparkSession, own: Settings) -> None:
    most = 2**53 - 1
    told = {"name": "$dropped", "props": {"full": most, "expired": "no number", "x": -5}}
    lines = [line(f"e{number}", seq=most, session_id=f"s{number}") for number in range(1100)]
    put(own, "raw", [*lines, line("e", seq=-1, session_id="s"), line("d", type="custom", custom=told)])
    ingest_job(spark, own, NOW)

    ledger_job(spark, own, NOW)

    [row] = tables.read(spark, own, "ledger").collect()
    assert broken_sums(row.asDict()) == []
    assert row["dropped_by_reason"] == {"full": 1_000_000}
    assert row["sent"] == 1102
    assert row["missing"] == 0


def test_days_of_which_something_expired_stay_as_last_counted(spark: SparkSession, own: Settings) -> None:
    put(own, "raw", [line("e1"), line("e2", received="2026-11-25T00:00:00.000Z", occurred_at="2026-11-25T00:00:00Z")])
    ingest_job(spark, own, NOW)
    ledger_job(spark, own, NOW)
    forget(own, "raw/dt=2026-11-24/")
    kept = msgspec.structs.replace(own, retention=RetentionSettings(raw_days=1))

    ledger_job(spark, kept, NOW)

    rows = {str(row["day"]): row.asDict() for row in tables.read(spark, own, "ledger").collect()}
    assert rows["2026-11-24"]["events"] == 1
    assert broken_sums(rows["2026-11-24"]) == []
