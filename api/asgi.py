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
from typing import Any

from api.group_commit import DrainingError, GroupCommit, OverloadedError
from api.metrics import PATH as METRICS_PATH
from api.metrics import Metrics
from logdig.collect.body import PAYLOAD_BYTES_LIMIT
from logdig.collect.collector import Collector
from logdig.collect.http import HEADERS_READ, Headers, RefusedError, Reply, Request
from logdig.errors import InputError

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
"""Answered whatever is held: who asks them must not take a busy server for a dead one."""
_READ = {name.encode("ascii"): name for name in HEADERS_READ}
_TOO_SLOW = "too slow"
"""Why a task is cancelled that waits for a body; the server cancels without a reason."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class DisconnectedError(InputError):
    """The client went away, or its chunks are none, before its body was there."""

    code = "disconnected"


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
        self._held_requests_limit, self._body_seconds = held_requests_limit, body_seconds
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
                reply, is_last = await self._answer(scope, receive)
                await _send(send, reply, is_last=is_last)
            finally:
                self._held_requests -= 1

    async def _answer(self, scope: Message, receive: Receive) -> tuple[Reply, bool]:
        """Answer one request; tell whether the connection must end, because its body was not read to the end."""
        try:
            body = await self._admit(scope, receive)
        except (InputError, OverloadedError, DrainingError) as err:
            return self._collector.refuse(_request(scope), err), True
        self._body_bytes += len(body)
        try:
            return await self._reply(_request(scope, body)), len(body) > PAYLOAD_BYTES_LIMIT
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

    async def _admit(self, scope: Message, receive: Receive) -> bytes:
        """Read the body of a request that there is room for, if it comes in time."""
        if scope["path"] not in PATHS_TO_THE_END:
            self._check_room()
        task: Any = asyncio.current_task()
        # What asyncio.timeout does, for a quarter of the time; every request with events waits here.
        cut = asyncio.get_running_loop().call_later(self._body_seconds, task.cancel, _TOO_SLOW)
        try:
            return await self._read(receive, _declared_bytes(scope))
        except asyncio.CancelledError as err:
            if err.args != (_TOO_SLOW,):
                raise
            task.uncancel()
            raise RefusedError(
                408, f"the body took longer than {self._body_seconds:g} s; send it again", code="slow_body"
            ) from err
        finally:
            cut.cancel()

    def _check_room(self) -> None:
        if self._draining:
            raise DrainingError("the server is going down; send it again")
        if self._held_requests > self._held_requests_limit:
            raise OverloadedError(f"{self._held_requests_limit} requests are in work already; send it again later")

    async def _read(self, receive: Receive, declared: int | None) -> bytes:
        """Read a body to its declared or told end, at most a little past the limit; the core says 413."""
        pieces: list[bytes] = []
        size = 0
        try:
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise DisconnectedError("the body ended early; send it again")
                piece = message.get("body", b"")
                pieces.append(piece)
                size += len(piece)
                self._body_bytes += len(piece)
                if size == declared or size > PAYLOAD_BYTES_LIMIT or not message.get("more_body"):
                    return b"".join(pieces)[: PAYLOAD_BYTES_LIMIT + 1]
                if self._body_bytes > BODY_BYTES_LIMIT:
                    raise OverloadedError(f"{self._body_bytes:,} bytes of bodies are in work; send it again later")
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


def _request(scope: Message, body: bytes = b"") -> Request:
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("utf-8", "surrogateescape"),
        headers=tuple(
            [(_READ[name], value.decode("utf-8", "replace")) for name, value in scope["headers"] if name in _READ]
        ),
        body=body,
        remote_addr=client[0] if client else None,
    )


def _declared_bytes(scope: Message) -> int | None:
    """Bytes that the body will have, to which the HTTP parser holds the client; None when it comes in chunks."""
    declared = None
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            declared = int(value)
    return declared


async def _send(send: Send, reply: Reply, *, is_last: bool) -> None:
    headers = _encoded(reply.headers)
    if is_last:
        headers = [*headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
