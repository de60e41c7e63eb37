"""The dead-letter queue is read and stays as it is."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import count

from logdig.dead_letters import DeadLetters, look_into
from logdig.packing import Batch, pack
from tests.fakes.queue import FakeClock, FakeQueue

LINE = b'{"received_at":"2026-11-23T23:59:59.999Z","n":%d}'
RECEIVED = datetime(2026, 11, 23, 23, 59, 59, 999000, tzinfo=UTC)


def test_waiting_events_are_read_as_the_flush_would_write_them_and_given_back() -> None:
    queue, ids = FakeQueue(FakeClock()), count()
    for app, events in (("shop", 2), ("shop", 1), ("blog", 3)):
        batch = Batch(app, RECEIVED, tuple(LINE % number for number in range(events)), (LINE % 9,))
        queue.send(pack(batch, lambda: f"p{next(ids)}")[0])
    queue.send("no pack")

    first, again = look_into(queue), look_into(queue)

    assert sorted(first.raw) == sorted(again.raw)
    assert sorted(json.loads(text)["n"] for text in first.raw) == [0, 0, 0, 1, 1, 2]
    assert {json.loads(text)["n"] for text in first.bad} == {9}
    assert first.unreadable == [date(2026, 11, 24)]
    assert len(queue.bodies) == 4


def test_nothing_is_found_when_nothing_waits() -> None:
    assert look_into(FakeQueue(FakeClock())) == DeadLetters()
