"""The dead-letter queue is counted and stays as it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

from logdig.dead_letters import count_waiting
from logdig.packing import Batch, pack
from tests.fakes.queue import FakeClock, FakeQueue

LINE = b'{"received_at":"2026-11-23T23:59:59.999Z","n":%d}'
RECEIVED = datetime(2026, 11, 23, 23, 59, 59, 999000, tzinfo=UTC)


def test_waiting_events_are_counted_by_app_and_day_and_given_back() -> None:
    queue, ids = FakeQueue(FakeClock()), count()
    for app, events in (("shop", 2), ("shop", 1), ("blog", 3)):
        batch = Batch(app, RECEIVED, tuple(LINE % number for number in range(events)), (LINE % 9,))
        queue.send(pack(batch, lambda: f"p{next(ids)}")[0])
    queue.send("no pack")

    first, again = count_waiting(queue), count_waiting(queue)

    day = date(2026, 11, 23)
    assert first == again == {("shop", day): 5, ("blog", day): 4, ("", date(2026, 11, 24)): 1}
    assert len(queue.bodies) == 4


def test_nothing_is_counted_when_nothing_waits() -> None:
    assert count_waiting(FakeQueue(FakeClock())) == {}
