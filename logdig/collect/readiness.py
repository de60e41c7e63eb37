"""Whether the queue answers, checked so rarely that no caller can make it costly."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from logdig.errors import TransientError
from logdig.times import Clock

_log = logging.getLogger(__name__)

CACHE_TIME = timedelta(seconds=5)


class Readiness:
    """Asks the queue at most once in CACHE_TIME; other callers share the result.

    Args:
        ask: Raises TransientError when the queue does not answer.
        clock: Measures the age of the result.
    """

    def __init__(self, ask: Callable[[], None], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_at: datetime | None = None
        self._failure: TransientError | None = None

    def check(self) -> None:
        """Raise the TransientError of the last check, which is at most CACHE_TIME old."""
        with self._lock:
            if self._asked_at is None or abs(self._clock() - self._asked_at) >= CACHE_TIME:
                self._failure = self._try()
                self._asked_at = self._clock()
            failure = self._failure
        if failure is not None:
            raise failure

    def _try(self) -> TransientError | None:
        try:
            self._ask()
        except TransientError as err:
            # The response does not repeat AWS's message.
            _log.warning("not ready: %s", err)
            return err
        return None
