"""SQS and S3 both fail for ten minutes under load and are well again: the ledger misses nothing."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from itertools import count, repeat
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ledger import MESSAGES
from analytics.lake.line_rows import bad_events, events, parse_bad, parse_raw
from analytics.ledger.ledger import Sources, ledger
from analytics.ledger.reading import LINES, lines_of
from analytics.schema.columns import TEXT, struct
from logdig.collect.collector import Collector
from logdig.flush.flusher import FlushLimits, flush
from logdig.questions.ledger import broken_sums
from logdig.queue.packs import QueueSink
from logdig.store.keys import parse_key
from logdig.times import wire_time
from tests.fakes.queue import FakeClock, FakeQueue, refusal
from tests.fakes.store import FakeStore
from tests.fakes.tracked import body, event, post, three_apps
from tests.faults.hooks import fails, well

pytestmark = pytest.mark.java
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTES, DOWN = 30, range(10, 20)
VISITORS, EVENTS_A_MINUTE = 10, 5
REFUSED = (40, 115)
"""Numbers of events that are wrong; before and after the outage, for nothing tells copies of a rejected event apart."""
LIMITS = FlushLimits(wait_seconds=0, receivers=1)


class Visitor:
    """A browser: numbers its events, keeps them until it hears 202, and sends one now and then that is refused."""

    def __init__(self, number: int) -> None:
        self._name, self._numbers, self._waiting = f"v{number:03}", count(), list[dict[str, Any]]()

    def act(self, now: datetime) -> None:
        for _ in range(EVENTS_A_MINUTE):
            number = next(self._numbers)
            who = {"user_key": self._name, "session_id": self._name, "seq": number}
            made = event(event_id=f"{self._name}-{number:016}", timestamp=wire_time(now), **who)
            self._waiting.append(made | {"y": "far"} if number in REFUSED else made)

    def send(self, front: Collector) -> int:
        status = front.handle(post(body(*self._waiting, sent_at=None))).status
        if status == 202:
            self._waiting.clear()
        return status


def make_outage() -> tuple[FakeStore, set[int]]:
    """Half of the time sends are refused, then they time out after their effect; S3 refuses all the time."""
    clock, ids = FakeClock(NOON), count()
    queue, store = FakeQueue(clock, Random(1)), FakeStore()
    front = Collector(three_apps(), QueueSink(queue, lambda: f"p{next(ids)}"), clock, lambda: f"id-{next(ids):019}")
    visitors, statuses = [Visitor(number) for number in range(VISITORS)], set()
    for minute in range(MINUTES):
        is_down = minute in DOWN
        refuses = is_down and minute < DOWN.start + 5
        queue.before = fails(repeat(refusal("SendMessage", "ServiceUnavailable", 503))) if refuses else well
        queue.after = fails(repeat(ReadTimeoutError(endpoint_url="https://sqs"))) if is_down else well
        store.before = fails(repeat(refusal("PutObject", "SlowDown", 503))) if is_down else well
        for visitor in visitors:
            visitor.act(clock())
            statuses.add(visitor.send(front))
        if minute % 5 == 4:
            report = flush(queue, store, LIMITS, clock, deadline=clock() + timedelta(seconds=240))
            assert bool(report.errors) == is_down
        clock.advance(60)
    clock.advance(301)
    flush(queue, store, LIMITS, clock, deadline=clock() + timedelta(seconds=240), force=True)
    assert (queue.bodies, queue.dead) == ([], [])
    return store, statuses


def test_ledger_misses_nothing_when_queue_and_store_failed_for_ten_minutes_under_load(spark: SparkSession) -> None:
    store, statuses = make_outage()
    stored = {
        zone: [
            (line.decode("ascii"), key, parse_key(key).day)
            for key, text in store.objects.items()
            if key.startswith(f"{zone}/")
            for line in gzip.decompress(text).splitlines()
        ]
        for zone in ("raw", "bad")
    }
    raw, bad = (tables.small_frame(spark, LINES, stored[zone]) for zone in ("raw", "bad"))
    no_lines, no_messages = tables.small_frame(spark, LINES), tables.small_frame(spark, MESSAGES)

    sources = Sources(
        lines=lines_of(raw, bad, "salt"),
        waiting=tables.small_frame(spark, struct({"key": TEXT})),
        events=events(parse_raw(raw)),
        bad_events=bad_events(parse_bad(bad)),
        dead=lines_of(no_lines, no_lines, "salt"),
        dead_messages=no_messages,
        salt="salt",
    )
    [row] = [found.asDict() for found in ledger(sources).collect()]

    made = MINUTES * EVENTS_A_MINUTE * VISITORS
    assert statuses == {202, 503}
    assert broken_sums(row) == []
    assert (row["sent"], row["missing"], row["rejected"]) == (made, 0, VISITORS * len(REFUSED))
    # What was in the queue although its sender heard 503 came again.
    assert row["duplicates_browser"] > 0
