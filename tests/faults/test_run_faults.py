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
from tests.faults.hooks import EndOfRunError, well
from tests.faults.road import HIDDEN_SECONDS, LIMITS, RUN_SECONDS, Road, filled


@pytest.mark.parametrize("flushers", [2, 10])
def test_f08_nothing_is_lost_or_twice_when_several_flushers_run_at_once(flushers: int) -> None:
    road = filled(1500)

    with ThreadPoolExecutor(flushers) as pool:
        reports = list(pool.map(lambda _: road.flush_once(), range(flushers)))
    road.drain()

    assert sum(report.logs for report in reports) >= 1500
    assert road.account().is_clean


def test_f08_nothing_is_lost_or_twice_when_others_die_in_the_middle_of_a_run() -> None:
    for seed in range(30):
        road = filled(200, seed)
        inside = []

        def begin_another(operation: str, road: Road = road, inside: list[str] = inside) -> None:
            if road.random.random() < 0.2 and len(inside) < 5:
                inside.append(operation)
                with suppress(EndOfRunError):
                    road.flush_once()
                inside.pop()
            elif inside and road.random.random() < 0.2:
                raise EndOfRunError

        road.queue.before = begin_another
        road.flush_once()
        road.queue.before = well
        road.drain()

        assert road.account().is_clean, seed


@pytest.mark.parametrize("seconds_left", [1, 0])
@pytest.mark.parametrize("force", [True, False])
def test_f09_a_run_ends_cleanly_whichever_call_takes_its_time(seconds_left: int, force: bool) -> None:
    def made(slow: int) -> tuple[int, Road, FlushReport]:
        """Let one call take all but so many seconds of the run."""
        road = filled(90, seed=4)
        road.force, road.limits = force, replace(LIMITS, object_messages=20)
        calls = count(1)
        ends = road.clock() + timedelta(seconds=RUN_SECONDS - seconds_left)

        def take_time(*_: object) -> None:
            if next(calls) == slow:
                road.clock.now = max(road.clock.now, ends)

        road.queue.before = road.store.before = take_time
        report = road.flush_once()
        road.queue.before = road.store.before = well
        return next(calls) - 1, road, report

    whole = made(0)[0]
    for slow in range(1, whole + 1):
        calls, road, report = made(slow)
        still_there = len(road.queue.bodies)
        road.force = True
        road.drain()

        assert road.account().is_clean, slow
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
    road = filled(400)
    road.limits = replace(LIMITS, object_messages=20)
    road.store.after = lambda operation, _key: road.clock.advance(RUN_SECONDS) if operation == "put" else None

    report = road.flush_once()
    road.store.after = well
    road.drain()

    assert report.objects == 1
    assert "deadline" in report.errors[0]
    assert road.account().is_clean


@pytest.mark.parametrize(
    "jump",
    [timedelta(days=1), timedelta(days=-1), timedelta(seconds=-1), timedelta(seconds=1), timedelta(hours=-1)],
    ids=["day ahead", "day back", "leap second", "midnight UTC", "summer time ends"],
)
def test_f10_a_line_lies_under_the_day_of_its_arrival_when_the_clock_jumps(jump: timedelta) -> None:
    road = Road(now=datetime(2026, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC))
    road.send(5)
    road.clock.now += jump
    road.send(5)
    road.flush_once()
    road.clock.now = max(road.clock.now, datetime(2027, 1, 2, tzinfo=UTC))
    road.drain()

    days = {line[16:26].decode() for line in road.witness.sent.values()}
    assert {parse_key(key).day.isoformat() for key in road.store.objects} == days
    assert road.account().is_clean


def test_f11_what_ends_every_run_goes_to_the_dead_letter_queue_alone_and_comes_back_once() -> None:
    road = filled(300)
    road.send(1)
    deadly = list(road.witness.sent)[-1][1].encode("ascii")
    put = road.store.put

    def put_or_end(key: str, body: bytes) -> bool:
        if deadly in gzip.decompress(body):
            raise EndOfRunError
        return put(key, body)

    road.store.put = put_or_end  # type: ignore[method-assign] (this store only)
    for _ in range(60):
        with suppress(EndOfRunError):
            road.flush_once()
        road.clock.advance(HIDDEN_SECONDS + 1)
    given_up = list(road.queue.dead)
    stored_before = road.account()
    road.store.put = put  # type: ignore[method-assign] (as it was)
    for body in given_up:
        road.dlq.send(body)
    sent = sum(redrive(road.dlq, road.queue))
    road.queue.dead.clear()
    road.drain()

    assert [deadly in body.encode("ascii") for body in given_up] == [True]
    assert stored_before.lost == 0
    assert (sent, road.dlq.bodies) == (1, [])
    assert road.account().is_clean
