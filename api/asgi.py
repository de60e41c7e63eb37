"""The server endpoint: one event loop holds many requests, each until the message with its events is acknowledged.

With a thread per request, a slow client would keep a thread for as long as it likes, and threads would cost more than
the work itself (bench/README.md); so this is an ASGI application. It limits the size and time of bodies and the number
of requests that it holds, and refuses the rest. The core makes the replies.
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
from api.metrics import MetricsPage
from logdig.collect.body import PAYLOAD_BYTES_LIMIT
from logdig.collect.collector import Collector
from logdig.collect.http import HEADERS_READ, Headers, RefusedError, Reply, Request
from logdig.collect.post_handlers import PendingDecision
from logdig.decide.policy import Decision
from logdig.decide.service import READERS
from logdig.errors import InputError

HELD_REQUESTS_LIMIT = 2000
"""Requests in progress at once, a connection each; further ones get 503."""
BODY_BYTES_LIMIT = 32 * 1024 * 1024
"""Bytes of bodies in progress at once; above it requests get 503."""
BODY_SECONDS = 10.0
"""A body that takes longer is cut off: 408."""
TOO_LARGE = 413
DISCARDED_BYTES_LIMIT = 8 * 1024 * 1024
"""What is read and thrown away of a body that was refused unread; then the connection is closed."""
SILENCE_SECONDS = 0.5
"""When nothing more of it comes for so long, the connection is closed earlier."""
INLINE_BYTES = 64 * 1024
"""Larger bodies are parsed in a thread: the slowest take a second, and the loop must serve other requests."""
INLINE_PATHS = ("/", "/healthz", "/v1/events", "/v1/decide")
"""Paths that block on nothing but their commit, or on the profile store."""
CACHED_HEADERS = 1024
"""Encoded response headers that are cached: few differ."""
WORKERS = 16
DRAIN_SECONDS = 8.0
DRAIN_SIGNAL = signal.SIGUSR1
"""Tells a worker to drain: it answers what it holds and refuses new requests while the port is still open."""
NOTICE_SECONDS = 1.0
"""The port stays open at least this long, so that load balancers and clients get 503 rather than no response."""
ALWAYS_SERVED_PATHS = ("/healthz", METRICS_PATH)
"""Answered under any load: a monitor must not take a busy server for a dead one."""
_READ = {name.encode("ascii"): name for name in HEADERS_READ}
_TOO_SLOW = "too slow"
"""Reason of cancelling a task that waits for a body; the server itself cancels without a reason."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class DisconnectedError(InputError):
    """The client disconnected, or sent malformed chunks, before the end of its body."""

    code = "disconnected"


class AsgiApp:
    """An ASGI application on one collector.

    Args:
        collector: Makes the replies.
        group: Makes batches durable.
        metrics: Answers ``/metrics``.
        drain: Called in a thread when the server ends, once all requests are answered; its argument is the timeout in
            seconds.
        on_drained: Called on the event loop once all held requests are answered after DRAIN_SIGNAL; None ignores the
            signal.
        held_requests_limit: See HELD_REQUESTS_LIMIT.
        body_seconds: See BODY_SECONDS.
    """

    def __init__(
        self,
        collector: Collector,
        group: GroupCommit,
        metrics: MetricsPage,
        drain: Callable[[float], object] = lambda _: None,
        *,
        on_drained: Callable[[], None] | None = None,
        held_requests_limit: int = HELD_REQUESTS_LIMIT,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._collector, self._group, self._metrics, self._drain = collector, group, metrics, drain
        self._held_requests_limit, self._body_seconds = held_requests_limit, body_seconds
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="work")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="profiles")
        self._held_requests = self._body_bytes = 0
        self._draining, self._on_drained = False, on_drained

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(receive, send)
        elif scope["type"] == "http":
            self._held_requests += 1
            try:
                reply, is_last = await self._answer(scope, receive)
                is_unread = is_last and reply.status == TOO_LARGE
                await _send(send, reply, is_last=is_last, is_unread=is_unread)
                if is_unread:
                    await self._discard(receive)
                    await send({"type": "http.response.body", "body": b""})
            finally:
                self._held_requests -= 1

    async def _answer(self, scope: Message, receive: Receive) -> tuple[Reply, bool]:
        """Answer one request; true when the connection must end, since its body was not read to the end."""
        try:
            body = await self._admit(scope, receive)
        except (InputError, OverloadedError, DrainingError) as err:
            return self._collector.reply_to_error(_request(scope), err), True
        self._body_bytes += len(body)
        request = _request(scope, body)
        try:
            return await self._reply(request), max(len(body), request.declared_bytes) > PAYLOAD_BYTES_LIMIT
        finally:
            self._body_bytes -= len(body)

    async def _reply(self, request: Request) -> Reply:
        if request.path == METRICS_PATH:
            held = {"logdig_held_requests": self._held_requests, "logdig_held_bytes": self._group.held_bytes}
            return self._metrics.reply(request, self._collector, held)
        if request.path in INLINE_PATHS and len(request.body) <= INLINE_BYTES:
            prepared = self._collector.prepare(request)
        else:
            loop = asyncio.get_running_loop()
            prepared = await loop.run_in_executor(self._workers, self._collector.prepare, request)
        if isinstance(prepared, Reply):
            return prepared
        if isinstance(prepared, PendingDecision):
            return self._collector.complete_decision(prepared, await self._look_up(prepared))
        try:
            await self._group.hold(prepared.batch)
        except Exception as err:
            return self._collector.complete(prepared, err)
        return self._collector.complete(prepared)

    async def _look_up(self, pending: PendingDecision) -> Decision | None:
        """Decide on the loop, or in a thread where the store needs one; None when the deadline passes first."""
        here = pending.look_up_on_loop()
        looking: asyncio.Future[Decision]
        if here is not None:
            looking = asyncio.ensure_future(here)
        else:
            looking = asyncio.get_running_loop().run_in_executor(self._readers, pending.look_up)
        done, _ = await asyncio.wait([looking], timeout=pending.decisions.read_deadline_seconds)
        return looking.result() if done else None

    async def _admit(self, scope: Message, receive: Receive) -> bytes:
        """Read the body of a request, within the limits of number and time."""
        if scope["path"] not in ALWAYS_SERVED_PATHS:
            self._check_room()
        declared = _declared_bytes(scope)
        if declared is not None and declared > PAYLOAD_BYTES_LIMIT:
            # The core refuses it by its length; waiting for it would help nobody.
            return b""
        task: Any = asyncio.current_task()
        # As asyncio.timeout, at a quarter of its cost; every request with events waits here.
        timeout = asyncio.get_running_loop().call_later(self._body_seconds, task.cancel, _TOO_SLOW)
        try:
            return await self._read(receive, declared)
        except asyncio.CancelledError as err:
            if err.args != (_TOO_SLOW,):
                raise
            task.uncancel()
            raise RefusedError(
                408, f"the body took longer than {self._body_seconds:g} s; send it again", code="slow_body"
            ) from err
        finally:
            timeout.cancel()

    def _check_room(self) -> None:
        if self._draining:
            raise DrainingError("the server is shutting down; send it again")
        if self._held_requests > self._held_requests_limit:
            raise OverloadedError(f"{self._held_requests_limit} requests are in progress; send it again later")

    async def _read(self, receive: Receive, declared: int | None) -> bytes:
        """Read a body to its end, at most a little past the limit; the core answers 413."""
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
                    raise OverloadedError(f"{self._body_bytes:,} bytes of bodies are in progress; send it again later")
        finally:
            self._body_bytes -= size

    async def _discard(self, receive: Receive) -> None:
        """Read on for a while what a client still sends: it cannot see the reply of a connection closed too early."""
        try:
            async with asyncio.timeout(self._body_seconds):
                size = 0
                while size < DISCARDED_BYTES_LIMIT:
                    message = await asyncio.wait_for(receive(), SILENCE_SECONDS)
                    size += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body"):
                        return
        except TimeoutError:
            return

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        """Start with the event loop; end when all held requests are answered and all exposures are sent."""
        await receive()
        loop = asyncio.get_running_loop()
        self._group.start(loop)
        if self._on_drained is not None:
            draining = partial(self._drain_requests, self._on_drained)
            loop.add_signal_handler(DRAIN_SIGNAL, lambda: loop.create_task(draining()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._draining = True
        await loop.run_in_executor(self._workers, self._drain, DRAIN_SECONDS / 2)
        await self._group.close(DRAIN_SECONDS / 2)
        await send({"type": "lifespan.shutdown.complete"})

    async def _drain_requests(self, on_drained: Callable[[], None]) -> None:
        """Refuse new requests; call back after NOTICE_SECONDS once no request waits."""
        self._draining = True
        await asyncio.sleep(NOTICE_SECONDS)
        while self._group.held_requests:
            await asyncio.sleep(NOTICE_SECONDS / 10)
        on_drained()


@lru_cache(maxsize=CACHED_HEADERS)
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
        declared_bytes=_declared_bytes(scope) or 0,
    )


def _declared_bytes(scope: Message) -> int | None:
    """Content-Length of the body, which the HTTP parser enforces; None for chunks."""
    declared = None
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            # Servers refuse what is no number before it comes here; a long one is over any limit.
            declared = int(value[:20]) if value.isdigit() else None
    return declared


async def _send(send: Send, reply: Reply, *, is_last: bool, is_unread: bool) -> None:
    headers = _encoded(reply.headers)
    if is_last:
        headers = [*headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": is_unread})
