"""When a run stops receiving, and what it still takes then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from logdig.errors import QueueUnavailableError
from logdig.flush.flusher import FlushLimits
from logdig.flush.receiver import receive_all
from logdig.flush.report import FlushReport
from logdig.queue.event_queue import Message
from tests.fakes.queue import FakeClock

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Script:
    """A queue whose receives bring so many messages one after the other; an error is raised; then nothing comes."""

    sizes: Iterable[int | Exception]
    passes: Callable[[], None] = lambda: None
    receives: int = 0
    waits: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, wait_seconds: int) -> list[Message]:
        with self._lock:
            self.receives += 1
            self.waits.add(wait_seconds)
            self.passes()
            size = next(self._left, 0)
            if isinstance(size, Exception):
                raise size
            return [Message(f"{self.receives}-{number}", "r", "body", 1, NOW) for number in range(size)]

    def __post_init__(self) -> None:
        self._left = iter(self.sizes)


def received(script: Script, receivers: int = 1, clock: FakeClock | None = None) -> tuple[int, FlushReport]:
    report = FlushReport()
    limits = FlushLimits(wait_seconds=1, receivers=receivers, closing_seconds=40)
    clock = clock or FakeClock(NOW)
    messages = list(receive_all(script, limits, clock, NOW + timedelta(seconds=240), report))  # type: ignore[arg-type]
    assert report.received == len(messages)
    return len(messages), report


@pytest.mark.parametrize(
    ("sizes", "receives", "reason"),
    [
        ([], 2, "empty"),
        ([10, 0, 10, 10, 0], 5, "empty"),
        ([1, 2, 2, 1, 2, 10], 5, "thin"),
        ([2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 10], 10, "thin"),
        ([1, 0, 1, 1, 0], 5, "empty"),
        ([10] * 30, 32, "empty"),
    ],
    ids=str,
)
def test_receiving_stops_after_two_empty_or_five_thin_receives(sizes: list[int], receives: int, reason: str) -> None:
    script = Script(sizes)

    number, report = received(script)

    assert (script.receives, report.stopped) == (receives, reason)
    assert number == sum(sizes[:receives])
    assert script.waits == {1}


def test_receiving_stops_when_the_time_kept_for_closing_begins() -> None:
    clock = FakeClock(NOW)
    script = Script([10] * 100, passes=lambda: clock.advance(25))

    number, report = received(script, clock=clock)

    assert (script.receives, report.stopped) == (8, "deadline")
    assert number == 80


def test_receiving_does_not_begin_when_there_is_no_time_left() -> None:
    script = Script([10])

    number, report = received(script, clock=FakeClock(NOW + timedelta(seconds=200)))

    assert (script.receives, number, report.stopped) == (0, 0, "deadline")


def test_receiving_gives_what_came_and_tells_the_error_when_the_queue_fails() -> None:
    script = Script([10, 10, QueueUnavailableError("SQS is down"), 10])

    number, report = received(script)

    assert (script.receives, number, report.stopped, report.errors) == (3, 20, "error", ["SQS is down"])


def test_receiving_stops_when_the_run_met_an_error_elsewhere() -> None:
    script, report = Script([10] * 100), FlushReport()
    limits = FlushLimits(wait_seconds=0, receivers=1)
    messages = receive_all(script, limits, FakeClock(NOW), NOW + timedelta(seconds=240), report)  # type: ignore[arg-type]

    next(messages)
    report.errors.append("S3 is down")
    rest = list(messages)

    # What a receive has brought is given on whole; no message stays invisible.
    assert (len(rest), script.receives, report.stopped) == (9, 1, "error")


@pytest.mark.parametrize("receivers", [2, 4, 8])
def test_receives_under_way_are_waited_for_when_another_ended_it(receivers: int) -> None:
    script = Script([10] * 20)

    number, report = received(script, receivers)

    assert (number, report.stopped) == (200, "empty")
    assert script.receives <= 20 + 2 + receivers
