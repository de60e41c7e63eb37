"""The real server as a process of its own, in front of a queue that keeps what it says it keeps."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import multiprocessing.process
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.sqs import stored_event_ids
from tests.fakes.tracked import ORIGIN, TOKEN, body, event
from tests.functional.conftest import free_port

START_SECONDS = 120
CONFIG = f"""
[[apps]]
name = "shop"
token = "{TOKEN}"
origins = ["{ORIGIN}"]
"""


@dataclass
class Queue:
    """The stub as a process."""

    process: subprocess.Popen[bytes]
    port: int
    path: Path

    def control(self, **mode: float) -> None:
        """Set how messages are treated from now on; see tests/fakes/sqs.py."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/control", json.dumps(mode))
        assert connection.getresponse().status == 200
        connection.close()

    def stored(self) -> set[str]:
        """Event ids of everything that was kept."""
        return stored_event_ids(self.path)


@dataclass
class Process:
    """A server that was forked from a process which has imported it already; in all else as if it had been started."""

    forked: multiprocessing.process.BaseProcess

    @property
    def pid(self) -> int:
        assert self.forked.pid is not None
        return self.forked.pid

    def poll(self) -> int | None:
        """Exit status, if it has ended."""
        return self.forked.exitcode

    def wait(self, seconds: float) -> int | None:
        """Exit status, once it has ended."""
        self.forked.join(seconds)
        return self.forked.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Tell the main process something."""
        os.kill(self.pid, number)


def run_server(port: int, log: Path, environment: dict[str, str]) -> None:
    """Do what ``python -m api.server`` does, in a process group of its own."""
    from api.server import main

    os.setsid()
    # As in a process of its own; a child of the fork server would start its workers afresh.
    multiprocessing.set_start_method("fork", force=True)
    output = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    main(["--port", str(port)])


@dataclass
class Server:
    """The server as a process group of its own."""

    process: Process
    port: int
    log: Path

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to every process of the server."""
        os.killpg(self.process.pid, number)

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=120)

    def ask(self, payload: bytes, path: str = "/v1/events", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Post and give status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", path, payload, {"Origin": ORIGIN} | headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def metrics(self) -> dict[str, float]:
        """Read /metrics: value by name with labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in rows}

    def resident_bytes(self) -> int:
        """Memory of the worker, the youngest process of the group."""
        workers = subprocess.run(
            ["ps", "-o", "pid=,rss=", "-g", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return max(int(line.split()[1]) for line in workers.stdout.splitlines()) * 1024


@dataclass
class Load:
    """Threads that post events with ids of their own and note which were acknowledged."""

    port: int
    events: int = 2
    acknowledged: set[str] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, connections: int) -> Load:
        """Send on so many connections at once until `stop`."""
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(connections)]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """End when each connection has its last answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()

    def wait_for(self, condition: Callable[[Load], bool]) -> None:
        """Wait until the load has seen something."""
        wait_until(lambda: condition(self))

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with closing(connection):
            while not self._stop.is_set():
                self._post(connection)

    def _post(self, connection: http.client.HTTPConnection) -> None:
        sent = [event(timestamp=datetime.now(UTC).isoformat(), event_id=fresh_id()) for _ in range(self.events)]
        try:
            connection.request("POST", "/v1/events", body(*sent, sent_at=None), {"Origin": ORIGIN})
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            # Killed or closed: nothing was promised.
            connection.close()
            time.sleep(0.01)
            return
        with self._lock:
            self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
            if response.status == 202:
                assert json.loads(answer)["accepted"] == len(sent), answer
                self.acknowledged |= {one["event_id"] for one in sent}


_numbers = count()
_run_id = f"{random.getrandbits(64):016x}"


def fresh_id() -> str:
    """An event id that no other call gives."""
    return f"{_run_id}-{next(_numbers):08}"


def wait_until(condition: Callable[[], Any], seconds: float = 120) -> None:
    """Poll until something is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    port, path = free_port(), tmp_path / "queue.jsonl"
    path.touch()
    process = subprocess.Popen([sys.executable, "-m", "tests.fakes.sqs", str(port), str(path)])
    wait_until(lambda: _is_open(port))
    yield Queue(process, port, path)
    process.kill()
    process.wait(30)


@pytest.fixture
def start(queue: Queue, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server; all that were started are killed at the end."""
    started: list[Server] = []
    (tmp_path / "logdig.toml").write_text(CONFIG, encoding="utf-8")
    url = f"http://127.0.0.1:{queue.port}"
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["api.server", "pytest", "tests.faults.conftest"])
    environment = dict(os.environ) | {
        "LOGDIG_CONFIG": str(tmp_path / "logdig.toml"),
        "LOGDIG_QUEUE_URL": f"{url}/000000000000/shop",
        "AWS_ENDPOINT_URL": url,
    }

    def start_one(**changes: str) -> Server:
        port = free_port()
        log = tmp_path / f"server-{port}.log"
        forked = forks.Process(target=run_server, args=(port, log, environment | changes))
        forked.start()
        process = Process(forked)
        started.append(Server(process, port, log))
        wait_until(lambda: _is_open(port) or process.poll() is not None, START_SECONDS)
        assert process.poll() is None, log.read_text()
        return started[-1]

    yield start_one
    for server in started:
        if server.process.poll() is None:
            server.kill()
        server.process.wait(30)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
