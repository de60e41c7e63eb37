"""Slow, half-open and flooding clients are cut off; overload is refused; SIGTERM answers what is held."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable

from api.asgi import BODY_SECONDS, HELD_REQUESTS_LIMIT
from tests.fakes.tracked import ORIGIN
from tests.faults.conftest import Load, Queue, Server, wait_until
from tests.faults.test_server_queue import one

HEAD = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nOrigin: {ORIGIN}\r\n".encode()


def answer_of(connection: socket.socket) -> bytes:
    """Read until the server ends the connection."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    connection.close()
    return received


def test_clients_that_never_finish_are_cut_off_and_hold_up_nobody(start: Callable[..., Server]) -> None:
    server = start()
    heads, bodies, silent = [], [], []
    body = HEAD + b"Content-Length: 1000\r\n\r\n"
    for _ in range(100):
        for kept, sent in ((heads, HEAD), (bodies, body), (bodies, body + b"{"), (silent, b"")):
            connection = server.connect()
            connection.sendall(sent)
            kept.append(connection)

    assert server.ask(one()[1])[0] == 202

    assert all(answer_of(connection) == b"" for connection in heads + silent)
    answers = [answer_of(connection) for connection in bodies]
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert f"longer than {BODY_SECONDS:g} s".encode() in answers[0]
    assert server.metrics()['logdig_refused_requests_total{reason="slow_body"}'] == 200


def test_head_that_is_too_large_is_refused_before_our_code(start: Callable[..., Server]) -> None:
    server = start()

    for flood in (b"X-A: b\r\n" * 500, b"X-A: " + b"a" * 100_000 + b"\r\n"):
        connection = server.connect()
        connection.sendall(HEAD + flood + b"\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
        connection.close()
    assert server.ask(one()[1])[0] == 202


def test_body_beyond_the_limit_is_refused_before_it_is_all_there(start: Callable[..., Server]) -> None:
    server = start()
    connection = server.connect()

    connection.sendall(HEAD + b"Content-Length: 1000000000\r\n\r\n")
    connection.sendall(b"x" * ((1 << 20) + 1))

    assert answer_of(connection).startswith(b"HTTP/1.1 413 ")


def test_half_sent_body_of_a_client_that_went_away_is_forgotten(start: Callable[..., Server]) -> None:
    server = start()

    for _ in range(50):
        connection = server.connect()
        connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 1000)
        connection.close()

    wait_until(lambda: server.metrics()["logdig_held_requests"] == 1)
    assert server.ask(one()[1])[0] == 202


def test_requests_beyond_the_held_ones_are_503_and_taken_again_later(
    queue: Queue, start: Callable[..., Server]
) -> None:
    server = start()
    queue.control(seconds=3.0)
    held = []
    for _ in range(HELD_REQUESTS_LIMIT + 50):
        connection = server.connect()
        payload = one()[1]
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(payload), payload))
        held.append(connection)

    answers = [answer_of(connection) for connection in held]

    statuses = [answer[9:12] for answer in answers]
    assert set(statuses) <= {b"202", b"503"}
    assert statuses.count(b"503") >= 1
    assert all(b"retry-after: " in answer for answer in answers if answer[9:12] == b"503")
    queue.control()
    assert server.ask(one()[1])[0] == 202


def test_sigterm_answers_what_is_held_and_the_process_ends(queue: Queue, start: Callable[..., Server]) -> None:
    server = start()
    queue.control(seconds=1.0)
    load = Load(server.port).start(16)
    load.wait_for(lambda _: server.metrics()["logdig_held_bytes"] > 0)

    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait(120) == 0
    load.stop()
    assert set(load.statuses) <= {202, 503}
    assert load.acknowledged
    assert load.acknowledged - queue.stored() == set()
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    assert sum(line["events"] for line in lines) >= len(load.acknowledged)
