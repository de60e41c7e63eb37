"""Load on a collector: what a tracker sends, over kept-alive connections, in a closed or an open loop."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlencode

from logdig.times import wire_time

ORIGIN = "http://bench.example"
TOKEN = "pk_bench_1"
ANSWER_SECONDS = 30
"""A server that leaves a request without an answer for so long ends the bench."""


def event(number: int, now: str) -> dict[str, object]:
    return {
        "event_id": f"bench-event-{number:010}", "seq": number, "type": "click", "timestamp": now,
        "user_key": "abcdefghij0123456789", "session_id": "session-1", "page_view_id": "view-1", "load_count": 1,
        "current_page": "http://bench.example/index.html", "link": "http://bench.example/album.html",
        "spent_milli_sec": 1200, "consent": {"analytics": True, "ads": False}, "x": 110, "y": 400,
        "element": {"selector": "#buy", "tag": "a", "ex": 16384, "ey": 8000, "w": 120, "h": 40, "fixed": False},
        "view": {"vw": 1280, "vh": 720, "dw": 1280, "dh": 4000, "sx": 0, "sy": 0, "dpr": 2},
    }  # fmt: skip


def tracker_events(events: int) -> list[dict[str, object]]:
    now = wire_time(datetime.now(UTC))
    return [event(number, now) for number in range(events)]


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def tracker_body(events: int) -> bytes:
    """What the tracker sends: compact JSON, times in milliseconds."""
    found = tracker_events(events)
    envelope = {"token": TOKEN, "sent_at": found[0]["timestamp"], "tz_min": 540, "tracker": "1.0.0"}
    return compact(envelope | {"events": found}).encode()


def request_of(kind: str, events: int) -> bytes:
    if kind == "flume":
        told = [{"headers": {}, "body": compact(one)} for one in tracker_events(events)]
        return raw_request("/", "application/json", compact(told).encode())
    if kind != "2016":
        return raw_request("/v1/events", "text/plain", tracker_body(events))
    ten = dict.fromkeys(("token", "user_key", "link", "x", "y", "spent_milli_sec", "user_agent", "load_count"), "1")
    body = urlencode({"timestamp": "2026-11-24T12:00:00", "current_page": "http://bench.example/", **ten}).encode()
    return raw_request("/", "application/x-www-form-urlencoded", body)


def raw_request(path: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nOrigin: {ORIGIN}\r\nContent-Type: {content_type}\r\n"
        f"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client(asyncio.Protocol):
    """One connection: the next request when the last is answered, or, with a pause, at fixed times.

    An open loop counts a request's time from when it was due, so that waiting for the connection counts too.
    """

    def __init__(self, port: int, request: bytes, until: float, pause: float, times: list[float]) -> None:
        self._port, self._request, self._until, self._pause, self._times = port, request, until, pause, times
        self._due, self._is_waiting = 0.0, False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        if not self._due:
            self._due = time.perf_counter()
            self._send()
        elif self._is_waiting:
            self._send()

    def data_received(self, data: bytes) -> None:
        start = data.find(b"HTTP/1.1 ")
        if start < 0:
            # The rest of an answer that came in two pieces; the next answer may begin in the middle of one.
            return
        if data[start + 9 : start + 12] not in (b"202", b"200"):
            self.done.set_exception(RuntimeError(f"unexpected answer: {data[:200]!r}"))
            self._transport.close()
            return
        now, self._is_waiting = time.perf_counter(), False
        self._times.append(now - self._due)
        if now >= self._until:
            self.done.set_result(None)
            self._transport.close()
        elif self._pause:
            self._due += self._pause
            asyncio.get_running_loop().call_later(max(0.0, self._due - now), self._send)
        else:
            self._due = now
            self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self._reopening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        """Connect again as any client does whose server closed the connection; the request's time goes on."""
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        except OSError as err:
            self.done.set_exception(err)

    def _send(self) -> None:
        self._is_waiting = True
        if not self._transport.is_closing():
            self._transport.write(self._request)


async def load(port: int, request: bytes, seconds: float, connections: int, rate: float) -> list[float]:
    """Seconds of every request; rate 0 = closed loop."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    pause = connections / rate if rate else 0.0
    clients = []
    for _ in range(connections):
        client = Client(port, request, until, pause, times)
        await asyncio.get_running_loop().create_connection(lambda client=client: client, "127.0.0.1", port)
        clients.append(client)
        await asyncio.sleep(pause / connections)
    async with asyncio.timeout(seconds + ANSWER_SECONDS):
        await asyncio.gather(*(client.done for client in clients))
    return times
