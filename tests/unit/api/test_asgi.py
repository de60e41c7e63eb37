"""The ASGI application: incomplete bodies, and held and refused requests while its server ends."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.asgi import DRAIN_SIGNAL, AsgiApp
from api.group_commit import GroupCommit
from api.metrics import MetricsPage
from logdig.counters import Counters
from tests.fakes.tracked import BROWSER, body, collector, event

WAIT_SECONDS = 60


class GatedQueue:
    """Acknowledges when it is let."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def send(self, _: str) -> None:
        assert self.gate.wait(WAIT_SECONDS)


async def ask(app: AsgiApp, method: str, path: str, payload: bytes = b"") -> int:
    """Give the status of one request."""
    sent: list[Any] = []
    headers = [(name.encode(), value.encode()) for name, value in BROWSER]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}

    async def receive() -> Any:
        return {"type": "http.request", "body": payload}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope | {"client": ("127.0.0.1", 1)}, receive, send)
    return int(sent[0]["status"])


async def ask_silently(app: AsgiApp, *pieces: bytes) -> tuple[int, dict[str, str]]:
    """Give status and headers of a request whose body begins with the pieces and never ends."""
    sent: list[Any] = []
    waiting = list(pieces)

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": waiting.pop(0), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/events", "query_string": b"", "headers": []}
    await app(scope | {"client": None}, receive, send)
    return int(sent[0]["status"]), {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def serve_one(test: Callable[[AsgiApp, Counters], Awaitable[None]], **bounds: float) -> None:
    """Run a test on an application with room for one request, and its counters."""

    async def whole() -> None:
        core, group = collector(), GroupCommit(GatedQueue(), lambda: "pack")
        await test(
            AsgiApp(core, group, MetricsPage(core.counters, None), held_requests_limit=1, **bounds), core.counters
        )

    asyncio.run(asyncio.wait_for(whole(), WAIT_SECONDS))


@pytest.mark.parametrize("pieces", [(), (b"{",), (b"{", b" ")], ids=["none", "one", "two"])
def test_door_cuts_a_body_off_when_no_more_of_it_comes(pieces: tuple[bytes, ...]) -> None:
    async def test(app: AsgiApp, counters: Counters) -> None:
        for _ in range(3):
            status, headers = await ask_silently(app, *pieces)
            assert (status, headers["connection"]) == (408, "close")

        assert await ask(app, "GET", "/healthz") == 200
        assert counters.total("logdig_refused_requests_total", reason="slow_body") == 3

    serve_one(test, body_seconds=0.01)


def test_body_that_is_too_large_by_its_header_is_refused_unread() -> None:
    async def test(app: AsgiApp, counters: Counters) -> None:
        sent: list[Any] = []

        async def receive() -> Any:
            assert sent[1]["body"].startswith(b"{"), "it was read before the answer"
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(name.encode(), value.encode()) for name, value in BROWSER]
        scope = {"type": "http", "method": "POST", "path": "/v1/events", "query_string": b"", "client": None}
        await app(scope | {"headers": [*headers, (b"content-length", b"1048577")]}, receive, send)

        assert sent[0]["status"] == 413
        assert (b"connection", b"close") in sent[0]["headers"]
        assert (b"access-control-allow-origin", b"https://shop.example") in sent[0]["headers"]
        assert counters.total("logdig_refused_requests_total", reason="too_large") == 1
        assert await ask(app, "GET", "/healthz") == 200

    serve_one(test, body_seconds=0.01)


def test_door_is_alive_and_tells_its_numbers_when_it_is_overloaded() -> None:
    async def test(app: AsgiApp, _: Counters) -> None:
        held = asyncio.ensure_future(ask_silently(app))
        await asyncio.sleep(0)

        assert await ask(app, "POST", "/v1/events", body(event())) == 503
        assert await ask(app, "GET", "/readyz") == 503
        assert await ask(app, "GET", "/healthz") == 200
        assert await ask(app, "GET", "/metrics") == 200

        held.cancel()

    serve_one(test)


def test_door_lets_go_of_a_request_that_is_cancelled_from_outside() -> None:
    async def test(app: AsgiApp, _: Counters) -> None:
        asking = asyncio.ensure_future(ask_silently(app))
        await asyncio.sleep(0)

        asking.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await ask(app, "GET", "/healthz") == 200

    serve_one(test)


def run(test: Callable[[AsgiApp, GatedQueue, asyncio.Event], Awaitable[None]]) -> None:
    """Run a test on a started application; the event is set once it is drained."""

    async def whole() -> None:
        queue, drained = GatedQueue(), asyncio.Event()
        core, group = collector(), GroupCommit(queue, lambda: "pack")
        app = AsgiApp(core, group, MetricsPage(core.counters, None), on_drained=drained.set)
        steps: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        started = asyncio.Event()

        async def send(message: Any) -> None:
            started.set()

        steps.put_nowait({"type": "lifespan.startup"})
        living = asyncio.ensure_future(app({"type": "lifespan"}, steps.get, send))
        await started.wait()
        await test(app, queue, drained)
        queue.gate.set()
        steps.put_nowait({"type": "lifespan.shutdown"})
        await living

    asyncio.run(asyncio.wait_for(whole(), WAIT_SECONDS))


def test_door_is_not_ready_and_refuses_events_while_it_drains_and_answers_what_it_holds() -> None:
    async def test(app: AsgiApp, queue: GatedQueue, drained: asyncio.Event) -> None:
        held = asyncio.ensure_future(ask(app, "POST", "/v1/events", body(event())))
        await asyncio.sleep(0)
        assert await ask(app, "GET", "/readyz") == 200

        os.kill(os.getpid(), DRAIN_SIGNAL)

        while await ask(app, "GET", "/readyz") != 503:
            await asyncio.sleep(0.001)
        assert await ask(app, "POST", "/v1/events", body(event())) == 503
        assert await ask(app, "GET", "/healthz") == 200
        assert await ask(app, "GET", "/metrics") == 200
        assert not drained.is_set()
        assert not held.done()

        queue.gate.set()

        assert await held == 202
        await drained.wait()

    run(test)


def test_door_drains_when_nothing_is_held() -> None:
    async def test(app: AsgiApp, _: GatedQueue, drained: asyncio.Event) -> None:
        os.kill(os.getpid(), DRAIN_SIGNAL)

        await drained.wait()
        assert await ask(app, "GET", "/readyz") == 503

    run(test)
