"""Group commit: many requests, one queue message; every request waits for the message that holds it.

A lone request is sent at once. While sends are under way, the next message fills up for at most LINGER_SECONDS, so the
busier the server, the fewer calls an event costs. A message that fails, fails exactly the requests in it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from time import monotonic

from logdig.errors import QueueUnavailableError, TransientError
from logdig.packing import PACK_LIMIT_BYTES, Batch, Sender, pack

LINGER_SECONDS = 0.010
SENDERS = 8
"""Sends under way at once: at 8 ms each 1,000 messages a second, far more than a core can fill."""
MESSAGE_BYTES = PACK_LIMIT_BYTES - 1024
"""Lines of one message; what surrounds them takes less than 1 KiB."""
HELD_BYTES_LIMIT = 64 * 1024 * 1024
"""Lines that wait for their acknowledgement; past it requests are refused, so memory stays bounded."""
ANSWER_SECONDS = 60
"""A request never waits longer; the event may be stored all the same, and sending it again is harmless."""


class OverloadedError(TransientError):
    """Too much waits for the queue already; the sender keeps its events and comes back."""


@dataclass(slots=True)
class _Held:
    """One request that waits."""

    batch: Batch
    size_bytes: int
    done: Future[None] = field(default_factory=Future)


class GroupCommit:
    """An `EventSink` that packs the batches of many threads together.

    Args:
        queue: Takes messages; called by several threads at once.
        new_pack_id: Gives an id for each message.
        linger_seconds: Longest that a message waits for more, while others are under way.
        senders: Threads that send.
        held_bytes_limit: See HELD_BYTES_LIMIT.
        clock: Seconds, only going up.
    """

    def __init__(
        self,
        queue: Sender,
        new_pack_id: Callable[[], str],
        *,
        linger_seconds: float = LINGER_SECONDS,
        senders: int = SENDERS,
        held_bytes_limit: int = HELD_BYTES_LIMIT,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._queue, self._new_pack_id, self._clock = queue, new_pack_id, clock
        self._linger_seconds, self._held_bytes_limit = linger_seconds, held_bytes_limit
        self._waiting: deque[_Held] = deque()
        self._changed = threading.Condition()
        self._held_bytes = self._sending = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._send_forever, name=f"send-{number}", daemon=True) for number in range(senders)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def held_bytes(self) -> int:
        """Bytes of lines that are not yet acknowledged."""
        return self._held_bytes

    def commit(self, batch: Batch) -> None:
        """Wait until the message with this batch is acknowledged.

        Raises:
            OverloadedError: Too much waits already, or the server is going down.
            QueueUnavailableError: The queue did not take it, or not in time.
        """
        size = sum(len(line) + 1 for lines in (batch.events, batch.rejected) for line in lines)
        held = _Held(batch, size)
        with self._changed:
            if self._closed:
                raise OverloadedError("the server is going down; send it again")
            if self._held_bytes and self._held_bytes + size > self._held_bytes_limit:
                raise OverloadedError(f"{self._held_bytes:,} bytes wait for the queue already; send it again later")
            self._held_bytes += size
            self._waiting.append(held)
            self._changed.notify()
        try:
            held.done.result(timeout=ANSWER_SECONDS)
        except FutureTimeoutError as err:
            raise QueueUnavailableError(f"no acknowledgement within {ANSWER_SECONDS} s; send it again") from err

    def close(self, timeout_seconds: float) -> bool:
        """Take nothing new, send what waits; tell whether all of it was in time."""
        deadline = self._clock() + timeout_seconds
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock()))
        return not any(thread.is_alive() for thread in self._threads)

    def _send_forever(self) -> None:
        while group := self._next_group():
            try:
                self._send(group)
            finally:
                with self._changed:
                    self._sending -= 1
                    self._held_bytes -= sum(held.size_bytes for held in group)
                    self._changed.notify_all()

    def _next_group(self) -> list[_Held]:
        """Wait for requests and take those of one message; empty when there will be no more."""
        with self._changed:
            while True:
                while not self._waiting:
                    if self._closed:
                        return []
                    self._changed.wait()
                self._linger()
                # Another sender may have taken everything meanwhile.
                if self._waiting:
                    return self._take()

    def _linger(self) -> None:
        """Let the message fill while others are under way; a lone request waits for nothing."""
        deadline = self._clock() + self._linger_seconds
        while self._sending and self._waiting and not self._closed:
            left = deadline - self._clock()
            if left <= 0 or sum(held.size_bytes for held in self._waiting) >= MESSAGE_BYTES:
                return
            self._changed.wait(left)

    def _take(self) -> list[_Held]:
        """Take the oldest request and those of its app that fit into the same message."""
        first = self._waiting.popleft()
        group, size, rest = [first], first.size_bytes, deque[_Held]()
        while self._waiting:
            held = self._waiting.popleft()
            if held.batch.app == first.batch.app and size + held.size_bytes <= MESSAGE_BYTES:
                group.append(held)
                size += held.size_bytes
            else:
                rest.append(held)
        self._waiting = rest
        self._sending += 1
        if rest:
            self._changed.notify()
        return group

    def _send(self, group: list[_Held]) -> None:
        try:
            # Only a lone request can need several messages, and then it fails or succeeds as a whole.
            for body in pack(_merged([held.batch for held in group]), self._new_pack_id):
                self._queue.send(body)
        except Exception as err:
            # Whatever it was, these requests are not durable; each of them hears it.
            for held in group:
                held.done.set_exception(_as_transient(err))
        else:
            for held in group:
                held.done.set_result(None)


def _as_transient(err: Exception) -> TransientError:
    return err if isinstance(err, TransientError) else QueueUnavailableError(f"not sent: {err!r}")


def _merged(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    return Batch(
        app=batches[0].app,
        received_at=min(batch.received_at for batch in batches),
        events=tuple(line for batch in batches for line in batch.events),
        rejected=tuple(line for batch in batches for line in batch.rejected),
    )
