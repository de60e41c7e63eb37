"""Dead messages are listed with their reason and sent back, and never lost on the way."""

from datetime import UTC, datetime

import pytest

from logdig.errors import QueueUnavailableError
from logdig.packing import Batch, pack
from logdig.redriving import READABLE, list_dead, redrive
from tests.fakes.queue import FakeClock, FakeQueue

LINE = b'{"received_at":"2026-11-24T12:00:00.000Z","event_id":"e1"}'


def dead_queue(clock: FakeClock) -> FakeQueue:
    dlq = FakeQueue(clock, max_receive_count=10**6)
    (body,) = pack(Batch("shop", datetime(2026, 11, 24, 12, tzinfo=UTC), (LINE,)), lambda: "p1")
    dlq.send(body)
    clock.advance(60)
    dlq.send("no pack")
    return dlq


def test_dead_letters_are_listed_oldest_first_and_given_back() -> None:
    dlq = dead_queue(FakeClock())

    found = list_dead(dlq, 100)

    assert [(one.app, one.events, one.reason.partition(":")[0]) for one in found] == [
        ("shop", 1, READABLE.partition(":")[0]),
        (None, 0, "cannot be read"),
    ]
    assert len(dlq.receive(0)) == 2


def test_redrive_moves_everything_when_some_receives_are_empty() -> None:
    clock = FakeClock()
    dlq, queue = dead_queue(clock), FakeQueue(clock)
    bodies = dlq.bodies
    dlq.empty_receives = 1

    moved = sum(redrive(dlq, queue))

    assert (moved, dlq.bodies, sorted(queue.bodies)) == (2, [], sorted(bodies))


def test_redrive_leaves_a_copy_and_loses_nothing_when_it_breaks_off() -> None:
    clock = FakeClock()
    dlq, queue = dead_queue(clock), FakeQueue(clock)
    bodies = set(dlq.bodies)

    def down(operation: str) -> None:
        if operation == "delete":
            raise QueueUnavailableError("SQS is down")

    dlq.before = down
    with pytest.raises(QueueUnavailableError):
        list(redrive(dlq, queue))

    assert set(dlq.bodies) == set(queue.bodies) == bodies
