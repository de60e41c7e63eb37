"""What browsers of registered origins need, on every answer; and which methods a path takes."""

from __future__ import annotations

import json

import pytest

from logdig.collect.collector import METHODS, PATHS
from logdig.collect.http import Headers, Request
from logdig.config.apps import App
from tests.fakes.asked import ask
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import APP_ORIGIN, BROWSER, ORIGIN, TOKEN, body, collector, event

CORS = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Expose-Headers": "Retry-After",
    "Vary": "Origin",
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "", "/V1/events", "/v1/events/"])
def test_registered_origin_is_echoed_on_every_answer(method: str, path: str) -> None:
    reply = ask(Request(method, path, "", BROWSER, body()))

    assert CORS.items() <= dict(reply.headers).items()


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_origin_of_an_app_is_echoed_and_its_page_keeps_its_path(method: str) -> None:
    sink = MemorySink()
    page = f"{APP_ORIGIN}/songs/7?q=1#top"
    request = Request(method, "/v1/events", "", (("origin", APP_ORIGIN),), body(event("page", current_page=page)))

    reply = ask(request, sink)

    assert dict(reply.headers)["Access-Control-Allow-Origin"] == APP_ORIGIN
    assert [json.loads(line)["current_page"] for line in sink.events] == [f"{APP_ORIGIN}/songs/7#top"] * (
        method == "POST"
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("origin", [(), (("origin", "https://evil.example"),), (("origin", "null"),)])
def test_other_origins_get_no_cross_origin_header(method: str, origin: Headers) -> None:
    reply = ask(Request(method, "/v1/events", "", origin, body()))

    assert not [name for name, _ in reply.headers if name.startswith("Access-Control")]


def test_origin_is_echoed_in_ascii_when_sent_in_another_script() -> None:
    app = App("shop", TOKEN, frozenset({"http://xn--bcher-kva.example"}))
    served = collector()
    served._apps = type(served._apps)([app])

    reply = served.handle(Request("GET", "/", "", (("origin", "http://bücher.example"),)))

    assert dict(reply.headers)["Access-Control-Allow-Origin"] == "http://xn--bcher-kva.example"


def test_preflight_tells_a_registered_origin_what_it_may_send() -> None:
    reply = ask(Request("OPTIONS", "/v1/events", "", BROWSER[:1]))

    assert (reply.status, reply.body) == (204, b"")
    headers = dict(reply.headers)
    assert headers["Allow"] == headers["Access-Control-Allow-Methods"] == "OPTIONS, POST"
    assert headers["Access-Control-Allow-Headers"] == "Content-Type, Content-Encoding"


@pytest.mark.parametrize(
    "method, path, status, allow",
    [
        ("GET", "/v1/events", 405, "OPTIONS, POST"),
        ("DELETE", "/", 405, "GET, HEAD, OPTIONS, POST"),
        ("POST", "/healthz", 405, "GET, HEAD, OPTIONS"),
        ("TRACE", "/v1/events", 405, "OPTIONS, POST"),
        ("", "/v1/events", 405, "OPTIONS, POST"),
        ("OPTIONS", "/", 204, "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_allowed_methods_are_named(method: str, path: str, status: int, allow: str) -> None:
    reply = ask(Request(method, path))

    assert reply.status == status
    assert dict(reply.headers)["Allow"] == allow
