"""Ad decisions on one core: how many a second, and how long the page waits at 60 % of that.

Run ``.venv/bin/python bench/decision.py``. The server is pinned to core 0; load, DynamoDB's stub (4 ms a call), Redis
and the queue's stub (8 ms) to core 1. Every decision is a show, so each writes its exposure and its count.

- dynamodb: one read, then one conditional write after the answer.
- dynamodb, cap 1: the write comes before the answer.
- redis: a real redis-server; left out where there is none.
- memory: profiles of the process, for what the rest of a decision costs.

The open loop runs several times, and the run with the median p99 is printed: a machine that others share stands still
for tens of milliseconds now and then.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from collector import Found, measure
from collector_load import ORIGIN, TOKEN, compact, raw_request
from collector_server import Running, free_port, wait_for_answer, worker_of
from decision_store import OFFER, serve

from tests.fakes.redis_server import find_redis, running_redis

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = f"""service = "bench"
queue_url = "{{aws}}/000000000000/bench"
profile_store = "{{store}}"

[[apps]]
name = "bench"
token = "{TOKEN}"
origins = ["{ORIGIN}"]

[[offers]]
name = "{OFFER}"
holdout_share = 0.0
daily_cap = {{cap}}
"""
CASES = (("dynamodb", "dynamodb", 1_000_000), ("dynamodb, cap 1", "dynamodb", 1), ("redis", "redis", 1_000_000),
         ("memory", "memory", 1_000_000))  # fmt: skip
SHARE = 0.6
WARM_SECONDS = 2.0


def request() -> bytes:
    body = {"token": TOKEN, "user_key": "abcdefghij0123456789", "customer_id": "7", "placement": "before-song"}
    consent = {"consent": {"analytics": True, "ads": True}}
    return raw_request("/v1/decide", "text/plain", compact(body | consent).encode())


def run_stub(port: int) -> None:
    uvloop.run(serve(port))


@contextmanager
def running(store: str, cap: int, folder: Path, aws: str, redis: str) -> Iterator[Running]:
    """Run a server on core 0 for a while."""
    port = free_port()
    kept = "redis" if store == "redis" else "dynamodb"
    (folder / "logdig.toml").write_text(SETTINGS.format(aws=aws, store=kept, cap=cap))
    environment = os.environ | {
        "LOGDIG_CONFIG": str(folder / "logdig.toml"), "AWS_ENDPOINT_URL": aws, "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "LOGDIG_REDIS_URL": redis,
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = ["taskset", "-c", "0", sys.executable, str(ROOT / "bench" / "decision_server.py"), store, str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_answer(port, store)
        yield Running(port, worker_of(process))
    finally:
        process.terminate()
        process.wait()


def row(name: str, loop: str, found: Found) -> None:
    print(
        f"{name:<16} {loop:>7} {found.rate:>12,.0f} {found.median:>9.1f} {found.p99:>7.1f} {found.cpu:>10.3f} "
        f"{found.memory_mib:>5.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--runs", type=int, default=5, help="Of the open loop.")
    parser.add_argument("--only", help="One of the cases.")
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    port, redis = free_port(), find_redis()
    multiprocessing.get_context("fork").Process(target=run_stub, args=(port,), daemon=True).start()
    print("profile store       loop  decisions/s median ms  p99 ms  CPU ms/dn   MiB")
    with running_redis(redis) if redis else nullcontext("") as address:
        for name, store, cap in CASES:
            if (options.only and name != options.only) or (store == "redis" and not redis):
                continue
            with (
                TemporaryDirectory() as folder,
                running(store, cap, Path(folder), f"http://127.0.0.1:{port}", address) as server,
            ):
                measure(server.worker, server.port, request(), WARM_SECONDS, options.connections, 0)
                top = measure(server.worker, server.port, request(), options.seconds, options.connections, 0)
                row(name, "closed", top)
                rate = top.rate * SHARE
                runs = [
                    measure(server.worker, server.port, request(), options.seconds, options.connections, rate)
                    for _ in range(options.runs)
                ]
                row(name, f"{SHARE:.0%}", sorted(runs, key=lambda run: run.p99)[len(runs) // 2])


if __name__ == "__main__":
    main()
