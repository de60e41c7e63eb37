"""What follows an answer: counts of showings, written by threads while the page goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from logdig.counters import Counters
from logdig.errors import ProfileUnavailableError

WRITERS = 8
"""Writes at once: at 4 ms each 2,000 a second."""
WAITING_LIMIT = 5000
"""Writes that may wait, about ten seconds' worth; further ones are counted as lost, and the caps miss them."""

_log = logging.getLogger(__name__)


class AfterDecisions:
    """Runs writes in the background; never makes a caller wait and never fails."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._waiting = 0
        self._changed = threading.Condition()
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="counts")

    def add(self, write: Callable[[], object]) -> None:
        """Run a write soon."""
        with self._changed:
            if self._waiting >= WAITING_LIMIT:
                self._count_lost(f"{WAITING_LIMIT} counts wait")
                return
            self._waiting += 1
        self._writers.submit(self._run, write)

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until every write is done or lost; return whether that was in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout_seconds)

    def _run(self, write: Callable[[], object]) -> None:
        try:
            write()
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
