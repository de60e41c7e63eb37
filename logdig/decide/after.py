"""What follows an answer: counts of showings, written by threads or on the event loop while the page goes on."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from logdig.counters import Counters
from logdig.errors import ProfileUnavailableError

WRITERS = 8
"""Writes at once: at 4 ms each 2,000 a second."""
LOOP_WRITES = 16
"""Writes at once on an event loop, where a core decides twice as fast."""
WAITING_LIMIT = 5000
"""Writes that may wait, about ten seconds' worth; further ones are counted as lost, and the caps miss them."""

_log = logging.getLogger(__name__)


class AfterDecisions:
    """Runs writes in the background; never makes a caller wait and never fails."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._waiting = 0
        self._changed = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(LOOP_WRITES)
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="counts")

    def add(self, write: Callable[[], object]) -> None:
        """Run a write soon: in a thread, or on the event loop that runs now where it gives an awaitable."""
        with self._changed:
            if self._waiting >= WAITING_LIMIT:
                self._count_lost(f"{WAITING_LIMIT} counts wait")
                return
            self._waiting += 1
        if inspect.iscoroutinefunction(write):
            task = asyncio.get_running_loop().create_task(self._run_on_loop(write))
            # The loop itself keeps no task alive.
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._writers.submit(self._run, write)

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until every write is done or lost; return whether that was in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout_seconds)

    def _run(self, write: Callable[[], object]) -> None:
        with self._settling():
            write()

    async def _run_on_loop(self, write: Callable[[], Coroutine[Any, Any, object]]) -> None:
        with self._settling():
            async with self._slots:
                await write()

    @contextmanager
    def _settling(self) -> Iterator[None]:
        try:
            yield
        except ProfileUnavailableError as err:
            self._count_lost(str(err))
        except Exception:
            # A fault of ours must not end the thread's work without a trace.
            _log.exception("a count was not written")
            self._count_lost("internal error")
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()

    def _count_lost(self, reason: str) -> None:
        self._counters.add("logdig_count_lost_total", 1)
        _log.warning("count_lost: %s", reason)
