"""Events on quiet sites, sites of one request a second, and an outage of everything, on a clock moved by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from logdig.errors import QueueUnavailableError, StoreUnavailableError
from logdig.flusher import FlushLimits
from tests.faults.road import Road

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMITS = FlushLimits(wait_seconds=1, receivers=1)
INTERVAL = LIMITS.interval_seconds


def scheduled(limits: FlushLimits = LIMITS) -> Road:
    road = Road(now=NOON)
    road.limits, road.force = limits, False
    return road


@pytest.mark.parametrize("offset", [0, 1, 59, 60, 150, 239, 240, 299])
def test_lone_event_is_stored_within_its_max_age_wherever_it_falls_between_two_runs(offset: int) -> None:
    road = scheduled()
    road.clock.advance(offset)
    road.send(1)
    sent_at = road.clock()
    road.clock.advance(INTERVAL - offset)

    while not road.store.lines("raw"):
        road.flush_once()
        stored_after = road.clock() - sent_at
        road.clock.advance(INTERVAL)

    assert stored_after <= timedelta(seconds=LIMITS.max_age_seconds)
    assert road.queue.dead == []


def test_site_with_one_request_a_second_does_not_keep_the_function_running() -> None:
    billed, runs = billed_seconds(requests=3600, seconds_between=1.0)

    assert runs == 12
    # Each run ends after few receives, not at its deadline: minutes a day, not the whole day.
    assert billed / runs < 60


def billed_seconds(requests: int, seconds_between: float) -> tuple[float, int]:
    """Let requests come also while the function runs; a receive takes until the next one comes, at most its wait."""
    road = scheduled()
    due = [NOON + timedelta(seconds=seconds_between * number) for number in range(requests)]

    def arrive() -> None:
        while due and due[0] <= road.clock():
            due.pop(0)
            road.send(1)

    def pass_time(operation: str) -> None:
        if operation == "receive":
            arrive()
            empty = not any(entry.visible_at <= road.clock() for entry in road.queue._entries.values())
            road.clock.advance(LIMITS.wait_seconds if empty else 0.02)
            road.queue.before = lambda _: None
            arrive()
            road.queue.before = pass_time
        elif operation in ("delete", "release"):
            road.clock.advance(0.02)

    road.queue.before = pass_time
    billed, runs = 0.0, 0
    end = NOON + timedelta(seconds=requests * seconds_between)
    next_run = NOON + timedelta(seconds=INTERVAL)
    while next_run <= end:
        road.clock.now = max(road.clock.now, next_run)
        started = road.clock()
        road.flush_once()
        billed += (road.clock() - started).total_seconds()
        runs, next_run = runs + 1, next_run + timedelta(seconds=INTERVAL)
    return billed, runs


def test_nothing_is_missing_when_queue_and_store_fail_for_ten_minutes_under_load() -> None:
    road = scheduled()
    unsent: list[int] = []

    def down(*_: object) -> None:
        raise QueueUnavailableError("SQS is down")

    def store_down(*_: object) -> None:
        raise StoreUnavailableError("S3 is down")

    for minute in range(30):
        is_down = 10 <= minute < 20
        road.queue.before = down if is_down else lambda _: None
        road.store.before = store_down if is_down else lambda *_: None
        # What is refused stays with its sender, which comes back.
        for size in [*(unsent if not is_down else []), *([5] * 20)]:
            try:
                road.send(size)
            except QueueUnavailableError:
                unsent.append(size)
        if not is_down:
            unsent.clear()
        if minute % 5 == 4:
            assert bool(road.flush_once().errors) == is_down
        road.clock.advance(60)
    road.force = True
    road.drain()

    account = road.account()
    assert account.is_clean
    assert account.acknowledged == 30 * 20 * 5
    assert road.queue.dead == []


def test_every_text_comes_back_unchanged_from_an_object_as_json_lines() -> None:
    road = scheduled()
    road.force = True
    road.send_many(300)
    road.drain()

    links = {json.loads(line)["link"] for line in road.store.lines("raw")}

    assert links == {json.loads(line)["link"] for line in road.witness.sent.values() if b"event_id" in line}
