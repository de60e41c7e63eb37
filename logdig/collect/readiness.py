"""Whether the queue answers, asked so seldom that nobody can make it costly."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from logdig.errors import TransientError
from logdig.times import Clock

_log = logging.getLogger(__name__)

HOLD = timedelta(seconds=5)


class Readiness:
    """Asks the queue at most once in HOLD; all who ask meanwhile share the answer.

    Args:
        ask: Raises TransientError when the queue does not answer.
        clock: Tells how old an answer is.
    """

    def __init__(self, ask: Callable[[], None], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_at: datetime | None = None
        self._failure: TransientError | None = None

    def check(self) -> None:
        """Raise the TransientError of the last asking, which is at most HOLD old."""
        with self._lock:
            if self._asked_at is None or abs(self._clock() - self._asked_at) >= HOLD:
                self._failure = self._outcome()
                self._asked_at = self._clock()
            failure = self._failure
        if failure is not None:
            raise failure

    def _outcome(self) -> TransientError | None:
        try:
            self._ask()
        except TransientError as err:
            # The answer does not repeat what AWS said.
            _log.warning("not ready: %s", err)
            return err
        return None
