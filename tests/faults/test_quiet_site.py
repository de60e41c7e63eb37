"""Events on quiet sites, sites of one request a second, and an outage of everything, on a clock moved by hand."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path

import pytest

from logdig.errors import QueueUnavailableError, StoreUnavailableError
from logdig.flush.flusher import FlushLimits
from tests.faults.harness import FlushHarness
from tests.faults.hooks import fails, well

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMITS = FlushLimits(wait_seconds=1, receivers=1)
INTERVAL = LIMITS.interval_seconds
CALL_SECONDS = 0.02
"""Taken for one call of SQS or S3, beside the wait of a receive."""
RUNS, RUNS_A_DAY = 8, 86_400 // INTERVAL
PAGE = Path(__file__).parent.parent.parent / "docs" / "flush.md"
BILLED_ROWS = re.findall(r"^\| ([0-9.]+) \| ([0-9,]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def scheduled(limits: FlushLimits = LIMITS) -> FlushHarness:
    harness = FlushHarness(now=NOON)
    harness.limits, harness.force = limits, False
    return harness


@pytest.mark.parametrize("offset", [0, 1, 59, 60, 150, 239, 240, 299])
def test_lone_event_is_stored_within_its_max_age_wherever_it_falls_between_two_runs(offset: int) -> None:
    harness = scheduled()
    harness.clock.advance(offset)
    harness.send(1)
    sent_at = harness.clock()
    harness.clock.advance(INTERVAL - offset)

    while not harness.store.lines("raw"):
        harness.flush_once()
        stored_after = harness.clock() - sent_at
        harness.clock.advance(INTERVAL)

    assert stored_after <= timedelta(seconds=LIMITS.max_age_seconds)
    assert harness.queue.dead == []


def test_site_with_one_request_a_second_does_not_keep_the_function_running() -> None:
    # Each run ends after few receives, not at its deadline.
    assert billed_seconds(1.0, runs=4) < 4 * 10


@pytest.mark.parametrize("row", BILLED_ROWS, ids=lambda row: row[0])
def test_billed_seconds_a_day_are_those_that_the_page_names(row: list[str]) -> None:
    requests, seconds_a_day = row

    billed = billed_seconds(float(requests), RUNS)

    assert f"{RUNS_A_DAY / RUNS * billed:,.0f}" == seconds_a_day


def billed_seconds(requests_a_second: float, runs: int) -> float:
    """Let requests come at an even rate, also while the function runs; return the seconds of so many runs."""
    harness = scheduled()
    number = round(runs * INTERVAL * requests_a_second)
    due = deque(NOON + timedelta(seconds=(one + 0.5) / requests_a_second) for one in range(number))

    def arrive() -> None:
        while due and due[0] <= harness.clock():
            due.popleft()
            harness.send(1)

    def wait_for_messages() -> None:
        """A receive ends with the first message that comes, or with its wait."""
        arrive()
        if not any(entry.visible_at <= harness.clock() for entry in harness.queue._entries.values()):
            longest = timedelta(seconds=LIMITS.wait_seconds)
            harness.clock.now += min(longest, due[0] - harness.clock()) if due else longest
            arrive()

    def pass_time(operation: str, _key: str = "") -> None:
        if operation == "receive":
            wait_for_messages()
        if operation != "send":
            harness.clock.advance(CALL_SECONDS)

    harness.limits = replace(LIMITS, wait_seconds=0)
    harness.queue.before = harness.store.before = pass_time
    billed = 0.0
    for run in range(runs):
        start = NOON + timedelta(seconds=INTERVAL * (run + 1))
        harness.clock.now = max(harness.clock.now, start)
        arrive()
        harness.flush_once()
        billed += (harness.clock() - start).total_seconds()
    return billed


def test_nothing_is_missing_when_queue_and_store_fail_for_ten_minutes_under_load() -> None:
    harness = scheduled()
    unsent: list[int] = []

    queue_down = fails(repeat(QueueUnavailableError("SQS is down")))
    store_down = fails(repeat(StoreUnavailableError("S3 is down")))

    for minute in range(30):
        is_down = 10 <= minute < 20
        harness.queue.before = queue_down if is_down else well
        harness.store.before = store_down if is_down else well
        # What is refused stays with its sender, which comes back.
        for size in [*(unsent if not is_down else []), *([5] * 20)]:
            try:
                harness.send(size)
            except QueueUnavailableError:
                unsent.append(size)
        if not is_down:
            unsent.clear()
        if minute % 5 == 4:
            assert bool(harness.flush_once().errors) == is_down
        harness.clock.advance(60)
    harness.force = True
    harness.drain()

    account = harness.account()
    assert account.is_clean
    assert account.acknowledged == 30 * 20 * 5
    assert harness.queue.dead == []


def test_every_text_comes_back_unchanged_from_an_object_as_json_lines() -> None:
    harness = scheduled()
    harness.force = True
    harness.send_many(300)
    harness.drain()

    links = {json.loads(line)["link"] for line in harness.store.lines("raw")}

    assert links == {json.loads(line)["link"] for line in harness.witness.sent.values() if b"event_id" in line}
