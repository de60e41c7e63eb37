"""What the ledger keeps of objects gives the sums of a full reading, whatever comes, comes again and leaves."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
import pytest
from pyspark.sql import SparkSession

from analytics.jobs.ledger import Verification, ledger_job, verify
from analytics.jobs.report import JobReport
from logdig.aws.clients import dead_letter_queue, s3_store
from logdig.config.settings import Settings
from logdig.privacy.erasure_list import SALT_KEY
from logdig.privacy.object_erasure import remove_lines
from logdig.privacy.person import Person
from logdig.privacy.tombstones import Pseudonyms
from logdig.questions.ledger import broken_sums
from logdig.queue.packs import EventBatch, pack
from logdig.store.objects import build_object, compress
from logdig.tables.ledger import LEDGER
from tests.analytics import histories
from tests.analytics.ledgers import Rows, full_reading, ingest, ledger_rows, note
from tests.analytics.left_bytes import object_bytes
from tests.analytics.objects import forget, line, put

# A dozen runs of Spark in one fixture.
pytestmark = [pytest.mark.java, pytest.mark.timeout(1800)]
NOW = datetime(2026, 11, 25, tzinfo=UTC)
GONE = histories.FIRST_DAY + timedelta(days=1)
VISITOR = "visitor0x0"


@dataclass
class Step:
    """A ledger that went on from the last one, one that read everything, and the report of the first."""

    kept: Rows
    full: Rows
    report: JobReport


@dataclass
class Replay:
    """Steps by name; objects written before each of the first; what a verification found when an object had changed;
    and where a person is left."""

    steps: dict[str, Step] = field(default_factory=dict)
    changed: Verification = field(default_factory=Verification)
    written: list[int] = field(default_factory=list)
    poisoned: list[str] = field(default_factory=list)
    bytes_of_person: list[str] = field(default_factory=list)
    truth: Rows = field(default_factory=dict)


class Lake:
    """One lake through which a history goes, step by step."""

    def __init__(self, spark: SparkSession, own: Settings) -> None:
        self.spark, self.own, self.replay = spark, own, Replay()
        self.store = s3_store(own)
        self.store.put(SALT_KEY, histories.NAMES.salt.encode())

    def step(self, name: str) -> None:
        report = ledger_job(self.spark, self.own, NOW)
        self.replay.steps[name] = Step(ledger_rows(self.spark, self.own), full_reading(self.spark, self.own), report)

    def write(self, objects: list[tuple[Any, Any, list[str]]]) -> None:
        before = len(self.keys("raw/")) + len(self.keys("bad/"))
        for zone, day, lines in objects:
            put(self.own, zone, lines, day)
        self.replay.written.append(len(self.keys("raw/")) + len(self.keys("bad/")) - before)

    def give_up(self, lines: list[str]) -> None:
        """Put events into the dead-letter queue, as the packs that were given up."""
        ids, queue = count(), dead_letter_queue(self.own)
        for text in lines:
            event = {name: value for name, value in msgspec.json.decode(text).items() if name != "pack_id"}
            moment = datetime.fromisoformat(event["received_at"])
            for body in pack(EventBatch(event["app"], moment, (msgspec.json.encode(event),)), lambda: f"d{next(ids)}"):
                queue.send(body)

    def damage(self, key: str) -> None:
        """Store other bytes under a name, as no writer of LogDig does."""
        self.store.delete([key])
        self.store.put(key, b"no gzip")

    def keys(self, prefix: str) -> list[str]:
        return sorted(entry.key for entry in self.store.list(prefix))


@pytest.fixture(scope="module")
def replay(spark: SparkSession, new_lake: Callable[[], Settings]) -> Replay:
    """One run through everything: a ledger costs seconds."""
    lake = Lake(spark, new_lake())
    history = histories.make(seed=8, apps=6)
    random.Random(8).shuffle(history.objects)
    third = len(history.objects) // 3
    come(lake, history, third)
    lake.replay.truth = {(app, str(day)): dict(counts) for (app, day), counts in history.truth.items()}
    be_hostile(lake)
    leave(lake)
    be_changed(lake)
    return lake.replay


def come(lake: Lake, history: histories.History, third: int) -> None:
    lake.write(history.objects[:third])
    lake.step("a third, not ingested")
    ingest(lake.spark, lake.own, NOW)
    lake.write(history.objects[third : 2 * third])
    lake.give_up(history.dead)
    lake.step("two thirds, and the dead")
    lake.write(history.objects[2 * third :])
    ingest(lake.spark, lake.own, NOW)
    lake.step("all")


def be_hostile(lake: Lake) -> None:
    waits = build_object("raw", histories.FIRST_DAY, [line("w", app="waits").encode(), b"no line", b"no line"])
    lake.store.put(waits.key, waits.body)
    note(lake.spark, lake.own, {waits.key}, NOW, error="poison")
    cut = build_object("raw", histories.FIRST_DAY, [line("cut", app="cut").encode()])
    lake.store.put(cut.key, cut.body[:-9])
    lake.store.put(f"raw/dt={GONE}/not ours + [1]{{2}}.jsonl.gz", compress(line("f", app="foreign").encode() + b"\n"))
    lake.store.put(f"raw/dt={GONE}/empty.jsonl.gz", b"")
    lake.step("set aside, damaged and foreign")


def leave(lake: Lake) -> None:
    person, names = Person("user_key", VISITOR), Pseudonyms(histories.NAMES.salt)
    remove_lines(lake.store, person, names)
    forget(lake.own, f"raw/dt={GONE}/", f"bad/dt={GONE}/")
    lake.step("someone forgotten, a day expired")
    lake.replay.bytes_of_person = [
        name
        for name, content in object_bytes(lake.own)
        if "/ledger_lines/" in name and names.of("browser", VISITOR).encode() in content
    ]


def be_changed(lake: Lake) -> None:
    key = max(lake.keys("raw/"))
    lake.replay.poisoned = [key]
    lake.damage(key)
    report, lake.replay.changed = verify(lake.spark, lake.own, NOW)
    rows = ledger_rows(lake.spark, lake.own), full_reading(lake.spark, lake.own)
    lake.replay.steps["an object changed"] = Step(*rows, report)
    lake.step("after verification")


STEPS = (
    "a third, not ingested", "two thirds, and the dead", "all", "set aside, damaged and foreign",
    "someone forgotten, a day expired", "after verification",
)  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_kept_lines_give_the_sums_of_a_full_reading(replay: Replay, name: str) -> None:
    step = replay.steps[name]

    assert differences(step.kept, step.full) == {}
    assert step.kept


def test_kept_lines_give_the_sums_of_a_count_event_by_event(replay: Replay) -> None:
    found = replay.steps["all"].kept

    assert set(found) == set(replay.truth)
    for key, counts in replay.truth.items():
        assert {name: found[key][name] for name in counts} == counts, key
        assert broken_sums(found[key]) == [], key


def test_objects_are_read_once_but_those_that_their_name_does_not_vouch_for(replay: Replay) -> None:
    read = {name: step.report.notes["objects_read"] for name, step in replay.steps.items()}

    assert [read[name] for name in STEPS[:3]] == replay.written
    assert read["set aside, damaged and foreign"] == 4
    # The foreign ones were in the folder of the day that expired.
    assert (read["an object changed"], read["after verification"]) == (0, 1)


def test_lines_wait_when_ingest_has_set_their_object_aside(replay: Replay) -> None:
    row = replay.steps["set aside, damaged and foreign"].kept["waits", "2026-11-24"]

    assert (row["events"], row["waiting"], row["in_tables"]) == (1, 1, 0)


def test_damaged_objects_are_counted_and_stop_no_other(replay: Replay) -> None:
    step = replay.steps["set aside, damaged and foreign"]

    assert step.report.notes["objects_damaged"] == 2
    assert ("foreign", "2026-11-24") in step.kept
    assert ("cut", "2026-11-24") not in step.kept


def test_nothing_of_a_person_is_kept_when_the_lines_are_erased(replay: Replay) -> None:
    assert replay.bytes_of_person == []
    erased = [
        sum(row["erased"] for (_app, day), row in replay.steps[name].kept.items() if day != str(GONE))
        for name in (STEPS[2], STEPS[4])
    ]
    assert erased[0] < erased[1]


def test_object_that_was_read_is_not_opened_again_and_verification_tells_when_it_changed(replay: Replay) -> None:
    before, after = (replay.steps[name] for name in ("someone forgotten, a day expired", "an object changed"))

    assert after.kept == before.kept
    assert differences(after.kept, after.full)
    assert list(replay.changed.faults) == replay.poisoned
    assert "cannot be read any more" in replay.changed.faults[replay.poisoned[0]]
    told = {
        (one["app"], str(one["day"]), one["column"]): (one["kept"] or 0, one["found"] or 0)
        for one in replay.changed.sums
        if one["kept"] or one["found"]
    }
    assert told == differences(after.kept, after.full)


def differences(kept: Rows, full: Rows) -> dict[tuple[str, str, str], tuple[Any, Any]]:
    """Values that differ, by app, day and column; nothing is as good as 0."""
    names = [name for name in LEDGER.names if name not in LEDGER.keys]
    pairs = {
        (*day, name): (kept.get(day, {}).get(name) or 0, full.get(day, {}).get(name) or 0)
        for day in kept.keys() | full.keys()
        for name in names
    }
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
