"""The collector on one core, each request acknowledged by a queue that takes 8 ms: three servers side by side.

Run ``.venv/bin/python bench/collector.py``. The server is pinned to core 0, load and queue to core 1.

- group: our server as it ships, group commit.
- single: our server with one queue call a request.
- 2016: Flask, one form of ten fields a request, one queue call an event, no checks.

Then the function-URL handler: CPU a warm request without the queue call, and the import of its module.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import cast
from urllib.parse import urlencode

import uvloop

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from logdig.times import wire_time
from tests.fakes.sqs import Mode, Stub
from tests.fakes.sqs import serve as serve_queue

QUEUE_SECONDS = 0.008
ORIGIN = "http://bench.example"
TOKEN = "pk_bench_1"
SETTINGS = f"""service = "bench"
queue_url = "{{queue}}/000000000000/bench"

[[apps]]
name = "bench"
token = "{TOKEN}"
origins = ["{ORIGIN}"]
"""
CASES = (("2016", 1), ("single", 1), ("group", 1), ("single", 10), ("group", 10))


@dataclass(frozen=True)
class Found:
    """One run: requests a second, times in milliseconds, the server's CPU in milliseconds a request, its memory."""

    rate: float
    median: float
    p99: float
    cpu: float
    memory_mib: float


def event(number: int, now: str) -> dict[str, object]:
    return {
        "event_id": f"bench-event-{number:010}", "seq": number, "type": "click", "timestamp": now,
        "user_key": "abcdefghij0123456789", "session_id": "session-1", "page_view_id": "view-1", "load_count": 1,
        "current_page": "http://bench.example/index.html", "link": "http://bench.example/album.html",
        "spent_milli_sec": 1200, "consent": {"analytics": True, "ads": False}, "x": 110, "y": 400,
        "element": {"selector": "#buy", "tag": "a", "ex": 16384, "ey": 8000, "w": 120, "h": 40, "fixed": False},
        "view": {"vw": 1280, "vh": 720, "dw": 1280, "dh": 4000, "sx": 0, "sy": 0, "dpr": 2},
    }  # fmt: skip


def tracker_body(events: int) -> bytes:
    """What the tracker sends: compact JSON, times in milliseconds."""
    now = wire_time(datetime.now(UTC))
    envelope = {"token": TOKEN, "sent_at": now, "tz_min": 540, "tracker": "1.0.0"}
    return json.dumps(
        envelope | {"events": [event(number, now) for number in range(events)]}, separators=(",", ":")
    ).encode()


def request_of(kind: str, events: int) -> bytes:
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

    def __init__(self, request: bytes, until: float, pause: float, times: list[float]) -> None:
        self._request, self._until, self._pause, self._times = request, until, pause, times
        self._due = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self._due = time.perf_counter()
        self._send()

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 "):
            # The rest of an answer that came in two pieces.
            return
        if data[9:12] not in (b"202", b"200"):
            self.done.set_exception(RuntimeError(f"unexpected answer: {data[:200]!r}"))
            self._transport.close()
            return
        now = time.perf_counter()
        self._times.append(now - self._due)
        if now >= self._until:
            self._transport.close()
            self.done.set_result(None)
        elif self._pause:
            self._due += self._pause
            asyncio.get_running_loop().call_later(max(0.0, self._due - now), self._send)
        else:
            self._due = now
            self._send()

    def _send(self) -> None:
        self._transport.write(self._request)


async def load(port: int, request: bytes, seconds: float, connections: int, rate: float) -> list[float]:
    """Seconds of every request; rate 0 = closed loop."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    pause = connections / rate if rate else 0.0
    clients = []
    for _ in range(connections):
        client = Client(request, until, pause, times)
        await asyncio.get_running_loop().create_connection(lambda client=client: client, "127.0.0.1", port)
        clients.append(client)
        await asyncio.sleep(pause / connections)
    await asyncio.gather(*(client.done for client in clients))
    return times


def run_queue(port: int) -> None:
    uvloop.run(serve_queue(port, Stub(mode=Mode(seconds=QUEUE_SECONDS))))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def serve(kind: str, folder: Path, queue: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server on core 0 and wait until it answers."""
    port = free_port()
    (folder / "logdig.toml").write_text(SETTINGS.format(queue=queue))
    environment = os.environ | {
        "LOGDIG_CONFIG": str(folder / "logdig.toml"), "AWS_ENDPOINT_URL": queue, "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = ["taskset", "-c", "0", sys.executable, str(ROOT / "bench" / "servers.py"), kind, str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        except OSError:
            time.sleep(0.1)
        else:
            return process, port
    sys.exit(f"{kind} did not start")


def worker_of(process: subprocess.Popen[bytes]) -> Path:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return Path("/proc") / children[0]


def cpu_seconds(worker: Path) -> float:
    fields = (worker / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(worker: Path) -> float:
    return int((worker / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(worker: Path, port: int, request: bytes, seconds: float, connections: int, rate: float) -> Found:
    cpu, started = cpu_seconds(worker), time.perf_counter()
    times = uvloop.run(load(port, request, seconds, connections, rate))
    spent, cpu = time.perf_counter() - started, cpu_seconds(worker) - cpu
    cuts = quantiles(times, n=100)
    return Found(len(times) / spent, cuts[49] * 1000, cuts[98] * 1000, cpu / len(times) * 1000, memory_mib(worker))


def row(kind: str, events: int, loop: str, found: Found) -> None:
    print(
        f"{kind:<8} {events:>6} {loop:>7} {found.rate:>11,.0f} {found.rate * events:>9,.0f} {found.median:>9.1f} "
        f"{found.p99:>7.1f} {found.cpu:>12.3f} {found.memory_mib:>6.0f}",
        flush=True,
    )


def compare(options: argparse.Namespace, queue_port: int) -> None:
    print("server   events    loop  requests/s  events/s median ms  p99 ms CPU ms/reqst    MiB")
    tops: dict[tuple[str, int], Found] = {}
    with TemporaryDirectory() as folder:
        for kind, events in CASES:
            process, port = serve(kind, Path(folder), f"http://127.0.0.1:{queue_port}")
            worker, request = worker_of(process), request_of(kind, events)
            measure(worker, port, request, 2.0, options.connections, 0)
            tops[kind, events] = found = measure(worker, port, request, options.seconds, options.connections, 0)
            row(kind, events, "closed", found)
            row(
                kind,
                events,
                "70 %",
                measure(worker, port, request, options.seconds, options.connections, found.rate * 0.7),
            )
            process.terminate()
            process.wait()
    for one, other, events in (("group", "single", 10), ("group", "single", 1), ("group", "2016", 1)):
        this, that = tops[one, events], tops[other, events]
        print(
            f"{one} / {other}, {events} events a request: {this.rate / that.rate:.1f}x the requests, "
            f"{that.cpu / this.cpu:.1f}x the requests a CPU second"
        )


def function_url() -> None:
    """CPU of a warm request through the function-URL handler, and of a cold import."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1")
    from lambdas.doors import url_request, url_response
    from logdig import wiring
    from logdig.apps import Apps
    from logdig.collector import Collector
    from logdig.settings import parse_settings
    from tests.fakes.sinks import NullSink

    settings = parse_settings({"apps": [{"name": "bench", "token": TOKEN, "origins": [ORIGIN]}]})
    collector = Collector(Apps.from_settings(settings, {}), NullSink(), wiring.utc_now, wiring.new_id)
    for events in (1, 10):
        asked = {
            "rawPath": "/v1/events", "rawQueryString": "", "body": tracker_body(events).decode(),
            "headers": {"origin": ORIGIN, "content-type": "text/plain", "user-agent": "Mozilla/5.0 Firefox/140"},
            "requestContext": {"http": {"method": "POST", "sourceIp": "198.51.100.7"}},
        }  # fmt: skip
        for _ in range(200):
            assert url_response(collector.handle(url_request(asked)))["statusCode"] == 202
        started = time.process_time()
        for _ in range(2000):
            url_response(collector.handle(url_request(asked)))
        print(f"function URL, {events} events: {(time.process_time() - started) / 2:.3f} ms CPU a warm request")
    code = (
        "import time; c, w = time.process_time(), time.perf_counter(); import lambdas.app; "
        "print(time.process_time() - c, time.perf_counter() - w)"
    )
    runs = [
        tuple(
            map(
                float,
                subprocess.run(
                    [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
                ).stdout.split(),
            )
        )
        for _ in range(7)
    ]
    cpu, wall = min(runs)
    print(f"function URL, import of the module: {cpu:.2f} s CPU, {wall:.2f} s (best of 7)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--connections", type=int, default=128)
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    queue_port = free_port()
    queue = multiprocessing.get_context("fork").Process(target=run_queue, args=(queue_port,), daemon=True)
    queue.start()
    compare(options, queue_port)
    function_url()


if __name__ == "__main__":
    main()
