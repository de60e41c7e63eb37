"""Connections of an event loop: responses cut anywhere, other sides that close, say nothing or no HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.aws.credentials import Keys
from logdig.aws.http_pool import AUTHORITIES, Endpoint, HttpResponse, HttpResult
from logdig.aws.json_client import PROTOCOLS
from logdig.aws.loop_http import LoopConnections, MalformedError, read_response
from logdig.aws.loop_json_client import LoopJsonClient

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Amzn-RequestId: r1\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.0 400 Bad\r\nServer: old\r\n\r\nhello"
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


@pytest.mark.parametrize(
    ("received", "keeps"),
    [
        (SIZED, True),
        (CHUNKED, True),
        (SIZED.replace(b"1.1", b"1.0"), False),
        (SIZED.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"), False),
    ],
)
def test_response_is_complete_at_its_last_byte_and_not_before(received: bytes, keeps: bool) -> None:
    found = [read_response(received[:size], is_ended=False) for size in range(len(received) + 1)]

    assert found[:-1] == [None] * len(received)
    assert found[-1] is not None
    assert (found[-1].response.status_code, found[-1].response.content, found[-1].keeps) == (200, b"hello", keeps)


def test_response_without_a_length_ends_with_its_connection() -> None:
    assert read_response(UNTIL_THE_END, is_ended=False) is None
    found = read_response(UNTIL_THE_END, is_ended=True)
    assert found is not None
    assert (found.response, found.keeps) == (HttpResponse(400, {"server": "old"}, b"hello"), False)


@pytest.mark.parametrize("received", [SIZED, CHUNKED])
def test_response_that_ends_early_is_an_error_and_never_a_shorter_body(received: bytes) -> None:
    for size in range(len(received)):
        with pytest.raises(ConnectionResetError):
            read_response(received[:size], is_ended=True)


@settings(max_examples=30)
@given(st.binary(max_size=80).map(lambda noise: noise + b"\r\n\r\n"))
def test_response_that_is_no_http_is_an_error_and_nothing_else_when_bytes_are_random(noise: bytes) -> None:
    with suppress(MalformedError):
        assert read_response(noise, is_ended=False) is None


@asynccontextmanager
async def serving(answer: Callable[[bytes, Writer], Awaitable[bool]]) -> AsyncIterator[Endpoint]:
    """Serve requests with ``answer``, which gets a body and tells whether the connection stays open."""
    writers = []

    async def serve(reader: Reader, writer: Writer) -> None:
        writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                if not await answer(await reader.readexactly(length), writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield at(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0.02)


def at(port: int) -> Endpoint:
    return Endpoint(f"http://127.0.0.1:{port}", AUTHORITIES, 5.0, 0.2, 2)


def post_to(*answers: bytes | None, posts: int = 1, pause: float = 0.0) -> tuple[list[HttpResult], int]:
    """Post one after the other to a server that answers each connection's requests in turn; None closes it instead.

    Returns:
        The results, and how many connections were made.
    """
    left: dict[Writer, list[bytes | None]] = {}

    async def answer(_: bytes, writer: Writer) -> bool:
        waiting = left.setdefault(writer, list(answers))
        next_one = waiting.pop(0)
        writer.write(next_one or b"")
        return bool(next_one and waiting)

    async def run() -> list[HttpResult]:
        async with serving(answer) as endpoint:
            connections = LoopConnections(endpoint)
            results = []
            for _ in range(posts):
                results.append(await connections.post("/", {"host": "h"}, b"body"))
                await asyncio.sleep(pause)
            return results

    return asyncio.run(run()), len(left)


def test_connection_is_kept_while_the_other_side_keeps_it() -> None:
    results, made = post_to(SIZED, CHUNKED, SIZED, posts=3)

    assert [result.content for result in results if isinstance(result, HttpResponse)] == [b"hello"] * 3
    assert made == 1


def test_connection_is_made_anew_after_the_other_side_closed_it() -> None:
    results, made = post_to(SIZED, posts=3, pause=0.02)

    assert [result.content for result in results if isinstance(result, HttpResponse)] == [b"hello"] * 3
    assert made == 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, ConnectionClosedError),
        (SIZED[:-1], ReadTimeoutError),
        (b"ICY 200 OK\r\n\r\n", HTTPClientError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", HTTPClientError),
    ],
)
def test_failure_is_botocores_and_the_next_post_gets_its_own_answer(
    answer: bytes | None, error: type[Exception]
) -> None:
    results, made = post_to(answer, SIZED, posts=2)

    assert [type(result) for result in results] == [error, error]
    assert made == 2


def test_late_answer_is_not_taken_for_that_of_the_next_post() -> None:
    late = SIZED.replace(b"hello", b"LATE!")

    async def answer(body: bytes, writer: Writer) -> bool:
        if body == b"first":
            await asyncio.sleep(0.3)
        writer.write(late if body == b"first" else SIZED)
        return True

    async def run() -> list[HttpResult]:
        async with serving(answer) as endpoint:
            connections = LoopConnections(endpoint)
            results = [await connections.post("/", {"host": "h"}, body) for body in (b"first", b"other")]
            await asyncio.sleep(0.2)
            return [*results, await connections.post("/", {"host": "h"}, b"other")]

    first, *others = asyncio.run(run())

    assert isinstance(first, ReadTimeoutError)
    assert [other.content for other in others if isinstance(other, HttpResponse)] == [b"hello"] * 2


def test_posts_do_not_pile_up_while_every_connection_hangs() -> None:
    asked = []

    async def answer(body: bytes, _: Writer) -> bool:
        asked.append(body)
        return True

    async def run() -> list[HttpResult]:
        async with serving(answer) as endpoint:
            connections = LoopConnections(endpoint)
            return await asyncio.gather(*(connections.post("/", {"host": "h"}, b"body") for _ in range(20)))

    results = asyncio.run(run())

    assert [type(result) for result in results] == [ReadTimeoutError] * 20
    assert len(asked) == 2


def test_error_names_the_endpoint_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    result = asyncio.run(LoopConnections(at(port)).post("/", {"host": "h"}, b"body"))

    assert isinstance(result, EndpointConnectionError)
    assert str(port) in str(result)


def test_client_asks_for_keys_once_and_raises_botocores_error_with_its_code() -> None:
    refusal = b'{"__type": "com.amazon#AccessDeniedException", "message": "no dynamodb:UpdateItem"}'
    head = b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n" % len(refusal)
    asked = []

    def keys() -> Keys:
        asked.append(1)
        return Keys("AKIA1", "secret", None)

    async def answer(_: bytes, writer: Writer) -> bool:
        writer.write(head + refusal)
        return True

    async def run() -> list[str]:
        async with serving(answer) as endpoint:
            client = LoopJsonClient(PROTOCOLS["dynamodb"], "us-east-1", endpoint, keys)
            errors = await asyncio.gather(*(client.call("UpdateItem", {}) for _ in range(3)), return_exceptions=True)
        return [err.response["Error"]["Code"] for err in errors if isinstance(err, ClientError)]

    assert asyncio.run(run()) == ["AccessDeniedException"] * 3
    assert len(asked) == 1
