"""The processes of the collector's bench: a server on core 0, the queue's stub, and what the kernel says of them."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import flume
import uvloop
from collector_load import ORIGIN, TOKEN

from tests.fakes.sqs import Mode, Stub
from tests.fakes.sqs import serve as serve_queue

ROOT = Path(__file__).resolve().parent.parent
QUEUE_SECONDS = 0.008
SETTINGS = f"""service = "bench"
queue_url = "{{queue}}/000000000000/bench"

[[apps]]
name = "bench"
token = "{TOKEN}"
origins = ["{ORIGIN}"]
"""


def run_queue(port: int) -> None:
    uvloop.run(serve_queue(port, Stub(mode=Mode(seconds=QUEUE_SECONDS))))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Running:
    """A server that answers: its port, and the folder in /proc of the process that does the work."""

    port: int
    worker: Path


@contextmanager
def running(kind: str, folder: Path, queue: str) -> Iterator[Running]:
    """Run a server on core 0 for a while.

    Raises:
        NotHereError: It cannot be had on this machine.
    """
    port = free_port()
    if kind == "flume":
        command = flume.command(folder, port)
    else:
        (folder / "logdig.toml").write_text(SETTINGS.format(queue=queue))
        command = [sys.executable, str(ROOT / "bench" / "servers.py"), kind, str(port)]
    environment = os.environ | {
        "LOGDIG_CONFIG": str(folder / "logdig.toml"), "AWS_ENDPOINT_URL": queue, "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_answer(port, kind)
        yield Running(port, worker_of(process))
    finally:
        process.terminate()
        process.wait()


def wait_for_answer(port: int, kind: str) -> None:
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{kind} did not start")


def worker_of(process: subprocess.Popen[bytes]) -> Path:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return Path("/proc") / (children[0] if children else str(process.pid))


def cpu_seconds(worker: Path) -> float:
    fields = (worker / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(worker: Path) -> float:
    return int((worker / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
