"""Which copy of an event stays: Spark says what a rule in plain Python says, for hundreds of made histories at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.lake import maintenance
from logdig.config.settings import Settings
from logdig.times import wire_time
from tests.analytics.objects import line, put

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HISTORIES, APPS = 300, 3
SENT = ("2026-11-24T11:59:59.123456789z", "2026-11-24T00:00:00Z", "2026-11-10T23:31:00Z", "2026-11-24T12:00:60Z")
"""Times of events by the sender's clock; one second of a minute is none that Spark can read."""
Kept = tuple[str, int, str | None]
"""What is told of a copy: when it was received, its line's hash, its link."""
MASK = 2**64 - 1
PRIMES = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261)
SPARK_SEED = 42


@dataclass(frozen=True)
class Copy:
    """One copy of an event, stored by one of two batches or by both; ``erased`` = its person was forgotten."""

    event_id: str
    received_ms: int
    minutes_before: int
    link: str
    erased: bool
    batches: frozenset[int]

    def line(self, history: int) -> str:
        app, event_id = f"app-{history % APPS}", f"{self.event_id}{history // APPS}"
        erasing = {"type": "custom", "custom": {"name": "$erased", "props": {}}} if self.erased else {}
        received = wire_time(NOON + timedelta(milliseconds=self.received_ms))
        occurred = wire_time(NOON - timedelta(minutes=self.minutes_before))
        # Whatever a clock does between two sends, the event keeps the time that it was made with.
        sent = (
            "2026-11-24T12:00:60.000Z" if event_id.startswith("b") and history % 5 == 0 else SENT[history % len(SENT)]
        )
        return line(event_id, received, app=app, occurred_at=occurred, timestamp=sent, link=self.link, **erasing)


COPIES = st.builds(
    Copy,
    event_id=st.sampled_from(["a", "b"]),
    received_ms=st.integers(0, 2),
    # A resend may cross midnight, or come by a clock that has jumped by an hour or by weeks.
    minutes_before=st.one_of(st.integers(0, 3), st.integers(0, 90), st.integers(0, 30 * 24 * 60)),
    link=st.text(st.characters(codec="utf-8"), max_size=40),
    erased=st.integers(0, 9).map(lambda one: one == 0),
    batches=st.sets(st.integers(0, 1), min_size=1).map(frozenset),
)


def rotated(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & MASK


def mixed(total: int, lane: int) -> int:
    return rotated((total + lane * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxhash64(data: bytes, seed: int = SPARK_SEED) -> int:
    """XXH64 as its specification has it, as a signed number; Spark's function of that name."""
    p1, p2, p3, p4, p5 = PRIMES
    place, found = 0, (seed + p5) & MASK
    if len(data) >= 32:
        sums = [(seed + p1 + p2) & MASK, (seed + p2) & MASK, seed, (seed - p1) & MASK]
        for place in range(32, len(data) + 1, 32):
            lanes = [int.from_bytes(data[at : at + 8], "little") for at in range(place - 32, place, 8)]
            sums = [mixed(total, lane) for total, lane in zip(sums, lanes, strict=True)]
        found = sum(rotated(total, bits) for total, bits in zip(sums, (1, 7, 12, 18), strict=True)) & MASK
        for total in sums:
            found = ((found ^ mixed(0, total)) * p1 + p4) & MASK
    found = (found + len(data)) & MASK
    while place + 8 <= len(data):
        lane = int.from_bytes(data[place : place + 8], "little")
        found, place = (rotated(found ^ mixed(0, lane), 27) * p1 + p4) & MASK, place + 8
    if place + 4 <= len(data):
        lane = int.from_bytes(data[place : place + 4], "little")
        found, place = (rotated(found ^ lane * p1 & MASK, 23) * p2 + p3) & MASK, place + 4
    for byte in data[place:]:
        found = rotated(found ^ byte * p5 & MASK, 11) * p1 & MASK
    found = (found ^ found >> 33) * p2 & MASK
    found = (found ^ found >> 29) * p3 & MASK
    found ^= found >> 32
    return found - 2**64 if found >= 2**63 else found


def rule(lines: Iterable[str]) -> dict[tuple[str, str], Kept]:
    """The least (received_at, hash of the line) of each event, of those that stand for no erased one."""
    kept: dict[tuple[str, str], Kept] = {}
    for text in lines:
        one = json.loads(text)
        if one["type"] == "custom":
            continue
        copy = (one["received_at"], xxhash64(text.encode()), one.get("link"))
        name = (one["app"], one["event_id"])
        kept[name] = min(kept.get(name, copy), copy)
    return kept


def as_copy(row: Row) -> Kept:
    return wire_time(row["received_at"].replace(tzinfo=UTC)), row["line_hash"], row["link"]


def histories() -> list[list[Copy]]:
    found: list[list[Copy]] = []

    @settings(max_examples=HISTORIES, database=None)
    @given(st.lists(COPIES, min_size=1, max_size=8))
    def collect(history: list[Copy]) -> None:
        found.append(history)

    collect()
    return found


def test_hash_is_that_of_its_specification() -> None:
    published = {b"": 0xEF46DB3751D8E999, b"a": 0xD24EC4F1A98C6E5B, b"abc": 0x44BC2CF5AD770999}

    assert {text: xxhash64(text, seed=0) % 2**64 for text in published} == published


def test_copy_that_stays_is_the_one_of_the_plain_rule_whatever_came_in_which_batch(
    spark: SparkSession, own: Settings
) -> None:
    numbered = [(number, copy) for number, history in enumerate(histories()) for copy in history]
    lines = [copy.line(number) for number, copy in numbered]

    for batch in (1, 0):
        put(own, "raw", [text for text, (_, copy) in zip(lines, numbered, strict=True) if batch in copy.batches])
        ingest_job(spark, own, NOON)
        # Forgotten, so that what was read before is read once more.
        spark.sql(f"DELETE FROM {tables.table_name(own, 'ingested')}")

    found = tables.read(spark, own, "events").select("app", "event_id", "received_at", "line_hash", "link").collect()
    wanted = rule(lines)
    assert len(found) == len(wanted) > HISTORIES
    assert {(row["app"], row["event_id"]): as_copy(row) for row in found} == wanted
    assert maintenance.recheck_ids(spark, own, NOON) == 0
