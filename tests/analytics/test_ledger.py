"""The ledger adds up, and what does not has a name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec
import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ledger import MESSAGES, ledger_job
from analytics.jobs.report import JobReport
from analytics.lake.line_rows import bad_events, events, parse_bad, parse_raw
from analytics.ledger.ledger import Sources, ledger
from analytics.ledger.reading import LINES, lines_of
from analytics.schema.columns import TEXT, struct
from logdig.config.settings import RetentionSettings, Settings
from logdig.questions.ledger import broken_sums
from tests.analytics import histories
from tests.analytics.ledgers import Rows, ingest, ledger_rows
from tests.analytics.objects import bad_line, forget, line, put

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 25, tzinfo=UTC)
EXPIRED = date(2026, 11, 20)


def seen(event_id: str, seq: int, **fields: object) -> str:
    return line(event_id, seq=seq, session_id="s1", **fields)


MOST = 2**53 - 1


def put_copies_gaps_and_rejections(own: Settings) -> None:
    told = {"name": "$dropped", "props": {"full": 1, "refused": 1, "before_send": 1}}
    dropped = line("d", type="custom", custom=told)
    rejected = bad_line("b1", text=json.dumps({"session_id": "s1", "seq": 2}))
    first = [seen("e0", 0), seen("e1", 1), seen("e5", 5, occurred_at="2026-11-23T23:59:59.000Z"), dropped]
    put(own, "raw", first)
    put(own, "raw", [seen("e0", 0), seen("e1", 1, pack_id="p2"), "no line", seen("e9", 1, pack_id="p3", app="blog")])
    put(own, "bad", [rejected])
    put(own, "bad", [rejected, bad_line("b2", app=None)])


def put_hostile_numbers(own: Settings) -> None:
    told = {"name": "$dropped", "props": {"full": MOST, "expired": "no number", "x": -5}}
    lines = [line(f"e{number}", seq=MOST, session_id=f"s{number}", app="hostile") for number in range(1100)]
    last = line("e", seq=-1, session_id="s", app="hostile"), line("d", type="custom", custom=told, app="hostile")
    put(own, "raw", [*lines, *last])


def put_two_days(own: Settings) -> None:
    first, later = "2026-11-20T12:00:00.000Z", "2026-11-25T00:00:00.000Z"
    lines = line("e1", first, app="kept", occurred_at=first), line("e2", later, app="kept", occurred_at=later)
    put(own, "raw", lines, EXPIRED)


@dataclass(frozen=True)
class Counted:
    """Rows of a first ledger, and of one that finds a row lost and a day's objects expired; and its report."""

    first: Rows
    then: Rows
    report: JobReport


@pytest.fixture(scope="module")
def counted(spark: SparkSession, new_lake: Callable[[], Settings]) -> Counted:
    """One lake in which each rule has an app of its own: a ledger costs seconds, a line nothing."""
    own = new_lake()
    put_copies_gaps_and_rejections(own)
    put_hostile_numbers(own)
    put_two_days(own)
    put(own, "raw", [line("e1", app="waits"), line("e2", app="waits")])
    put(own, "bad", [bad_line("w1", app="waits")])
    ingest(spark, own, NOW)
    put(own, "raw", [line("e3", app="waits"), "no line here"])
    put(own, "bad", [bad_line("w2", app="waits"), bad_line("w1", app="waits")])
    ledger_job(spark, own, NOW)
    first = ledger_rows(spark, own)
    forget(own, f"raw/dt={EXPIRED}/")
    spark.sql(f"DELETE FROM {tables.table_name(own, 'events')} WHERE app = 'waits' AND event_id = 'e2'")
    report = ledger_job(spark, msgspec.structs.replace(own, retention=RetentionSettings(raw_days=3)), NOW)
    return Counted(first, ledger_rows(spark, own), report)


def test_ledger_names_every_copy_gap_and_rejection(counted: Counted) -> None:
    rows = counted.first

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
    # Of one of them ingest does not know yet.
    assert rows["", "1970-01-01"]["unreadable"] == 2


def test_what_ingest_has_not_come_to_waits_and_what_it_lost_breaks_a_sum(counted: Counted) -> None:
    waits, lost = (rows["waits", "2026-11-24"] for rows in (counted.first, counted.then))

    assert (waits["waiting"], waits["bad_waiting"], broken_sums(waits)) == (1, 1, [])
    assert broken_sums(lost) == ["2026-11-24 waits tables: in_tables + waiting = events is off by -1"]
    broken = [gap for row in counted.then.values() for gap in broken_sums(row)]
    assert counted.report.notes == {"broken_sums": len(broken), "objects_read": 0}


def test_ledger_agrees_with_a_count_event_by_event(spark: SparkSession, own: Settings) -> None:
    history = histories.make(seed=20261124, apps=12)
    stored = {
        zone: [(text, f"{index}.jsonl.gz", day) for index, (name, day, lines) in enumerate(history.objects)
               if name == zone for text in lines]
        for zone in ("raw", "bad")
    }  # fmt: skip
    raw, bad = (tables.small_frame(spark, LINES, stored[zone]) for zone in ("raw", "bad"))
    dead = tables.small_frame(spark, LINES, [(text, "", histories.FIRST_DAY) for text in history.dead])
    salt = histories.NAMES.salt

    sources = Sources(
        lines=lines_of(raw, bad, salt),
        waiting=tables.small_frame(spark, struct({"key": TEXT})),
        events=events(parse_raw(raw)),
        bad_events=bad_events(parse_bad(bad)),
        dead=lines_of(dead, tables.small_frame(spark, LINES), salt),
        dead_messages=tables.small_frame(spark, MESSAGES),
        salt=salt,
    )
    found = {(row["app"], row["day"]): row.asDict() for row in ledger(sources).collect()}

    assert set(found) == set(history.truth)
    for key, counts in history.truth.items():
        assert {name: found[key][name] for name in counts} == dict(counts), key
        assert broken_sums(found[key]) == [], key
    # The history is worth its name: every fate is in it.
    total = sum(history.truth.values(), Counter())
    assert all(total[name] > 5 for name in ("missing", "dropped_numbers", "in_dlq", "erased", "duplicates_flush"))


def test_hostile_numbers_neither_break_nor_outweigh_the_ledger(counted: Counted) -> None:
    row = counted.first["hostile", "2026-11-24"]

    assert broken_sums(row) == []
    assert row["dropped_by_reason"] == {"full": 1_000_000}
    assert row["sent"] == 1102
    assert row["missing"] == 0


def test_days_of_which_something_expired_stay_as_last_counted(counted: Counted) -> None:
    day = "kept", str(EXPIRED)

    assert counted.then[day]["events"] == 1
    assert counted.then[day] == counted.first[day]
    assert broken_sums(counted.then[day]) == []
