"""Faults of SQS, S3, clock and deadline, one after the other: nothing lost, nothing twice after ingest.

F1 is in test_crash.py, F13 and F14 in test_server_*.py.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from random import Random

import pytest

from infra.resources import RETENTION_SECONDS, dlq_attributes, queue_attributes
from infra.template import build_template
from logdig.errors import QueueUnavailableError, StoreUnavailableError
from logdig.keys import parse_key
from logdig.packing import PACK_LIMIT_BYTES, Batch, QueueSink
from logdig.redriving import redrive
from tests.fakes.queue import IN_FLIGHT_LIMIT, MESSAGE_LIMIT_BYTES, FakeQueue
from tests.faults.road import HIDDEN_SECONDS, LIMITS, RUN_SECONDS, Road
from tests.unit.test_template import SETTINGS, WHERE

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def filled(events: int = 200, seed: int = 1) -> Road:
    road = Road(seed)
    road.send_many(events)
    return road


def fails(answers: Iterator[Exception | None]) -> Callable[..., None]:
    """A hook that raises the next answer, where it is an error."""

    def hook(*_: object) -> None:
        if (answer := next(answers)) is not None:
            raise answer

    return hook


def test_f02_nothing_is_twice_when_a_message_comes_twice_in_one_receive_and_after_its_delete() -> None:
    road = filled()
    handed_out = road.queue.receive
    seen = []

    def twice(wait_seconds: int) -> list[object]:
        messages = handed_out(wait_seconds)
        seen.extend(messages)
        return [*messages, *messages[:3]]

    road.queue.receive = twice  # type: ignore[method-assign, assignment]
    road.flush_once()
    for message in seen[:20]:
        road.queue.duplicate(message)
    road.drain()

    account = road.account()
    assert account.is_clean, account
    assert account.raw_duplicates > 0


def test_f02_nothing_is_twice_when_two_flushers_get_the_same_messages() -> None:
    road = filled()
    inner = []

    def other_flusher_after_expiry(operation: str) -> None:
        if operation == "delete" and not inner:
            inner.append(operation)
            road.clock.advance(HIDDEN_SECONDS + 1)
            # More came meanwhile, so that the other one's objects are not the same.
            road.send_many(30)
            road.flush_once()

    road.queue.before = other_flusher_after_expiry
    road.flush_once()
    road.drain()

    account = road.account()
    assert account.is_clean, account
    assert account.raw_duplicates > 0


@pytest.mark.parametrize("operation", ["receive", "delete", "release"])
def test_f03_nothing_is_lost_or_twice_when_visibility_ends_during_the_run(operation: str) -> None:
    road = filled()
    road.force = operation != "release"
    moments = cycle([301, 0, 0, 0])

    def expire(now: str) -> None:
        if now == operation:
            road.clock.advance(next(moments))

    road.queue.before = expire
    road.limits = replace(LIMITS, min_logs=10_000, max_age_seconds=10**6) if operation == "release" else LIMITS
    road.flush_once()
    road.queue.before = lambda _: None
    road.force = True
    road.drain()

    assert road.account().is_clean


def test_f03_a_stale_receipt_deletes_nothing() -> None:
    road = filled(5)
    stale = road.queue.receive(0)
    road.clock.advance(HIDDEN_SECONDS + 1)
    road.queue.receive(0)

    failed = road.queue.delete(stale)

    # SQS says yes and keeps the message.
    assert (failed, len(road.queue.bodies)) == ([], len(stale))


@pytest.mark.parametrize("error", ["InternalError 500", "SlowDown 503", "conflict 409", "connection reset mid-body"])
def test_f04_the_same_key_is_written_later_when_s3_refuses(error: str) -> None:
    road, other = filled(), filled()
    other.flush_once()
    road.store.before = fails(cycle([StoreUnavailableError(error)]))

    report = road.flush_once()
    road.store.before = lambda *_: None
    road.drain()

    assert error in " ".join(report.errors)
    assert report.deleted == 0
    assert sorted(road.store.objects) == sorted(other.store.objects)
    assert road.account().is_clean


def test_f04_one_object_is_there_when_the_put_timed_out_after_its_effect() -> None:
    road = Road(now=NOON)
    for _ in range(40):
        road.send(5)
    road.store.after = fails(cycle([StoreUnavailableError("read timeout"), None]))

    for _ in range(6):
        road.flush_once()
    road.drain()

    account = road.account()
    assert account.is_clean
    assert (account.raw_duplicates, len(road.store.objects)) == (0, 1)


def test_f04_a_truncated_upload_is_found_by_its_name() -> None:
    road = filled()
    road.flush_once()
    key = max(road.store.objects)
    road.store.objects[key] = road.store.objects[key][:-20]

    with pytest.raises(EOFError):
        road.account()


def test_f05_only_failed_entries_are_deleted_again() -> None:
    road = filled(600)
    random = Random(5)
    sizes: list[int] = []

    def some_fail(operation: str, size: int) -> list[int]:
        sizes.append(size)
        return random.sample(range(size), size // 2) if operation == "delete" else []

    road.queue.fail_entries = some_fail
    report = road.flush_once()
    road.queue.fail_entries = lambda *_: ()
    road.drain()

    assert {5, 2} <= set(sizes)
    assert report.left > 0
    assert report.errors
    assert road.account().is_clean


def test_f05_nothing_is_lost_when_deletes_time_out_after_their_effect() -> None:
    road = filled(600)
    road.queue.after = fails_on("delete", QueueUnavailableError("read timeout"))

    report = road.flush_once()
    road.queue.after = lambda _: None
    road.drain()

    assert report.errors
    assert road.account().is_clean


def fails_on(operation: str, error: Exception) -> Callable[[str], None]:
    def hook(now: str) -> None:
        if now == operation:
            raise error

    return hook


def test_f06_a_request_fails_as_a_whole_and_again_is_harmless_when_one_of_its_packs_is_refused() -> None:
    road = Road()
    line = b'{"received_at":"2026-11-24T12:00:00.000Z","app":"shop","event_id":"e%d","link":"' + b"x" * 30_000 + b'"}'
    batch = Batch("shop", NOON, tuple(line % number for number in range(20)))
    sink = QueueSink(road.queue, road._pack_id)
    answers = cycle([None, QueueUnavailableError("ThrottlingException")])
    road.queue.before = lambda operation: fails(answers)() if operation == "send" else None

    with pytest.raises(QueueUnavailableError):
        sink.commit(batch)
    road.queue.before = lambda _: None
    in_part = len(road.queue.bodies)
    sink.commit(batch)
    road.acknowledged |= {("shop", f"e{number}"): line % number for number in range(20)}
    road.drain()

    account = road.account()
    assert in_part == 1
    assert account.is_clean
    assert account.raw_duplicates > 0


@pytest.mark.parametrize(("size", "taken"), [(MESSAGE_LIMIT_BYTES, True), (MESSAGE_LIMIT_BYTES + 1, False)])
def test_f06_queue_takes_one_mebibyte_and_no_byte_more(size: int, taken: bool) -> None:
    queue = Road().queue

    if taken:
        queue.send("a" * size)
    else:
        with pytest.raises(QueueUnavailableError):
            queue.send("a" * size)

    assert len(queue.bodies) == taken
    assert PACK_LIMIT_BYTES < MESSAGE_LIMIT_BYTES


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_f06_queue_refuses_a_character_that_no_pack_can_hold(character: str) -> None:
    queue = Road().queue

    with pytest.raises(QueueUnavailableError, match="InvalidMessageContents"):
        queue.send(f"raw {character}")


@pytest.mark.parametrize("operation", ["delete", "release"])
@pytest.mark.parametrize("number", [0, 11])
def test_f06_queue_refuses_batches_of_no_or_eleven_entries(operation: str, number: int) -> None:
    road = filled(60)
    messages = [*road.queue.receive(0), *road.queue.receive(0)][:number]

    with pytest.raises(QueueUnavailableError, match="BatchRequest"):
        getattr(road.queue, operation)(messages)


def test_f07_a_run_ends_and_gets_on_when_receives_are_short_or_empty_and_asks_for_no_count() -> None:
    road = filled(300)
    road.queue.sampled = lambda: road.random.choice((0, 3, 10, 10, 10))

    reports = [road.flush_once() for _ in range(20)]
    road.drain()

    assert all(report.stopped for report in reports)
    assert "count" not in road.queue.steps
    assert sum(report.logs for report in reports) > 0
    assert road.account().is_clean


@pytest.mark.parametrize("flushers", [2, 10])
def test_f08_nothing_is_lost_or_twice_when_several_flushers_run_at_once(flushers: int) -> None:
    road = filled(1500)

    with ThreadPoolExecutor(flushers) as pool:
        reports = list(pool.map(lambda _: road.flush_once(), range(flushers)))
    road.drain()

    assert sum(report.logs for report in reports) >= 1500
    assert road.account().is_clean


def test_f08_nothing_is_lost_or_twice_when_others_die_in_the_middle_of_a_run() -> None:
    class DiedError(BaseException):
        """SIGKILL, as the other runs see it: no more calls."""

    for seed in range(30):
        road = filled(200, seed)
        inside = []

        def begin_another(operation: str, road: Road = road, inside: list[str] = inside) -> None:
            if road.random.random() < 0.2 and len(inside) < 5:
                inside.append(operation)
                with suppress(DiedError):
                    road.flush_once()
                inside.pop()
            elif inside and road.random.random() < 0.2:
                raise DiedError

        road.queue.before = begin_another
        road.flush_once()
        road.queue.before = lambda _: None
        road.drain()

        assert road.account().is_clean, seed


@pytest.mark.parametrize("operation", ["receive", "delete", "release"])
def test_f09_a_run_stops_cleanly_when_its_time_runs_out_at_that_step(operation: str) -> None:
    road = filled(400)
    if operation == "release":
        road.force, road.limits = False, replace(LIMITS, min_logs=10_000)
    road.queue.before = lambda now: road.clock.advance(RUN_SECONDS - 1) if now == operation else None

    report = road.flush_once()
    road.queue.before = lambda _: None
    road.force = True
    road.drain()

    assert report.stopped
    assert road.account().is_clean


def test_f09_a_run_writes_nothing_more_and_fails_when_its_time_ran_out_at_a_put() -> None:
    road = filled(400)
    road.limits = replace(LIMITS, object_messages=20)
    road.store.after = lambda operation, _key: road.clock.advance(RUN_SECONDS) if operation == "put" else None

    report = road.flush_once()
    road.store.after = lambda *_: None
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

    days = {line[16:26].decode() for line in road.acknowledged.values()}
    assert {parse_key(key).day.isoformat() for key in road.store.objects} == days
    assert road.account().is_clean


def test_f11_what_ends_every_run_goes_to_the_dead_letter_queue_alone_and_comes_back_once() -> None:
    road = filled(300)
    road.send(1)
    deadly = list(road.acknowledged)[-1][1].encode("ascii")
    put = road.store.put

    def put_or_end(key: str, body: bytes) -> bool:
        if deadly in gzip.decompress(body):
            raise EndOfRunError
        return put(key, body)

    road.store.put = put_or_end  # type: ignore[method-assign]
    for _ in range(60):
        with suppress(EndOfRunError):
            road.flush_once()
        road.clock.advance(HIDDEN_SECONDS + 1)
    given_up = list(road.queue.dead)
    stored_before = road.account()
    road.store.put = put  # type: ignore[method-assign]
    dead = FakeQueue(road.clock)
    for body in given_up:
        dead.send(body)
    sent = sum(redrive(dead, road.queue))
    road.queue.dead.clear()
    road.drain()

    assert [deadly in body.encode("ascii") for body in given_up] == [True]
    assert stored_before.lost == 0
    assert (sent, dead.bodies) == (1, [])
    assert road.account().is_clean


class EndOfRunError(BaseException):
    """What no run survives, such as the end of its memory."""


def test_f12_a_run_ends_without_error_at_the_in_flight_limit_and_goes_on_when_messages_come_back() -> None:
    road = filled(300)
    road.queue._in_flight_limit = 20
    road.limits = replace(LIMITS, wait_seconds=1)
    held = [*road.queue.receive(1), *road.queue.receive(1)]

    report = road.flush_once()
    road.drain()

    assert (len(held), IN_FLIGHT_LIMIT) == (20, 120_000)
    # A long poll at the limit brings nothing and says nothing.
    assert (report.received, report.stopped, report.errors) == (0, "empty", [])
    assert road.account().is_clean


def test_f12_an_alarm_comes_long_before_a_message_is_too_old_to_keep() -> None:
    found = build_template(SETTINGS, WHERE)["Resources"]["OldestMessageAlarm"]["Properties"]
    kept = {attributes["MessageRetentionPeriod"] for attributes in (queue_attributes("arn"), dlq_attributes())}

    assert "ApproximateAgeOfOldestMessage" in str(found)
    assert kept == {str(RETENTION_SECONDS)}
    assert found["Threshold"] < RETENTION_SECONDS / 2


def test_f12_a_backlog_of_four_days_is_written_under_the_days_of_its_arrival() -> None:
    road = Road(now=NOON)
    for _ in range(5):
        road.send_many(100)
        road.clock.advance(86_400)

    road.drain()

    assert len({parse_key(key).day for key in road.store.objects}) == 5
    assert road.account().is_clean
