"""A moto server as its own process, and one set of resources for each test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator

import pytest

from tests.fakes.endpoint import Endpoint
from tests.fakes.redis_server import find_redis, running_redis

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Address of an empty AWS on this machine."""
    port = free_port()
    command = [sys.executable, "-m", "infra.local.emulator", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/moto-api/", timeout=5):
                break
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "moto server ended"
            assert time.monotonic() < deadline, "moto server did not start"
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    command = find_redis()
    if command is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have redis-server: python3 -m tools.bootstrap redis")
        pytest.skip("redis-server is not on this machine: python3 -m tools.bootstrap redis")
    with running_redis(command) as url:
        yield url


@pytest.fixture
def service(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A service name of its own, with the endpoint set as on any machine that uses another AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("LOGDIG_SERVICE", name := f"t{uuid.uuid4().hex[:12]}")
    monkeypatch.setitem(os.environ, "LOGDIG_STAGE", "dev")
    return name


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """The collector on a socket."""
    endpoint = Endpoint()
    endpoint.start()
    yield endpoint
    endpoint.stop()
