"""A queue that counts and times what is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable

from logdig.counters import Counters
from logdig.queue.packs import MessageSender

_log = logging.getLogger(__name__)


class CountedSender:
    """Counts and times the messages sent to a queue.

    Args:
        queue: Takes the messages.
        counters: Of the process.
        clock: Monotonic seconds.
    """

    def __init__(self, queue: MessageSender, counters: Counters, clock: Callable[[], float]) -> None:
        self._queue, self._counters, self._clock = queue, counters, clock

    def send(self, body: str) -> None:
        """Put one message into the queue; see `MessageSender`."""
        started = self._clock()
        try:
            self._queue.send(body)
        except Exception as err:
            self._counters.add("logdig_sent_messages_total", outcome="failed")
            _log.warning(
                "a message of %d bytes was not sent; its requests get an error and try again: %s", len(body), err
            )
            raise
        finally:
            self._counters.observe_send(self._clock() - started)
        self._counters.add("logdig_sent_messages_total", outcome="ok")
        self._counters.add("logdig_sent_bytes_total", len(body))
