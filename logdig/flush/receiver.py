"""Receive messages until the queue returns too few.

An empty receive does not mean an empty queue, and the approximate count of a queue is not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Protocol

from logdig.errors import QueueUnavailableError
from logdig.queue.event_queue import EventQueue, Message
from logdig.times import Clock

EMPTY_RECEIVES = 2
"""Empty receives after which a run stops, not necessarily in a row."""
THIN_RECEIVES = 5
"""Receives in a row with fewer than THIN_MESSAGES after which it stops: a trickle does not keep a run alive."""
THIN_MESSAGES = 3


class ReceivingLimits(Protocol):
    """The flush limits that apply to receiving."""

    @property
    def wait_seconds(self) -> int: ...
    @property
    def receivers(self) -> int: ...
    @property
    def closing_seconds(self) -> int: ...


class Report(Protocol):
    """The part of the report that receiving fills in."""

    received: int
    stopped: str
    errors: list[str]


class _Stop:
    """Counts empty and thin receives."""

    def __init__(self) -> None:
        self._empty = self._thin = 0

    def after(self, messages: int) -> str:
        """Return why to stop after a receive of this many messages; empty to go on."""
        self._empty += messages == 0
        self._thin = self._thin + 1 if messages < THIN_MESSAGES else 0
        if self._empty >= EMPTY_RECEIVES:
            return "empty"
        return "thin" if self._thin >= THIN_RECEIVES else ""


def receive_all(
    queue: EventQueue, limits: ReceivingLimits, clock: Clock, deadline: datetime, report: Report
) -> Iterator[Message]:
    """Yield messages until the queue returns too few or fails, the deadline nears, or the report has an error.

    When it stops, it waits for the calls in progress and yields their messages too, so that none stays invisible.
    """
    last_start = deadline - timedelta(seconds=limits.closing_seconds)
    stop = _Stop()
    with ThreadPoolExecutor(limits.receivers, thread_name_prefix="receive") as pool:
        in_progress: set[Future[list[Message]]] = set()
        while True:
            if not report.stopped and clock() >= last_start:
                report.stopped = "deadline"
            if not report.stopped and report.errors:
                report.stopped = "error"
            while not report.stopped and len(in_progress) < limits.receivers:
                in_progress.add(pool.submit(queue.receive, limits.wait_seconds))
            if not in_progress:
                return
            done, in_progress = wait(in_progress, return_when=FIRST_COMPLETED)
            for receive in done:
                yield from _messages(receive, stop, report)


def _messages(done: Future[list[Message]], stop: _Stop, report: Report) -> list[Message]:
    try:
        messages = done.result()
    except QueueUnavailableError as err:
        report.stopped = report.stopped or "error"
        report.errors.append(err.message)
        return []
    report.received += len(messages)
    report.stopped = report.stopped or stop.after(len(messages))
    return messages
