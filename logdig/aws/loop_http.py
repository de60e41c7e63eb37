"""Kept-alive connections of one event loop to one AWS endpoint: a call that waits costs no thread. [aws]

Where threads wait, each call wakes one, which then waits for the interpreter; with a hundred calls at once that is most
of a call's time (bench/README.md, "Decisions").
Protocol: https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)

from logdig.aws.http_pool import DEFAULT_PORTS, Endpoint, HttpResponse, HttpResult, tls_context

SLOT_SECONDS = 0.05
"""Longest wait for a free connection; a decision waits no longer."""
_ERRORS: tuple[tuple[type[Exception], Any], ...] = (
    (ssl.SSLError, SSLError),
    (TimeoutError, ReadTimeoutError),
    (ConnectionResetError, ConnectionClosedError),
    (BrokenPipeError, ConnectionClosedError),
    (OSError, EndpointConnectionError),
    (Exception, HTTPClientError),
)
"""Errors and the botocore error that each becomes; the first match counts."""


class MalformedError(Exception):
    """The response is no HTTP."""


class Received(NamedTuple):
    """One response; ``keeps`` tells whether the connection may carry another."""

    response: HttpResponse
    keeps: bool


class LoopConnections:
    """Posts to one endpoint from one event loop; knows no proxies. At most ``endpoint.connections`` posts at once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        parts = urlsplit(endpoint.url)
        self._host, self._port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        self._tls = tls_context(endpoint.authorities) if parts.scheme == "https" else None
        self._slots = asyncio.Semaphore(endpoint.connections)
        self._idle: list[_Connection] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> HttpResult:
        """Post once; return the response, whatever its status, or the botocore error that describes the failure.

        Args:
            path: Escaped.
            headers: With ``host``.
            body: What to send.
        """
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"POST {path} HTTP/1.1\r\n{fields}content-length: {len(body)}\r\n\r\n"
        try:
            await self._take_slot()
        except TimeoutError as err:
            return self._as_botocore_error(err)
        try:
            return await self._exchange(head.encode("latin-1") + body)
        except Exception as err:
            return self._as_botocore_error(err)
        finally:
            self._slots.release()

    async def _take_slot(self) -> None:
        """Wait for a free connection, but not long: while the other side hangs, what waits must not pile up."""
        if self._slots.locked():
            async with asyncio.timeout(SLOT_SECONDS):
                await self._slots.acquire()
        else:
            await self._slots.acquire()

    async def _exchange(self, request: bytes) -> HttpResponse:
        connection = self._idle.pop() if self._idle else await self._connect()
        received = await connection.exchange(request, self._endpoint.read_timeout_seconds)
        if received.keeps and connection.is_open:
            self._idle.append(connection)
        else:
            connection.close()
        return received.response

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        making = partial(_Connection, self._idle)
        try:
            async with asyncio.timeout(self._endpoint.connect_timeout_seconds):
                _, connection = await loop.create_connection(making, self._host, self._port, ssl=self._tls)
        except TimeoutError as err:
            raise ConnectTimeoutError(endpoint_url=self._endpoint.url, error=err) from err
        return connection

    def _as_botocore_error(self, err: Exception) -> Exception:
        if isinstance(err, ConnectTimeoutError):
            same: Exception = err
            return same
        name = next(name for kind, name in _ERRORS if isinstance(err, kind))
        named: Exception = name(endpoint_url=self._endpoint.url, error=err)
        return named


class _Connection(asyncio.Protocol):
    """One connection, with at most one request on its way; leaves ``idle`` by itself when the other side ends it."""

    def __init__(self, idle: list[_Connection]) -> None:
        self._idle = idle
        self._received = bytearray()
        self._waiting: asyncio.Future[Received] | None = None
        self.is_open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._settle(is_ended=False)

    def connection_lost(self, _: Exception | None) -> None:
        self.is_open = False
        if self in self._idle:
            self._idle.remove(self)
        self._settle(is_ended=True)

    async def exchange(self, request: bytes, timeout_seconds: float) -> Received:
        """Send a request and wait for its response."""
        loop = asyncio.get_running_loop()
        self._received.clear()
        waiting: asyncio.Future[Received] = loop.create_future()
        self._waiting = waiting
        timer = loop.call_later(timeout_seconds, self._fail, TimeoutError(f"no response in {timeout_seconds:g} s"))
        self._transport.write(request)
        try:
            return await waiting
        except BaseException:
            # What comes later would be taken for the response of the next request.
            self.close()
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close at once."""
        self.is_open = False
        self._transport.abort()

    def _settle(self, *, is_ended: bool) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            if self._received:
                # Nobody asked.
                self.close()
            return
        try:
            received = read_response(bytes(self._received), is_ended=is_ended)
        except Exception as err:
            self._fail(err)
            return
        if received is not None:
            self._received.clear()
            waiting.set_result(received)

    def _fail(self, err: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(err)


def read_response(received: bytes, *, is_ended: bool) -> Received | None:
    """Read one response, None while it is not complete.

    Args:
        received: All bytes since the request.
        is_ended: The other side sends no more.
    Raises:
        ConnectionResetError: It ended too early.
        MalformedError: This is no HTTP.
    """
    head, end, rest = received.partition(b"\r\n\r\n")
    body = None
    if end:
        (version, status), headers = _head(head.decode("latin-1"))
        body = _body(headers, rest, is_ended=is_ended)
    if body is None:
        if is_ended:
            raise ConnectionResetError("the connection was closed before the end of the response")
        return None
    keeps = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close" and not is_ended
    return Received(HttpResponse(status, headers, body), keeps)


def _head(text: str) -> tuple[tuple[str, int], dict[str, str]]:
    """Read the first line and the fields; names in lower case."""
    first, *lines = text.split("\r\n")
    version, _, status = first.partition(" ")
    if not version.startswith("HTTP/1.") or not status[:3].isdecimal():
        raise MalformedError(f"{first[:80]!r} is no status line of HTTP/1.1")
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return (version, int(status[:3])), fields


def _body(headers: Mapping[str, str], rest: bytes, *, is_ended: bool) -> bytes | None:
    """Take the body, None while it is not complete."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _unchunked(rest)
    declared = headers.get("content-length")
    if declared is None:
        return rest if is_ended else None
    if not declared.isdecimal():
        raise MalformedError(f"content-length {declared[:20]!r} is no number")
    length = int(declared)
    return rest[:length] if len(rest) >= length else None


def _unchunked(rest: bytes) -> bytes | None:
    pieces: list[bytes] = []
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            return None
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError as err:
            raise MalformedError(f"{line[:20]!r} is no size of a chunk") from err
        if len(rest) < size + 2 or (size == 0 and b"\r\n" not in rest):
            return None
        if size == 0:
            return b"".join(pieces)
        pieces.append(rest[:size])
        rest = rest[size + 2 :]
