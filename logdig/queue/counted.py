"""A queue whose sends are counted and timed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from logdig.counters import Counters
from logdig.queue.packs import Sender

_log = logging.getLogger(__name__)


class CountedSender:
    """A queue whose messages are counted and timed.

    Args:
        queue: Takes the messages.
        counters: Those of the process.
        clock: Seconds, only going up.
    """

    def __init__(self, queue: Sender, counters: Counters, clock: Callable[[], float]) -> None:
        self._queue, self._counters, self._clock = queue, counters, clock

    def send(self, body: str) -> None:
        """Put one message into the queue; see `Sender`."""
        started = self._clock()
        try:
            self._queue.send(body)
        except Exception as err:
            self._counters.add("logdig_sent_messages_total", outcome="failed")
            _log.warning("a message of %d bytes was not sent, its requests are told to try again: %s", len(body), err)
            raise
        finally:
            self._counters.observe_send(self._clock() - started)
        self._counters.add("logdig_sent_messages_total", outcome="ok")
        self._counters.add("logdig_sent_bytes_total", len(body))
