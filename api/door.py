"""The server front door: one event loop holds many requests, each until the message with its events is acknowledged.

A thread a request would let a slow client keep one for as long as it likes, and cost more than the work itself
(bench/README.md); so this door is an ASGI application. It reads bodies within bounds of size and time, holds a bounded
number of requests, and refuses the rest. What it answers is the core's.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, cast

from api.group_commit import DrainingError, GroupCommit, OverloadedError
from api.metrics import PATH as METRICS_PATH
from api.metrics import Metrics
from logdig.collector import Collector
from logdig.errors import InputError
from logdig.exchange import Headers, RefusedError, Reply, Request
from logdig.payloads import PAYLOAD_BYTES_LIMIT

HELD_REQUESTS_LIMIT = 2000
"""Requests in work at once, a connection each; more are answered 503."""
BODY_BYTES_LIMIT = 32 * 1024 * 1024
"""Bytes of bodies in work at once; past it requests are refused."""
BODY_SECONDS = 10.0
"""A body that takes longer is cut off: 408."""
INLINE_BYTES = 64 * 1024
"""Larger bodies are read in a thread: the slowest of them take a second, and the loop has others to serve."""
INLINE_PATHS = ("/", "/healthz", "/v1/events")
"""Paths that wait for nothing but their commit."""
CACHED_ANSWERS = 1024
"""Heads of answers that are remembered as bytes: few differ."""
WORKERS = 16
DRAIN_SECONDS = 8.0
DRAIN_SIGNAL = signal.SIGUSR1
"""Tells a worker that it will end: it answers what it holds and refuses what comes, on a port that is still open."""
NOTICE_SECONDS = 1.0
"""The port stays open at least so long, so that balancers and clients hear 503 rather than nothing."""
PATHS_TO_THE_END = ("/healthz", METRICS_PATH)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class DisconnectedError(InputError):
    """The client went away, or its chunks are none, before its body was there."""

    code = "disconnected"


class _Deadlines:
    """Cancels tasks that take longer than ``seconds``; one timer for all, since one each costs a request 10 us."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # In the order of their deadlines, since all have as long.
        self._running: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._is_armed = False

    def begin(self) -> asyncio.Task[Any]:
        """Let the time of the running task begin."""
        loop = asyncio.get_running_loop()
        # None only outside of a task.
        task = cast(asyncio.Task[Any], asyncio.current_task())
        self._running[task] = deadline = loop.time() + self.seconds
        if not self._is_armed:
            self._is_armed = True
            loop.call_at(deadline, self._cancel_late)
        return task

    def end(self, task: asyncio.Task[Any]) -> None:
        """Forget a task that was in time, or has heard that it was not."""
        self._running.pop(task, None)
        self._late.discard(task)

    def is_late(self, task: asyncio.Task[Any]) -> bool:
        """Tell whether it was the deadline that cancelled a task."""
        return task in self._late

    def _cancel_late(self) -> None:
        loop = asyncio.get_running_loop()
        late = [task for task, deadline in self._running.items() if deadline <= loop.time()]
        for task in late:
            del self._running[task]
            self._late.add(task)
            task.cancel()
        first = next(iter(self._running.values()), None)
        self._is_armed = first is not None
        if first is not None:
            loop.call_at(first, self._cancel_late)


class Door:
    """An ASGI application on one collector.

    Args:
        collector: Answers.
        group: Makes batches durable.
        metrics: Answers ``/metrics``.
        drain: Called in a thread when the server ends, once all requests are answered; waits at most so many seconds.
        on_drained: Called on the event loop when DRAIN_SIGNAL came and all that was held is answered; None ignores it.
        held_requests_limit: See HELD_REQUESTS_LIMIT.
        body_seconds: See BODY_SECONDS.
    """

    def __init__(
        self,
        collector: Collector,
        group: GroupCommit,
        metrics: Metrics,
        drain: Callable[[float], object] = lambda _: None,
        *,
        on_drained: Callable[[], None] | None = None,
        held_requests_limit: int = HELD_REQUESTS_LIMIT,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._collector, self._group, self._metrics, self._drain = collector, group, metrics, drain
        self._held_requests_limit, self._bodies = held_requests_limit, _Deadlines(body_seconds)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="work")
        self._held_requests = self._body_bytes = 0
        self._draining, self._on_drained = False, on_drained

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            self._held_requests += 1
            try:
                reply, is_last = await self._answer(_request(scope), receive)
                await _send(send, reply, is_last=is_last)
            finally:
                self._held_requests -= 1

    async def _answer(self, request: Request, receive: Receive) -> tuple[Reply, bool]:
        """Answer one request; tell whether the connection must end, because its body was not read to the end."""
        try:
            body = await self._admit(request.path, receive)
        except (InputError, OverloadedError, DrainingError) as err:
            return self._collector.refuse(request, err), True
        self._body_bytes += len(body)
        try:
            asked = Request(request.method, request.path, request.query, request.headers, body, request.remote_addr)
            return await self._reply(asked), len(body) > PAYLOAD_BYTES_LIMIT
        finally:
            self._body_bytes -= len(body)

    async def _reply(self, request: Request) -> Reply:
        if request.path == METRICS_PATH:
            held = {"logdig_held_requests": self._held_requests, "logdig_held_bytes": self._group.held_bytes}
            return self._metrics.reply(request, self._collector, held)
        if request.path in INLINE_PATHS and len(request.body) <= INLINE_BYTES:
            begun = self._collector.begin(request)
        else:
            loop = asyncio.get_running_loop()
            begun = await loop.run_in_executor(self._workers, self._collector.begin, request)
        if isinstance(begun, Reply):
            return begun
        try:
            await self._group.hold(begun.batch)
        except Exception as err:
            return self._collector.finish(begun, err)
        return self._collector.finish(begun)

    async def _admit(self, path: str, receive: Receive) -> bytes:
        """Read the body of a request that there is room for."""
        if self._draining and path not in PATHS_TO_THE_END:
            raise DrainingError("the server is going down; send it again")
        if self._held_requests > self._held_requests_limit:
            raise OverloadedError(f"{self._held_requests_limit} requests are in work already; send it again later")
        task = self._bodies.begin()
        try:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                return bytes(message.get("body", b""))
            return await self._read(message, receive)
        except asyncio.CancelledError as err:
            if not self._bodies.is_late(task):
                raise
            task.uncancel()
            seconds = f"{self._bodies.seconds:g} s"
            raise RefusedError(408, f"the body took longer than {seconds}; send it again", code="slow_body") from err
        finally:
            self._bodies.end(task)

    async def _read(self, message: Message, receive: Receive) -> bytes:
        """Read a body of several pieces, at most a little past the limit; the core says 413."""
        pieces: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] != "http.request":
                    raise DisconnectedError("the body ended early; send it again")
                piece = message.get("body", b"")
                pieces.append(piece)
                size += len(piece)
                self._body_bytes += len(piece)
                if size > PAYLOAD_BYTES_LIMIT or not message.get("more_body"):
                    return b"".join(pieces)[: PAYLOAD_BYTES_LIMIT + 1]
                if self._body_bytes > BODY_BYTES_LIMIT:
                    raise OverloadedError(f"{self._body_bytes:,} bytes of bodies are in work; send it again later")
                message = await receive()
        finally:
            self._body_bytes -= size

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start with the event loop; end when all that is held is answered and all exposures are sent."""
        await receive()
        loop = asyncio.get_running_loop()
        self._group.start(loop)
        if self._on_drained is not None:
            draining = partial(self._answer_held, self._on_drained)
            loop.add_signal_handler(DRAIN_SIGNAL, lambda: loop.create_task(draining()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._draining = True
        await loop.run_in_executor(self._workers, self._drain, DRAIN_SECONDS / 2)
        await self._group.close(DRAIN_SECONDS / 2)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer_held(self, on_drained: Callable[[], None]) -> None:
        """Refuse what comes; tell once there was notice enough and nothing waits."""
        self._draining = True
        await asyncio.sleep(NOTICE_SECONDS)
        while self._group.held_requests:
            await asyncio.sleep(NOTICE_SECONDS / 10)
        on_drained()


@lru_cache(maxsize=CACHED_ANSWERS)
def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _request(scope: Message) -> Request:
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("utf-8", "surrogateescape"),
        headers=tuple([(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in scope["headers"]]),
        remote_addr=client[0] if client else None,
    )


async def _send(send: Send, reply: Reply, *, is_last: bool) -> None:
    headers = _encoded(reply.headers)
    if is_last:
        headers = [*headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
