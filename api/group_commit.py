"""Group commit: many requests, one queue message; every request waits for the message that holds it.

All state belongs to one event loop, so nothing is locked; only the sends themselves run in threads. A lone request is
sent at once. While sends are in progress, or when the last message held several requests, the next one fills up for at
most LINGER_SECONDS, so the busier the server, the fewer calls an event costs. When a message fails, exactly the
requests in it fail.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from time import perf_counter

from logdig.errors import QueueUnavailableError, TransientError
from logdig.queue.packs import PACK_LIMIT_BYTES, EventBatch, MessageSender, pack

LINGER_SECONDS = 0.010
BUSY_REQUESTS = 4
"""After a message of this many requests more will follow: the next one lingers although no send is in progress."""
SENDERS = 8
"""Concurrent sends: at 8 ms each 1,000 messages a second, far more than a core can fill."""
MESSAGE_BYTES = PACK_LIMIT_BYTES - 1024
"""Lines of one message; the rest of the message takes less than 1 KiB."""
HELD_BYTES_LIMIT = 32 * 1024 * 1024
"""Lines that wait for their acknowledgement; above it requests are refused, so memory stays bounded."""
ANSWER_SECONDS = 20.0
"""Longest wait of a request; its events may be stored later, and sending them again is harmless."""
CHECK_SECONDS = 1.0


class OverloadedError(TransientError):
    """Too much waits for the queue; the client keeps its events and tries again."""

    code = "overload"


class DrainingError(TransientError):
    """The server is shutting down; another one, or the next, takes the events."""

    code = "draining"


@dataclass(frozen=True, slots=True)
class GroupResult:
    """Outcome of one group, for its log line: counts, sizes in bytes, times in seconds."""

    app: str
    requests: int
    events: int
    rejected: int
    messages: int
    size_bytes: int
    send_seconds: float
    failure: TransientError | None


@dataclass(slots=True)
class _Held:
    """One request that waits."""

    batch: EventBatch
    size_bytes: int
    deadline: float
    done: asyncio.Future[None]


class GroupCommit:
    """Packs the batches of many requests together; use it on the event loop that it was started on.

    Args:
        queue: Takes messages; called by several threads at once.
        new_pack_id: Gives an id for each message; called by several threads at once.
        linger_seconds: Longest that a message waits for more requests while other sends are in progress.
        senders: Threads that send.
        held_bytes_limit: See HELD_BYTES_LIMIT.
        answer_seconds: See ANSWER_SECONDS.
        on_group: Called with the result of every group, on the event loop.
    """

    def __init__(
        self,
        queue: MessageSender,
        new_pack_id: Callable[[], str],
        *,
        linger_seconds: float = LINGER_SECONDS,
        senders: int = SENDERS,
        held_bytes_limit: int = HELD_BYTES_LIMIT,
        answer_seconds: float = ANSWER_SECONDS,
        on_group: Callable[[GroupResult], None] = lambda _: None,
    ) -> None:
        self._queue, self._new_pack_id, self._on_group = queue, new_pack_id, on_group
        self._linger_seconds, self._held_bytes_limit, self._senders = linger_seconds, held_bytes_limit, senders
        self._answer_seconds = answer_seconds
        self._waiting: deque[_Held] = deque()
        self._groups: list[list[_Held]] = []
        self._checking = False
        self._waiting_bytes = self._held_bytes = self._sending = 0
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = self._is_busy = False
        self._pool = ThreadPoolExecutor(senders, thread_name_prefix="send")
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes of lines that are not yet acknowledged."""
        return self._held_bytes

    @property
    def held_requests(self) -> int:
        """Requests that wait for their acknowledgement."""
        return len(self._waiting) + sum(map(len, self._groups))

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop that everything runs on; needed only by `commit` from other threads."""
        self._loop = loop

    async def hold(self, batch: EventBatch) -> None:
        """Wait until the message with this batch is acknowledged.

        Raises:
            OverloadedError: More than HELD_BYTES_LIMIT waits.
            DrainingError: The server is shutting down.
            QueueUnavailableError: The queue did not take all of it, or not in time.
        """
        await self._enqueue(batch).done

    def commit(self, batch: EventBatch) -> None:
        """Do the same from another thread, as an `EventSink`."""
        if self._loop is None:
            raise RuntimeError("GroupCommit.start was not called")
        waiting: Future[None] = asyncio.run_coroutine_threadsafe(self.hold(batch), self._loop)
        try:
            waiting.result(timeout=self._answer_seconds + CHECK_SECONDS + 1)
        except FutureTimeoutError as err:
            waiting.cancel()
            raise QueueUnavailableError("the server's event loop does not answer; send it again") from err

    async def close(self, timeout_seconds: float) -> bool:
        """Accept nothing new and send what waits; return whether all of it was sent in time."""
        self._closed = True
        self._send_all()
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_seconds)
        except TimeoutError:
            return False
        finally:
            self._pool.shutdown(wait=False)
        return True

    def _enqueue(self, batch: EventBatch) -> _Held:
        size = sum(map(len, batch.events)) + sum(map(len, batch.rejected)) + len(batch.events) + len(batch.rejected)
        if self._closed:
            raise DrainingError("the server is shutting down; send it again")
        if self._held_bytes and self._held_bytes + size > self._held_bytes_limit:
            raise OverloadedError(f"{self._held_bytes:,} bytes wait for the queue; send it again later")
        loop = asyncio.get_running_loop()
        held = _Held(batch, size, loop.time() + self._answer_seconds, loop.create_future())
        self._held_bytes += size
        self._waiting_bytes += size
        self._waiting.append(held)
        self._idle.clear()
        if not self._checking:
            self._checking = True
            loop.call_later(CHECK_SECONDS, self._check_deadlines)
        if not (self._sending or self._is_busy):
            # Nothing to wait for: requests of the same turn of the loop go along.
            loop.call_soon(self._send_all)
        elif self._waiting_bytes >= MESSAGE_BYTES:
            self._send_next()
        else:
            self._start_timer()
        return held

    def _send_all(self) -> None:
        """Send what waits now, as far as senders are free; the rest goes when one is."""
        self._stop_timer()
        while self._waiting and self._sending < self._senders:
            self._send_next()

    def _send_next(self) -> None:
        if not self._waiting or self._sending >= self._senders:
            return
        self._stop_timer()
        group = self._take()
        self._groups.append(group)
        self._is_busy = len(group) >= BUSY_REQUESTS
        self._sending += 1
        loop = asyncio.get_running_loop()
        sending = loop.run_in_executor(self._pool, self._send, group)
        sending.add_done_callback(lambda done: self._settle(group, done.result()))
        if self._waiting:
            self._start_timer()

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._linger_seconds, self._send_all)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take(self) -> list[_Held]:
        """Take the oldest request and those of its app and day that fit into the same message."""
        first = self._waiting.popleft()
        group, size, rest = [first], first.size_bytes, deque[_Held]()
        for held in self._waiting:
            if size + held.size_bytes <= MESSAGE_BYTES and _fit_one_message(first.batch, held.batch):
                group.append(held)
                size += held.size_bytes
            else:
                rest.append(held)
        self._waiting = rest
        self._waiting_bytes -= size
        return group

    def _send(self, group: list[_Held]) -> GroupResult:
        """Send one group, in a thread; never raises."""
        batch = _merged([held.batch for held in group])
        started, failure, size, messages = perf_counter(), None, 0, 0
        try:
            # Only a lone request can need several messages, and then it fails or succeeds as a whole.
            for body in pack(batch, self._new_pack_id):
                size += len(body)
                messages += 1
                self._queue.send(body)
        except Exception as err:
            # Whatever failed, these requests are not durable; each of them gets the error.
            failure = err if isinstance(err, TransientError) else QueueUnavailableError(f"not sent: {err!r}")
        seconds = perf_counter() - started
        events, rejected = len(batch.events), len(batch.rejected)
        return GroupResult(batch.app, len(group), events, rejected, messages, size, seconds, failure)

    def _settle(self, group: list[_Held], result: GroupResult) -> None:
        self._sending -= 1
        self._groups.remove(group)
        for held in group:
            self._held_bytes -= held.size_bytes
            if not held.done.done():
                if result.failure is None:
                    held.done.set_result(None)
                else:
                    held.done.set_exception(result.failure)
        self._on_group(result)
        # Without a timer the linger is over, and the waiting requests only needed a free sender.
        is_linger_over = self._timer is None or not (self._sending or self._is_busy)
        if self._waiting and (self._closed or is_linger_over):
            self._send_all()
        elif not self._waiting and not self._sending:
            self._idle.set()

    def _check_deadlines(self) -> None:
        """Answer requests that wait too long; those not yet sent are dropped, the others may still be stored."""
        now = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0].deadline <= now:
            late = self._waiting.popleft()
            self._waiting_bytes -= late.size_bytes
            self._held_bytes -= late.size_bytes
            self._give_up(late)
        for held in (held for group in self._groups for held in group if held.deadline <= now):
            self._give_up(held)
        self._checking = bool(self._waiting or self._groups)
        if self._checking:
            asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_deadlines)
        elif not self._sending:
            self._idle.set()

    def _give_up(self, held: _Held) -> None:
        if not held.done.done():
            reason = f"no acknowledgement within {self._answer_seconds:g} s; send it again"
            held.done.set_exception(QueueUnavailableError(reason))


def _fit_one_message(first: EventBatch, other: EventBatch) -> bool:
    """Tell whether two batches may share a message: equal app, and equal day, by which objects are named."""
    return first.app == other.app and first.received_at.date() == other.received_at.date()


def _merged(batches: Iterable[EventBatch]) -> EventBatch:
    merged = list(batches)
    if len(merged) == 1:
        return merged[0]
    return EventBatch(
        app=merged[0].app,
        received_at=min(batch.received_at for batch in merged),
        events=tuple(line for batch in merged for line in batch.events),
        rejected=tuple(line for batch in merged for line in batch.rejected),
    )
