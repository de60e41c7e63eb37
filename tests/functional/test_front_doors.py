"""Every endpoint gives the core's answer: equal status, body and headers for equal requests."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalDevServer
from chalice.test import Client
from werkzeug.test import create_environ

import lambdas.app
from api.wsgi import create_app
from lambdas.app import build_app
from lambdas.http_events import rest_request, url_request, url_response
from logdig.collect.collector import Collector
from logdig.collect.http import Request
from logdig.config.settings import Settings
from logdig.errors import SecretsUnavailableError
from tests.fakes.hostile import QUEUE_DOWN, cases, uses_up
from tests.fakes.served import ParitySink, parity_collector
from tests.fakes.tracked import BROWSER, ORIGIN, body, event, post
from tests.functional.conftest import free_port

Answer = tuple[int, dict[str, str], bytes]
START_SECONDS = 60
CASES = [pytest.param(request, id=name) for name, request in cases()]
OF_THE_SERVER = {"content-length", "date", "server", "connection", "transfer-encoding"}
"""Headers that a server adds to every answer."""
SERVE = """
import sys
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

Server(f"tests.fakes.served:{sys.argv[1]}", address="127.0.0.1", port=int(sys.argv[2]),
       interface=Interfaces(sys.argv[3]), factory=True, log_level=LogLevels.error, websockets=False).serve()
"""


def masked(answer: Answer) -> Answer:
    """Hide what depends on the moment."""
    status, headers, payload = answer
    payload = re.sub(rb"is [0-9T:.-]+Z by our clock", b"is old by our clock", payload)
    payload = re.sub(rb'("duration_millisecond":)"[0-9.]+"', rb'\1"*"', payload)
    if status == 429:
        headers = {name: "*" if name.lower() == "retry-after" else value for name, value in headers.items()}
        payload = re.sub(rb"wait \d+ s", b"wait * s", payload)
    return status, headers, payload


def by_flask(request: Request, served: Collector) -> Answer:
    app = create_app(Settings(), collector=served)
    path = request.path + (f"?{request.query}" if request.query else "")
    client = app.test_client()
    client.environ_base.pop("HTTP_USER_AGENT")
    response = client.open(path, method=request.method, headers=list(request.headers), data=request.body)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return response.status_code, headers, response.data


def by_chalice(request: Request, served: Collector) -> Answer:
    app: Chalice = build_app(lambda: served)
    path = request.path + (f"?{request.query}" if request.query else "")
    with Client(app) as client:
        response = client.http.request(request.method, path, dict(request.headers), request.body)
    return response.status_code, dict(response.headers), response.body


def by_function_url(request: Request, served: Collector) -> Answer:
    is_binary = request.header("content-type") == "application/octet-stream"
    sent = base64.b64encode(request.body).decode() if is_binary else request.body.decode()
    made: dict[str, Any] = {
        "version": "2.0",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": dict(request.headers),
        "requestContext": {"http": {"method": request.method, "path": request.path, "sourceIp": "203.0.113.7"}},
        "body": sent,
        "isBase64Encoded": is_binary,
    }
    response = url_response(served.handle(url_request(made)))
    return response["statusCode"], response["headers"], response["body"].encode()


@pytest.mark.parametrize("request_", CASES)
def test_front_doors_give_one_answer_and_store_the_same_lines(request_: Request) -> None:
    sinks = [ParitySink(), ParitySink(), ParitySink(), ParitySink()]
    collectors = [parity_collector(sink) for sink in sinks]
    before = uses_up(request_)
    for served in collectors:
        assert before is None or served.handle(before).status == 202
    reply = collectors[0].handle(request_)

    answers = [
        answer_by(request_, served)
        for answer_by, served in zip((by_flask, by_chalice, by_function_url), collectors[1:], strict=True)
    ]

    assert reply.status < 500 or QUEUE_DOWN.encode() in request_.body
    assert (reply.status == 429) == (before is not None)
    for answer in answers:
        assert masked(answer) == masked((reply.status, dict(reply.headers), reply.body))
    for sink in sinks[1:]:
        assert (sink.events, sink.rejected) == (sinks[0].events, sinks[0].rejected)


@pytest.fixture(scope="module", params=[("make_app", "wsgi"), ("make_asgi_app", "asgi")], ids=["wsgi", "asgi"])
def granian_port(request: pytest.FixtureRequest) -> Iterator[int]:
    maker, interface = request.param
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, maker, str(port), interface])
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < deadline, "the server did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def chalice_port() -> Iterator[int]:
    ours = parity_collector(ParitySink())
    server = LocalDevServer(build_app(lambda: ours), Config(), "127.0.0.1", port := free_port())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield port
    server.shutdown()
    server.server.server_close()
    thread.join()


def by_socket(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        path = request.path + (f"?{request.query}" if request.query else "")
        connection.putrequest(request.method, path, skip_accept_encoding=True)
        for name, value in (*request.headers, ("content-length", str(len(request.body)))):
            connection.putheader(name, value.encode())
        connection.endheaders(request.body)
        response = connection.getresponse()
        sent = {name.lower(): value for name, value in response.getheaders()}
        headers = {name: value for name, value in sent.items() if name not in OF_THE_SERVER}
        return response.status, headers, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("request_", CASES)
def test_server_gives_the_answer_of_the_core(request_: Request, granian_port: int) -> None:
    assert_as_the_core(request_, granian_port)


@pytest.mark.parametrize("request_", CASES)
def test_chalice_on_a_socket_gives_the_answer_of_the_core(request_: Request, chalice_port: int) -> None:
    assert_as_the_core(request_, chalice_port)


def assert_as_the_core(request: Request, port: int) -> None:
    core = parity_collector(ParitySink())
    before = uses_up(request)
    if before is not None:
        core.handle(before)
        by_socket(port, before)
    reply = core.handle(request)
    expected = {name.lower(): value for name, value in reply.headers}

    assert masked(by_socket(port, request)) == masked((reply.status, expected, reply.body))


@pytest.mark.parametrize("answer_by", [by_flask, by_chalice, by_function_url])
def test_endpoints_drop_the_spaces_around_a_header(answer_by: Callable[[Request, Collector], Answer]) -> None:
    spaced = tuple((name, f" {value}\t ") for name, value in BROWSER)

    status, headers, _ = answer_by(post(body(), headers=spaced), parity_collector(ParitySink()))

    assert (status, headers["Access-Control-Allow-Origin"]) == (202, ORIGIN)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b", "xn--\u00ff", "", ":80", "[::1"])
def test_wsgi_answers_whatever_the_host_is(host: str) -> None:
    asked = post(body(event()), headers=(*BROWSER, ("host", host)))

    assert by_flask(asked, parity_collector(ParitySink()))[0] == 202


def test_wsgi_refuses_a_body_by_its_length_without_reading_it() -> None:
    class Unread:
        def read(self, _: int = -1) -> bytes:
            raise AssertionError("it was read")

    app = create_app(Settings(), collector=parity_collector(ParitySink()))
    environ = create_environ("/v1/events", method="POST", headers=list(BROWSER))
    answers: list[str] = []

    app.wsgi_app(
        environ | {"wsgi.input": Unread(), "CONTENT_LENGTH": str((1 << 20) + 1)},
        lambda status, *_: answers.append(status),
    )

    assert [status[:3] for status in answers] == ["413"]


@pytest.mark.parametrize("path", ["/nowhere", "/v1/events/", "/v1", "/%00", "/v1/events/../x"])
@pytest.mark.parametrize("method", ["GET", "POST", "TRACE", "PURGE"])
def test_unknown_paths_and_rare_methods_are_answered_by_the_core(path: str, method: str) -> None:
    for asked in (path, "/v1/events" if method in ("TRACE", "PURGE") else path):
        request = Request(method, asked, "", BROWSER, b"")
        status, headers, _ = by_flask(request, parity_collector(ParitySink()))

        assert status in (404, 405)
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["Access-Control-Allow-Origin"] == ORIGIN


def test_api_gateway_event_keeps_repeated_headers_and_parameters() -> None:
    made = {
        "requestContext": {"httpMethod": "POST", "resourcePath": "/", "identity": {"sourceIp": "203.0.113.7"}},
        "headers": {"Origin": "https://b.example"},
        "multiValueHeaders": {"Origin": ["https://a.example", "https://b.example"]},
        "multiValueQueryStringParameters": {"x": ["1", "2"], "link": ["http://s/?a=한&b"]},
        "body": None,
        "isBase64Encoded": False,
    }

    request = rest_request(made)

    assert request.values("origin") == ["https://a.example", "https://b.example"]
    assert request.query == "x=1&x=2&link=http%3A%2F%2Fs%2F%3Fa%3D%ED%95%9C%26b"
    assert (request.body, request.remote_addr) == (b"", "203.0.113.7")


def test_every_lambda_handler_is_found_by_its_name_in_the_module() -> None:
    app = lambdas.app.app

    names = [function.handler_string for function in (*app.pure_lambda_functions, *app.event_sources)]

    assert sorted(names) == ["app.function_url", "app.run", "app.scheduled"]
    assert all(callable(getattr(lambdas.app, name.removeprefix("app."))) for name in names)


@pytest.mark.parametrize("path", ["/v1/events", "/"])
def test_lambda_doors_ask_to_come_back_while_they_cannot_be_wired(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def source() -> Collector:
        raise SecretsUnavailableError("the parameter store is down")

    monkeypatch.setattr(lambdas.app, "collector", source)
    http = {"method": "POST", "path": path}
    made = {"rawPath": path, "headers": {}, "requestContext": {"http": http}, "body": "{}"}

    by_url = lambdas.app.function_url(made, None)
    with Client(build_app(source)) as client:
        by_rest = client.http.post(path, body=b"{}")

    assert (by_url["statusCode"], by_url["headers"]["Retry-After"]) == (503, "10")
    assert (by_rest.status_code, dict(by_rest.headers)) == (by_url["statusCode"], by_url["headers"])
    assert by_rest.body == by_url["body"].encode()
    assert caplog.messages.count("cannot start: the parameter store is down") == 2
