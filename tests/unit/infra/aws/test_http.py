"""Requests to a deployed stack: every status is returned, no response is status 0, emulators are addressed by Host."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from infra.aws.http import resolve_address, send_request


@contextmanager
def answering(answer: Callable[[dict[str, str], bytes], tuple[int, bytes]]) -> Iterator[str]:
    """A server on the loopback; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answer(dict(self.headers), content)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 (the base class calls it so)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize("status", [200, 202, 404, 503])
def test_send_request_returns_the_response_when_the_status_is_any(status: int) -> None:
    with answering(lambda _headers, body: (status, b"got " + body)) as url:
        response = send_request(f"{url}/x", None, b"this")

    assert (response.status, response.body) == (status, b"got this")


def test_send_request_returns_status_0_and_the_reason_when_there_is_no_server() -> None:
    with answering(lambda _headers, _body: (200, b"")) as url:
        pass

    response = send_request(url, None)

    assert response.status == 0
    assert b"refused" in response.body


def test_send_request_reaches_a_function_on_an_emulator_by_its_host() -> None:
    hosts: list[str] = []

    def answer(headers: dict[str, str], _body: bytes) -> tuple[int, bytes]:
        hosts.append(headers["Host"])
        return 200, b""

    with answering(answer) as url:
        send_request("https://abc.lambda-url.eu-west-1.on.aws/healthz", url)

    assert hosts == ["abc.lambda-url.eu-west-1.on.aws"]


def test_resolve_address_leaves_an_address_alone_when_there_is_no_emulator() -> None:
    assert resolve_address("https://abc.lambda-url.eu-west-1.on.aws/x", None) == (
        "https://abc.lambda-url.eu-west-1.on.aws/x",
        {},
    )


def test_resolve_address_finds_a_rest_api_on_an_emulator_by_path() -> None:
    address = resolve_address("https://abc.execute-api.eu-west-1.amazonaws.com/api/v1/events", "http://127.0.0.1:4566")

    assert address == ("http://127.0.0.1:4566/restapis/abc/api/_user_request_/v1/events", {})
