"""Memory of the collector's server after as many events as fit into some time.

Run ``.venv/bin/python bench/collector_memory.py [--seconds N]``. Prints events so far and the worker's resident memory,
then what the last half of the events added.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from collector import measure
from collector_load import request_of
from collector_server import free_port, run_queue, running

EVENTS = 50
SLICE_SECONDS = 4.0
CONNECTIONS = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150.0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    queue_port = free_port()
    multiprocessing.get_context("fork").Process(target=run_queue, args=(queue_port,), daemon=True).start()
    rows: list[tuple[float, float]] = []
    with TemporaryDirectory() as folder, running("group", Path(folder), f"http://127.0.0.1:{queue_port}") as server:
        sent = 0.0
        for _ in range(round(options.seconds / SLICE_SECONDS)):
            found = measure(server.worker, server.port, request_of("group", EVENTS), SLICE_SECONDS, CONNECTIONS, 0)
            sent += found.rate * SLICE_SECONDS * EVENTS
            rows.append((sent, found.memory_mib))
            print(f"{sent:>12,.0f} events {found.memory_mib:>7.1f} MiB", flush=True)
    (events, before), (_, after) = rows[len(rows) // 2], rows[-1]
    print(f"the last {sent - events:,.0f} events added {after - before:+.1f} MiB")


if __name__ == "__main__":
    main()
