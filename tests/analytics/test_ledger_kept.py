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

from analytics import tables
from analytics.jobs.ledger import Verification, ledger_job, verify
from analytics.jobs.report import JobReport
from analytics.privacy.erasure import PersonErasure
from logdig.aws.clients import dead_letter_queue, dynamodb_profiles, s3_store
from logdig.config.settings import Settings
from logdig.privacy.erasure_list import SALT_KEY
from logdig.privacy.person import Person
from logdig.privacy.tombstones import Pseudonyms
from logdig.questions.ledger import broken_sums
from logdig.queue.packs import EventBatch, pack
from logdig.store.objects import build_object, compress
from tests.analytics import histories
from tests.analytics.ledgers import Rows, full_reading, ingest, ledger_rows, note
from tests.analytics.left_bytes import left_bytes
from tests.analytics.objects import forget, line, put

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 25, tzinfo=UTC)
GONE = histories.FIRST_DAY + timedelta(days=1)
VISITOR = "visitor0x0"
STORED = ("raw/", "bad/", "tables/")


@dataclass
class Step:
    """A ledger that went on from the last one, one that read everything, and the report of the first."""

    kept: Rows
    full: Rows
    report: JobReport


@dataclass
class Replay:
    """Steps by name; what a verification found before and after an object was changed; and what is left of a person."""

    steps: dict[str, Step] = field(default_factory=dict)
    sound: Verification = field(default_factory=Verification)
    changed: Verification = field(default_factory=Verification)
    poisoned: list[str] = field(default_factory=list)
    lines_of_person: int = 0
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
        for zone, day, lines in objects:
            put(self.own, zone, lines, day)

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
    lake.step("nothing new")


def be_hostile(lake: Lake) -> None:
    waits = build_object("raw", histories.FIRST_DAY, [line("w", app="waits").encode(), b"no line", b"no line"])
    lake.store.put(waits.key, waits.body)
    note(lake.spark, lake.own, {waits.key}, NOW, error="poison")
    cut = build_object("raw", histories.FIRST_DAY, [line("cut", app="cut").encode()])
    lake.store.put(cut.key, cut.body[:-9])
    lake.store.put(f"raw/dt={GONE}/not ours + [1]{{2}}.jsonl.gz", compress(line("f", app="foreign").encode() + b"\n"))
    lake.store.put(f"raw/dt={GONE}/empty.jsonl.gz", b"")
    lake.step("set aside, damaged and foreign")
    foreign = [key for key in lake.keys("raw/") if "not ours" in key or "empty" in key]
    lake.store.delete([cut.key, *foreign])


def leave(lake: Lake) -> None:
    person = Person("user_key", VISITOR)
    PersonErasure(lake.spark, lake.own, lake.store, dynamodb_profiles(lake.own), person, lambda: datetime.now(UTC)).run(
        {}
    )
    browser = Pseudonyms(histories.NAMES.salt).of("browser", VISITOR)
    rows = tables.read(lake.spark, lake.own, "ledger_lines")
    lake.replay.lines_of_person = rows.where(f"browser = '{browser}'").count()
    lake.replay.bytes_of_person = [
        name
        for name, content in left_bytes(lake.own)
        # Messages are erased when the flush meets them.
        if name.startswith(STORED) and (browser.encode() in content or VISITOR.encode() in content)
    ]
    ingest(lake.spark, lake.own, NOW)
    lake.step("someone forgotten")
    forget(lake.own, f"raw/dt={GONE}/", f"bad/dt={GONE}/")
    lake.step("a day expired")


def be_changed(lake: Lake) -> None:
    lake.replay.sound = verify(lake.spark, lake.own, NOW)[1]
    key = max(lake.keys("raw/"))
    lake.replay.poisoned = [key]
    lake.damage(key)
    lake.step("an object changed")
    lake.replay.changed = verify(lake.spark, lake.own, NOW)[1]
    lake.step("after verification")


STEPS = (
    "a third, not ingested", "two thirds, and the dead", "all", "nothing new", "set aside, damaged and foreign",
    "someone forgotten", "a day expired", "after verification",
)  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_kept_lines_give_the_sums_of_a_full_reading(replay: Replay, name: str) -> None:
    step = replay.steps[name]

    assert step.kept == step.full
    assert len(step.kept) > 10


def test_kept_lines_give_the_sums_of_a_count_event_by_event(replay: Replay) -> None:
    found = replay.steps["all"].kept

    assert set(found) == set(replay.truth)
    for key, counts in replay.truth.items():
        assert {name: found[key][name] for name in counts} == counts, key
        assert broken_sums(found[key]) == [], key


def test_objects_are_read_once_but_those_that_their_name_does_not_vouch_for(replay: Replay) -> None:
    read = {name: step.report.notes["objects_read"] for name, step in replay.steps.items()}
    first, second, third = (read[name] for name in STEPS[:3])

    assert first == second > 0
    assert third >= second
    assert (read["nothing new"], read["set aside, damaged and foreign"], read["a day expired"]) == (0, 4, 0)


def test_lines_wait_when_ingest_has_set_their_object_aside(replay: Replay) -> None:
    row = replay.steps["set aside, damaged and foreign"].kept["waits", "2026-11-24"]

    assert (row["events"], row["waiting"], row["in_tables"]) == (1, 1, 0)


def test_damaged_objects_are_counted_and_stop_no_other(replay: Replay) -> None:
    step = replay.steps["set aside, damaged and foreign"]

    assert step.report.notes["objects_damaged"] == 2
    assert ("foreign", "2026-11-24") in step.kept
    assert ("cut", "2026-11-24") not in step.kept


def test_nothing_is_kept_of_a_person_when_forget_has_ended(replay: Replay) -> None:
    assert (replay.lines_of_person, replay.bytes_of_person) == (0, [])
    erased = [sum(row["erased"] for row in replay.steps[name].kept.values()) for name in ("all", "someone forgotten")]
    assert erased[0] < erased[1]


def test_verification_finds_nothing_when_objects_are_as_they_were_read(replay: Replay) -> None:
    assert (replay.sound.faults, replay.sound.sums) == ({}, [])
    assert replay.sound.objects > 10


def test_object_that_was_read_is_not_opened_again_and_verification_tells_when_it_changed(replay: Replay) -> None:
    before, after = (replay.steps[name] for name in ("a day expired", "an object changed"))

    assert after.kept == before.kept != after.full
    assert list(replay.changed.faults) == replay.poisoned
    assert "cannot be read any more" in replay.changed.faults[replay.poisoned[0]]
    told = {(one["app"], str(one["day"]), one["column"]): (one["kept"], one["found"]) for one in replay.changed.sums}
    assert told == differences(after.kept, after.full)


def differences(kept: Rows, full: Rows) -> dict[tuple[str, str, str], tuple[Any, Any]]:
    sides = [
        {(*key, name): value for key, row in rows.items() for name, value in row.items() if name not in ("app", "day")}
        for rows in (kept, full)
    ]
    pairs = {key: (sides[0].get(key), sides[1].get(key)) for key in sides[0].keys() | sides[1].keys()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
