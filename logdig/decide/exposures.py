"""Every answer of the decision service becomes one event, committed without making the page wait.

A background thread commits the waiting events, many lines at once when they come faster than the queue takes them.
Events that cannot be committed are counted in ``lost``; the page gets no error.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from logdig.counters import Counters
from logdig.queue.packs import EventBatch, EventSink

WAITING_LIMIT = 10_000
"""Exposures that may wait: at 1 KiB each 10 MiB, 20 s at 500 decisions a second. More are counted as lost."""
COMMIT_LIMIT = 500
"""Most lines of one commit, as many as one request of a tracker may bring."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One stored event line of an app."""

    app: str
    received_at: datetime
    line: bytes


class ExposureLog:
    """Hands exposures to a sink in the background; the thread starts with the first one."""

    def __init__(self, sink: EventSink, counters: Counters) -> None:
        self._sink = sink
        self._counters = counters
        self._waiting: queue.Queue[Exposure] = queue.Queue(WAITING_LIMIT)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def lost(self) -> int:
        """Exposures that could not be stored."""
        return int(self._counters.total("logdig_exposure_lost_total"))

    def add(self, exposure: Exposure) -> None:
        """Add one exposure; never waits and never fails."""
        self._start()
        try:
            self._waiting.put_nowait(exposure)
        except queue.Full:
            self._count_lost(1, f"{WAITING_LIMIT} exposures are waiting")

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until every added exposure is committed or lost; return whether that was in time."""
        waiting = self._waiting
        with waiting.all_tasks_done:
            return waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, timeout_seconds)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                # A daemon: the end of the process does not wait for a queue that is down; `drain` does.
                self._thread = threading.Thread(target=self._run, name="exposures", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            taken = [self._waiting.get()]
            while len(taken) < COMMIT_LIMIT and not self._waiting.empty():
                taken.append(self._waiting.get())
            for app in dict.fromkeys(exposure.app for exposure in taken):
                self._commit(app, [exposure for exposure in taken if exposure.app == app])
            for _ in taken:
                self._waiting.task_done()

    def _commit(self, app: str, exposures: list[Exposure]) -> None:
        try:
            self._sink.commit(_batch(app, exposures))
        except Exception as err:
            # The thread survives any error of a sink, to count these as lost.
            self._count_lost(len(exposures), str(err))

    def _count_lost(self, count: int, reason: str) -> None:
        self._counters.add("logdig_exposure_lost_total", count)
        _log.warning("exposure_lost: %d, %s", count, reason)


def _batch(app: str, exposures: Iterable[Exposure]) -> EventBatch:
    batch = list(exposures)
    return EventBatch(
        app=app,
        received_at=min(exposure.received_at for exposure in batch),
        events=tuple(exposure.line for exposure in batch),
        rejected=(),
    )
