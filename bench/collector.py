"""The collector on one core, each request acknowledged by a queue that takes 8 ms: servers side by side.

Run ``.venv/bin/python bench/collector.py``. The server is pinned to core 0, load and queue to core 1.

- group: our server as it ships, group commit.
- single: our server with one queue call a request.
- boto3: the same, the call made by boto3's client.
- 2016: Flask, one form of ten fields a request, one queue call an event, no checks.
- flume: Apache Flume, acknowledged by its log on the disk; see flume.py. Left out where it cannot be installed.

Then the function-URL handler: CPU a warm request without the queue call, and the import of its module.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from collector_function import function_url
from collector_load import load, request_of
from collector_server import cpu_seconds, free_port, memory_mib, run_queue, running
from flume import NotHereError

CASES = (
    ("2016", 1), ("flume", 1), ("boto3", 1), ("single", 1), ("group", 1), ("flume", 10), ("boto3", 10), ("single", 10),
    ("group", 10),
)  # fmt: skip
WARM_SECONDS = {"flume": 10.0}
"""A virtual machine compiles what is used often; the others need two seconds."""
PAIRS = [("group", other, events) for events in (1, 10) for other in ("boto3", "single", "2016", "flume")]


@dataclass(frozen=True)
class Found:
    """One run: requests a second, times in milliseconds, the server's CPU in milliseconds a request, its memory."""

    rate: float
    median: float
    p99: float
    cpu: float
    memory_mib: float


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
    for kind, events in CASES:
        request = request_of(kind, events)
        with TemporaryDirectory() as folder:
            try:
                with running(kind, Path(folder), f"http://127.0.0.1:{queue_port}") as server:
                    run = partial(measure, server.worker, server.port, request)
                    run(WARM_SECONDS.get(kind, 2.0), options.connections, 0)
                    top = run(options.seconds, options.connections, 0)
                    row(kind, events, "closed", top)
                    row(kind, events, "70 %", run(options.seconds, options.connections, top.rate * 0.7))
                    tops[kind, events] = top
            except NotHereError as err:
                print(f"{kind:<8} left out: {err}", flush=True)
    for one, other, events in PAIRS:
        if (other, events) in tops:
            this, that = tops[one, events], tops[other, events]
            print(
                f"{one} / {other}, {events} events a request: {this.rate / that.rate:.1f}x the requests, "
                f"{that.cpu / this.cpu:.1f}x the requests a CPU second"
            )


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
