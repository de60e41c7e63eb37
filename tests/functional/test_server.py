"""The server as a process: granian, a real socket, a queue of the emulator."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from logdig.aws.clients import sqs_queue
from logdig.config.loader import load_settings
from logdig.config.settings import Settings
from logdig.queue.packs import read_pack
from tests.fakes.tracked import ORIGIN, TOKEN, body, event
from tests.functional.conftest import free_port

START_SECONDS = 60
CONFIG = f"""
[[apps]]
name = "shop"
token = "{TOKEN}"
origins = ["{ORIGIN}"]
"""


@pytest.fixture
def settings(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    import boto3

    path = tmp_path / "logdig.toml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    settings = load_settings(path, os.environ)
    client = boto3.client("sqs", region_name=settings.region, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    client.create_queue(QueueName=settings.queue_name)
    return settings


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "api.server", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def server(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    process = start("--port", "0")
    assert process.stdout is not None
    address = urlsplit(process.stdout.readline().removeprefix("collector: ").strip())
    assert address.hostname is not None
    assert address.port is not None
    wait_for(address.hostname, address.port, process)
    yield process, address.hostname, address.port
    process.kill()
    process.wait(10)
    process.stdout.close()


def wait_for(host: str, port: int, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not start")


def ask(host: str, port: int, method: str, path: str, payload: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request(method, path, payload, {"Origin": ORIGIN} | headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def raw(host: str, port: int, request: bytes) -> bytes:
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


def test_server_acknowledges_what_the_queue_has_and_ends_when_told(
    settings: Settings, server: tuple[subprocess.Popen[str], str, int]
) -> None:
    process, host, port = server
    now = datetime.now(UTC).isoformat()
    sent = event(timestamp=now)

    status, answer = ask(host, port, "POST", "/v1/events", body(sent, b"NaN", sent_at=now))

    assert (status, json.loads(answer)["accepted"]) == (202, 1)
    (message,) = sqs_queue(settings).receive(1)
    pack = read_pack(message.body, message.message_id)
    assert json.loads(next(iter(pack.event_lines())))["event_id"] == sent["event_id"]
    assert len(list(pack.rejected_lines())) == 1
    assert ask(host, port, "GET", "/healthz")[0] == 200

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0


def test_wsgi_host_serves_the_factory_without_arguments(settings: Settings) -> None:
    port = free_port()
    command = ["-m", "granian", "--interface", "wsgi", "--factory", "--port", str(port), "api:create_app"]
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("127.0.0.1", port, process)
        now = datetime.now(UTC).isoformat()
        sent = [event(timestamp=now) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            posts = [pool.submit(ask, "127.0.0.1", port, "POST", "/v1/events", body(one, sent_at=now)) for one in sent]
        metrics = ask("127.0.0.1", port, "GET", "/metrics")
        refused = ask("127.0.0.1", port, "POST", "/metrics")
    finally:
        process.terminate()
        process.wait(30)

    assert [post.result()[0] for post in posts] == [202] * 8
    assert metrics[0] == 200
    assert b'logdig_accepted_events_total{app="shop"} 8' in metrics[1]
    assert refused[0] == 405
    queue, stored = sqs_queue(settings), []
    while messages := queue.receive(1):
        packs = [read_pack(message.body, message.message_id) for message in messages]
        stored += [json.loads(line)["event_id"] for pack in packs for line in pack.event_lines()]
        queue.delete(messages)
    assert sorted(stored) == sorted(one["event_id"] for one in sent)


def test_server_reads_real_requests_as_the_core_means_them(server: tuple[subprocess.Popen[str], str, int]) -> None:
    _, host, port = server
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\n".encode()
    payload = body()
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(payload), payload)
    two_origins = head + b"Origin: %s\r\nContent-Length: %d\r\n\r\n%s" % (ORIGIN.encode(), len(payload), payload)
    korean = head + "User-Agent: 한글\r\n".encode() + b"Content-Length: %d\r\n\r\n%s" % (len(payload), payload)

    assert raw(host, port, chunked).startswith(b"HTTP/1.1 202")
    assert raw(host, port, two_origins).startswith(b"HTTP/1.1 403")
    assert raw(host, port, korean).startswith(b"HTTP/1.1 202")
    assert raw(host, port, b"PURGE /v1/events HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 405")
    assert ask(host, port, "POST", "/v1/events", b"x" * (1 << 20) + b"x")[0] == 413
    assert ask(host, port, "POST", "/v1/events", b"\xff\xfe")[0] == 400
    assert ask(host, port, "GET", "/%00%ff")[0] == 404


def test_server_answers_one_connection_request_by_request_when_bodies_come_in_pieces(
    server: tuple[subprocess.Popen[str], str, int],
) -> None:
    _, host, port = server
    now = datetime.now(UTC).isoformat()
    payload = body(event(timestamp=now), sent_at=now)
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\nContent-Length: {len(payload)}\r\n\r\n"

    with socket.create_connection((host, port), timeout=30) as connection:
        for middle in (0, 1, len(payload) - 1, len(payload)):
            connection.sendall(head.encode() + payload[:middle])
            time.sleep(0.05)
            connection.sendall(payload[middle:])
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert (response.status, json.loads(response.read())["accepted"]) == (202, 1)


def test_no_worker_outlives_a_killed_server(server: tuple[subprocess.Popen[str], str, int]) -> None:
    process, host, port = server

    process.kill()

    deadline = time.monotonic() + START_SECONDS
    while is_open(host, port):
        assert time.monotonic() < deadline, "somebody still listens"
        time.sleep(0.1)


def is_open(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def test_server_names_the_setting_that_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logdig.toml").write_text("colour = 1\n", encoding="utf-8")
    monkeypatch.setenv("LOGDIG_CONFIG", str(tmp_path / "logdig.toml"))

    process = start("--port", "0")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output.startswith("collector: colour = 1: ")
    assert len(output.splitlines()) == 1


def test_server_ends_when_there_is_no_queue(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    process = start("--port", "0")
    output, _ = process.communicate(timeout=60)

    assert process.returncode != 0
    assert f"{service}-dev-sqs" in output
