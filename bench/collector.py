"""Requests a second and core, each acknowledged by a queue that takes 8 ms, for three servers side by side.

Run ``.venv/bin/python bench/collector.py``. The server is pinned to one core, load and queue to the other.

- group: our server as it ships, group commit.
- single: our server with one queue call a request.
- 2016: Flask, one form of ten fields a request, one queue call an event (only with one event a request).
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
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


class Queue(BaseHTTPRequestHandler):
    """Says yes to every SendMessage after QUEUE_SECONDS, as SQS would."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(QUEUE_SECONDS)
        body = b'{"MessageId": "m"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def event(number: int) -> dict[str, object]:
    return {
        "event_id": f"bench-event-{number:010}", "seq": number, "type": "click", "timestamp": "2026-11-24T12:00:00.000Z",
        "user_key": "abcdefghij0123456789", "session_id": "session-1", "page_view_id": "view-1", "load_count": 1,
        "current_page": "http://bench.example/index.html", "link": "http://bench.example/album.html",
        "spent_milli_sec": 1200, "consent": {"analytics": True, "ads": False}, "x": 110, "y": 400,
        "element": {"selector": "#buy", "tag": "a", "ex": 16384, "ey": 8000, "w": 120, "h": 40, "fixed": False},
        "view": {"vw": 1280, "vh": 720, "dw": 1280, "dh": 4000, "sx": 0, "sy": 0, "dpr": 2},
    }  # fmt: skip


def tracker_request(events: int) -> bytes:
    body = json.dumps({"token": TOKEN, "events": [event(number) for number in range(events)]}).encode()
    return raw_request("/v1/events", "text/plain", body)


def legacy_request() -> bytes:
    ten = {name: "1" for name in ("token", "user_key", "link", "x", "y", "spent_milli_sec", "user_agent", "load_count")}
    body = urlencode({"timestamp": "2026-11-24T12:00:00", "current_page": "http://bench.example/", **ten}).encode()
    return raw_request("/", "application/x-www-form-urlencoded", body)


def raw_request(path: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nOrigin: {ORIGIN}\r\nContent-Type: {content_type}\r\n"
        f"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def one_connection(
    port: int, request: bytes, until: float, pause: float, found: list[float], wrong: list[bytes]
) -> None:
    """Send requests one after the other on one connection; with a pause, at fixed times (open loop)."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.perf_counter()
        while (now := time.perf_counter()) < until:
            if pause:
                due += pause
                if due > now:
                    time.sleep(due - now)
            started = due if pause else now
            connection.sendall(request)
            answer = connection.recv(65536)
            if answer[9:12] not in (b"202", b"200"):
                wrong.append(answer[:200])
                return
            found.append(time.perf_counter() - started)


def load(port: int, request: bytes, seconds: float, connections: int, rate: float) -> tuple[float, float, float]:
    """Requests a second, median and 99th percentile in milliseconds; rate 0 = closed loop."""
    found: list[float] = []
    wrong: list[bytes] = []
    started = time.perf_counter()
    pause = connections / rate if rate else 0.0
    arguments = (port, request, started + seconds, pause, found, wrong)
    threads = [threading.Thread(target=one_connection, args=arguments) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        sys.exit(f"unexpected answer: {wrong[0]!r}")
    cuts = quantiles(found, n=100)
    return len(found) / (time.perf_counter() - started), cuts[49] * 1000, cuts[98] * 1000


def in_process(target: object, *arguments: object) -> object:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(target, arguments)  # type: ignore[arg-type]


def run_queue(port: int) -> None:
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", port), Queue).serve_forever()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def serve(kind: str, folder: Path, queue: str, core: int) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server on one core and wait until it answers."""
    port = free_port()
    (folder / "logdig.toml").write_text(SETTINGS.format(queue=queue))
    environment = os.environ | {
        "LOGDIG_CONFIG": str(folder / "logdig.toml"), "AWS_ENDPOINT_URL": queue, "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = ["taskset", "-c", str(core), sys.executable, str(ROOT / "bench" / "servers.py"), kind, str(port)]
    process = subprocess.Popen(command, env=environment)
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return process, port
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{kind} did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    queue_port = free_port()
    queue = multiprocessing.get_context("fork").Process(target=run_queue, args=(queue_port,), daemon=True)
    queue.start()
    print(
        f"{'server':<8} {'events/request':>14} {'loop':>7} {'requests/s':>11} {'events/s':>9} {'median ms':>10} {'p99 ms':>8}"
    )
    tops: dict[tuple[str, int], float] = {}
    with TemporaryDirectory() as folder:
        for kind, events in (("2016", 1), ("single", 1), ("group", 1), ("single", 10), ("group", 10)):
            process, port = serve(kind, Path(folder), f"http://127.0.0.1:{queue_port}", 0)
            request = legacy_request() if kind == "2016" else tracker_request(events)
            load(port, request, 2.0, options.connections, 0)
            top, *times = load(port, request, options.seconds, options.connections, 0)
            tops[kind, events] = top
            row(kind, events, "closed", top, times)
            row(kind, events, "70 %", *split(load(port, request, options.seconds, options.connections, top * 0.7)))
            process.terminate()
            process.wait()
    print(f"group / single, 10 events a request: {tops['group', 10] / tops['single', 10]:.1f}x")
    print(f"group / single,  1 event a request:  {tops['group', 1] / tops['single', 1]:.1f}x")
    print(f"group / 2016,    1 event a request:  {tops['group', 1] / tops['2016', 1]:.1f}x")


def split(found: tuple[float, float, float]) -> tuple[float, list[float]]:
    return found[0], [found[1], found[2]]


def row(kind: str, events: int, loop: str, rate: float, times: list[float]) -> None:
    print(
        f"{kind:<8} {events:>14} {loop:>7} {rate:>11,.0f} {rate * events:>9,.0f} {times[0]:>10.1f} {times[1]:>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
