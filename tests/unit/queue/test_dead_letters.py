"""The dead-letter queue is read and stays as it is; its messages are sent back and never lost on the way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import count, repeat

import pytest

from logdig.errors import QueueUnavailableError
from logdig.queue.dead_letters import READABLE, DeadLines, list_dead, read_dead, redrive
from logdig.queue.packs import EventBatch, pack
from tests.fakes.queue import FakeClock, FakeQueue
from tests.faults.hooks import fails

LINE = b'{"received_at":"2026-11-23T23:59:59.999Z","n":%d}'
RECEIVED = datetime(2026, 11, 23, 23, 59, 59, 999000, tzinfo=UTC)


def dead_queue(clock: FakeClock) -> FakeQueue:
    """Three packs and, a minute younger, a message no one can read."""
    queue, ids = FakeQueue(clock, max_receive_count=10**6), count()
    for app, events in (("shop", 2), ("shop", 1), ("blog", 3)):
        batch = EventBatch(app, RECEIVED, tuple(LINE % number for number in range(events)), (LINE % 9,))
        queue.send(pack(batch, lambda: f"p{next(ids)}")[0])
    clock.advance(60)
    queue.send("no pack")
    return queue


def test_waiting_events_are_read_as_the_flush_would_write_them_and_given_back() -> None:
    queue = dead_queue(FakeClock())

    first, again = read_dead(queue), read_dead(queue)

    assert sorted(first.raw) == sorted(again.raw)
    assert sorted(json.loads(text)["n"] for text in first.raw) == [0, 0, 0, 1, 1, 2]
    assert {json.loads(text)["n"] for text in first.bad} == {9}
    assert first.unreadable == [date(2026, 11, 24)]
    assert len(queue.receive(0)) == 4


def test_nothing_is_found_when_nothing_waits() -> None:
    queue = FakeQueue(FakeClock())

    assert (read_dead(queue), list_dead(queue, 10)) == (DeadLines(), [])


def test_reading_ends_when_messages_are_never_hidden() -> None:
    clock = FakeClock()
    queue = FakeQueue(clock, visibility_seconds=0)
    queue.send("no pack")

    assert len(read_dead(queue).unreadable) == 1


def test_dead_letters_are_listed_oldest_first_and_given_back() -> None:
    dlq = dead_queue(FakeClock())
    dlq.empty_receives = 1

    letters = list_dead(dlq, 100)

    assert sorted((letter.app, letter.events, letter.rejected) for letter in letters[:3]) == [
        ("blog", 3, 1), ("shop", 1, 1), ("shop", 2, 1)
    ]  # fmt: skip
    assert [letter.reason for letter in letters[:3]] == [READABLE] * 3
    assert letters[3].reason.startswith("cannot be read: no pack")
    assert len(dlq.receive(0)) == 4


def test_no_more_dead_letters_are_listed_than_asked_for() -> None:
    dlq = dead_queue(FakeClock())

    assert len(list_dead(dlq, 3)) == 3
    assert len(dlq.receive(0)) == 4


def test_redrive_moves_everything_when_some_receives_are_empty() -> None:
    clock = FakeClock()
    dlq, queue = dead_queue(clock), FakeQueue(clock)
    bodies = dlq.bodies
    dlq.empty_receives = 1

    moved = sum(redrive(dlq, queue))

    assert (moved, dlq.bodies, sorted(queue.bodies)) == (4, [], sorted(bodies))


def test_redrive_leaves_a_copy_and_loses_nothing_when_it_breaks_off() -> None:
    clock = FakeClock()
    dlq, queue = dead_queue(clock), FakeQueue(clock)
    bodies = set(dlq.bodies)

    dlq.before = fails(repeat(QueueUnavailableError("SQS is down")), "delete")
    with pytest.raises(QueueUnavailableError):
        list(redrive(dlq, queue))

    assert set(dlq.bodies) == set(queue.bodies) == bodies


def test_redrive_says_so_when_single_messages_are_not_deleted() -> None:
    clock = FakeClock()
    dlq, queue = dead_queue(clock), FakeQueue(clock)
    dlq.fail_entries = lambda operation, _size: [1] if operation == "delete" else ()

    with pytest.raises(QueueUnavailableError, match="1 messages were sent back and not deleted"):
        list(redrive(dlq, queue))

    assert (len(queue.bodies), len(dlq.bodies)) == (4, 1)
