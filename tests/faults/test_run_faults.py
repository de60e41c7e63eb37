"""Flushers at once, deadlines, clocks that jump, a message that ends every run: nothing lost or twice."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from logdig.flush.report import FlushReport
from logdig.queue.dead_letters import redrive
from logdig.store.keys import parse_key
from tests.faults.harness import HIDDEN_SECONDS, LIMITS, RUN_SECONDS, FlushHarness, filled
from tests.faults.hooks import EndOfRunError, well


@pytest.mark.parametrize("flushers", [2, 10])
def test_f08_nothing_is_lost_or_twice_when_several_flushers_run_at_once(flushers: int) -> None:
    harness = filled(1500)

    with ThreadPoolExecutor(flushers) as pool:
        reports = list(pool.map(lambda _: harness.flush_once(), range(flushers)))
    harness.drain()

    assert sum(report.logs for report in reports) >= 1500
    assert harness.account().is_clean


def test_f08_nothing_is_lost_or_twice_when_others_die_in_the_middle_of_a_run() -> None:
    for seed in range(30):
        harness = filled(200, seed)
        inside = []

        def begin_another(operation: str, harness: FlushHarness = harness, inside: list[str] = inside) -> None:
            if harness.random.random() < 0.2 and len(inside) < 5:
                inside.append(operation)
                with suppress(EndOfRunError):
                    harness.flush_once()
                inside.pop()
            elif inside and harness.random.random() < 0.2:
                raise EndOfRunError

        harness.queue.before = begin_another
        harness.flush_once()
        harness.queue.before = well
        harness.drain()

        assert harness.account().is_clean, seed


@pytest.mark.parametrize("seconds_left", [1, 0])
@pytest.mark.parametrize("force", [True, False])
def test_f09_a_run_ends_cleanly_whichever_call_takes_its_time(seconds_left: int, force: bool) -> None:
    def made(slow: int) -> tuple[int, FlushHarness, FlushReport]:
        """Let one call take all but so many seconds of the run."""
        harness = filled(90, seed=4)
        harness.force, harness.limits = force, replace(LIMITS, object_messages=20)
        calls = count(1)
        ends = harness.clock() + timedelta(seconds=RUN_SECONDS - seconds_left)

        def take_time(*_: object) -> None:
            if next(calls) == slow:
                harness.clock.now = max(harness.clock.now, ends)

        harness.queue.before = harness.store.before = take_time
        report = harness.flush_once()
        harness.queue.before = harness.store.before = well
        return next(calls) - 1, harness, report

    whole = made(0)[0]
    for slow in range(1, whole + 1):
        calls, harness, report = made(slow)
        still_there = len(harness.queue.bodies)
        harness.force = True
        harness.drain()

        assert harness.account().is_clean, slow
        if seconds_left:
            # What it had, it wrote and deleted, or gave back.
            assert (report.errors, report.left) == ([], 0), slow
        else:
            # Not one call after its time; what it could not finish, it says.
            assert calls == slow
            assert bool(report.errors) == (report.left > 0), slow
            assert report.left == 0 or "deadline" in report.errors[-1], slow
            assert still_there >= report.left, slow


def test_f09_a_run_writes_nothing_more_and_fails_when_its_time_ran_out_at_a_put() -> None:
    harness = filled(400)
    harness.limits = replace(LIMITS, object_messages=20)
    harness.store.after = lambda operation, _key: harness.clock.advance(RUN_SECONDS) if operation == "put" else None

    report = harness.flush_once()
    harness.store.after = well
    harness.drain()

    assert report.objects == 1
    assert "deadline" in report.errors[0]
    assert harness.account().is_clean


@pytest.mark.parametrize(
    "jump",
    [timedelta(days=1), timedelta(days=-1), timedelta(seconds=-1), timedelta(seconds=1), timedelta(hours=-1)],
    ids=["day ahead", "day back", "leap second", "midnight UTC", "summer time ends"],
)
def test_f10_a_line_lies_under_the_day_of_its_arrival_when_the_clock_jumps(jump: timedelta) -> None:
    harness = FlushHarness(now=datetime(2026, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC))
    harness.send(5)
    harness.clock.now += jump
    harness.send(5)
    harness.flush_once()
    harness.clock.now = max(harness.clock.now, datetime(2027, 1, 2, tzinfo=UTC))
    harness.drain()

    days = {line[16:26].decode() for line in harness.witness.sent.values()}
    assert {parse_key(key).day.isoformat() for key in harness.store.objects} == days
    assert harness.account().is_clean


def test_f11_what_ends_every_run_goes_to_the_dead_letter_queue_alone_and_comes_back_once() -> None:
    harness = filled(300)
    harness.send(1)
    deadly = list(harness.witness.sent)[-1][1].encode("ascii")
    put = harness.store.put

    def put_or_end(key: str, body: bytes) -> bool:
        if deadly in gzip.decompress(body):
            raise EndOfRunError
        return put(key, body)

    harness.store.put = put_or_end  # type: ignore[method-assign] (this store only)
    for _ in range(60):
        with suppress(EndOfRunError):
            harness.flush_once()
        harness.clock.advance(HIDDEN_SECONDS + 1)
    given_up = list(harness.queue.dead)
    stored_before = harness.account()
    harness.store.put = put  # type: ignore[method-assign] (as it was)
    for body in given_up:
        harness.dlq.send(body)
    sent = sum(redrive(harness.dlq, harness.queue))
    harness.queue.dead.clear()
    harness.drain()

    assert [deadly in body.encode("ascii") for body in given_up] == [True]
    assert stored_before.lost == 0
    assert (sent, harness.dlq.bodies) == (1, [])
    assert harness.account().is_clean
