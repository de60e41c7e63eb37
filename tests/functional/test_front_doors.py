"""Every front door gives the core's answer: equal status, body and headers for equal requests."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.app import Chalice
from chalice.test import Client

import lambdas.app
from api import create_app
from lambdas.app import build_app
from lambdas.doors import rest_request, url_request, url_response
from logdig.collector import METHODS, PATHS
from logdig.exchange import Headers, Request
from logdig.settings import Settings
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, ORIGIN, TEN_FIELDS, TOKEN, body, collector, event, post, signed, signed_event
from tests.unit.test_collector import PACKED, Decisions

Answer = tuple[int, dict[str, str], bytes]
DEEP = b'{"token": "t", "events": [' + b"[" * 500 + b"]" * 500 + b"]}"
CLICK = event()


def cases() -> Iterator[tuple[str, Request]]:
    """The hostile inputs of reliability.md section 6, the refusals of the contract, and the everyday."""
    for path in PATHS:
        for method in METHODS:
            yield f"{method} {path}", Request(method, path, "", BROWSER, b"")
    yield "whole", post(body(CLICK))
    yield "korean", post(body(event(event_id="a" * 20, current_page="http://s/한글😀\u2028")))
    yield "duplicates", post(body(CLICK, CLICK))
    yield "faults", post(body({"event_id": "x"}, 5, None, event(seq=-1, event_id="b" * 20)))
    yield "signed", signed(body(signed_event("listen", event_id="c" * 20)))
    yield "signed wrong", signed(body(), secret=b"other")
    yield "gzip", post(gzip.compress(body(CLICK), mtime=0), headers=PACKED)
    yield "gzip members", post(gzip.compress(body(), mtime=0) + gzip.compress(b" ", mtime=0), headers=PACKED)
    yield "gzip bomb", post(gzip.compress(b" " * (2 << 20), mtime=0), headers=PACKED)
    yield "gzip damaged", post(gzip.compress(body(), mtime=0)[:-1], headers=PACKED)
    yield "gzip stacked", post(b"", headers=(PACKED[0], PACKED[1], ("content-encoding", "gzip, gzip")))
    yield "gzip as json", post(b"", headers=(PACKED[0], ("content-type", "application/json"), PACKED[2]))
    for name, hostile in HOSTILE.items():
        text = json.dumps(CLICK).encode().replace(b"110", hostile, 1)
        yield f"hostile {name}", post(body(text, event(event_id="d" * 20)))
    for name, payload in UNREADABLE.items():
        yield f"unreadable {name}", post(payload)
    for name, value in ORIGINS.items():
        yield f"origin {name}", post(body(), headers=((("origin", value),) if value is not None else ()))
    for content_type in ("text/html", "application/xml", "multipart/form-data; boundary=x", "application/octet-stream"):
        yield f"type {content_type}", post(body(), headers=(BROWSER[0], ("content-type", content_type)))
    for accept in ("text/html", "image/png", "application/octet-stream", "*/*"):
        yield f"accept {accept}", post(body(CLICK), headers=(*BROWSER, ("accept", accept)))
    yield "large", post(b"x" * ((1 << 20) + 1))
    yield "largest", post(body() + b" " * ((1 << 20) - len(body())))
    yield "501 events", post(body(*[b"1"] * 501))
    yield "token", post(body(token="nobody"))
    yield "token of another", post(body(token="pk_blog_1"))
    yield "tracker null", post(body(tracker=None))
    yield from legacy_cases()
    yield "decide", post(json.dumps({"token": TOKEN}).encode(), "/v1/decide")
    yield "decide bad", post(json.dumps({"token": TOKEN, "x": "bad"}).encode(), "/v1/decide")


HOSTILE = {
    "NaN": b"NaN",
    "infinite": b"1e309",
    "surrogate": b'"\\ud800"',
    "nul": b'"a\\u0000"',
    "2^64": b"18446744073709551616",
    "5000 digits": b"9" * 5000,
    "deep": b"[[[[[[[1]]]]]]]",
    "long": b'"' + b"x" * 40_000 + b'"',
    "many keys": b"{" + b",".join(b'"%d":1' % number for number in range(3000)) + b"}",
    "prototype": b'{"__proto__": {"x": 1}}',
}
UNREADABLE = {
    "empty": b"",
    "cut": body(CLICK)[:-3],
    "list": b"[]",
    "deep": DEEP,
    "very deep": b"[" * 100_000,
    "utf-16": "{}".encode("utf-16-le"),
    "long text": b'"' + b"x" * 900_000 + b'"',
    "unknown field": body(odd=1),
    "many fields": json.dumps({f"k{number}": 1 for number in range(50_000)}).encode(),
}
ORIGINS = {
    "none": None,
    "null": "null",
    "suffix": f"{ORIGIN}.evil.example",
    "prefix": "https://evilshop.example",
    "port": f"{ORIGIN}:444",
    "default port": f"{ORIGIN}:443",
    "case": "https://SHOP.example",
    "dot": f"{ORIGIN}.",
    "two": f"{ORIGIN}, {ORIGIN}",
    "scheme": "http://shop.example",
    "blog": "https://blog.example",
}


def legacy_cases() -> Iterator[tuple[str, Request]]:
    form: Headers = (BROWSER[0], ("content-type", "application/x-www-form-urlencoded"), BROWSER[2])
    yield "log form", post(urlencode(TEN_FIELDS).encode(), "/", form)
    yield "log json", post(json.dumps(TEN_FIELDS).encode(), "/")
    yield "log query", post(b"", "/", BROWSER, urlencode(TEN_FIELDS | {"link": "http://s/한글 +&?"}))
    yield "log repeated query", post(urlencode(TEN_FIELDS).encode(), "/", form, "x=1&x=2&y=")
    yield "log missing", post(b"x=1", "/", form)
    yield "log empty", post(urlencode(TEN_FIELDS | {"token": ""}).encode(), "/", form)
    yield "log unknown", post(urlencode(TEN_FIELDS | {"token": "nobody"}).encode(), "/", form)
    yield "log list", post(b"[]", "/")
    yield "log type", post(b"", "/", (BROWSER[0], ("content-type", "text/html")))
    yield "log origin", post(urlencode(TEN_FIELDS).encode(), "/", form[1:])
    yield "log undecodable", post(b"x=%ff", "/", form)


def masked(payload: bytes) -> bytes:
    return re.sub(rb'("duration_millisecond":)"[0-9.]+"', rb'\1"*"', payload)


def by_flask(request: Request, sink: MemorySink) -> Answer:
    app = create_app(Settings(), collector=collector(sink, decider=Decisions()))
    path = request.path + (f"?{request.query}" if request.query else "")
    client = app.test_client()
    client.environ_base.pop("HTTP_USER_AGENT")
    response = client.open(path, method=request.method, headers=list(request.headers), data=request.body)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return response.status_code, headers, response.data


def by_chalice(request: Request, sink: MemorySink) -> Answer:
    app: Chalice = build_app(lambda: collector(sink, decider=Decisions()))
    path = request.path + (f"?{request.query}" if request.query else "")
    with Client(app) as client:
        response = client.http.request(request.method, path, dict(request.headers), request.body)
    return response.status_code, dict(response.headers), response.body


def by_function_url(request: Request, sink: MemorySink) -> Answer:
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
    response = url_response(collector(sink, decider=Decisions()).handle(url_request(made)))
    return response["statusCode"], response["headers"], response["body"].encode()


@pytest.mark.parametrize("request_", [pytest.param(request, id=name) for name, request in cases()])
def test_front_doors_give_one_answer_and_store_the_same_lines(request_: Request) -> None:
    sinks = [MemorySink(), MemorySink(), MemorySink(), MemorySink()]
    reply = collector(sinks[0], decider=Decisions()).handle(request_)

    answers = [
        door(request_, sink) for door, sink in zip((by_flask, by_chalice, by_function_url), sinks[1:], strict=True)
    ]

    assert reply.status < 500
    for status, headers, payload in answers:
        assert (status, headers, masked(payload)) == (reply.status, dict(reply.headers), masked(reply.body))
    for sink in sinks[1:]:
        assert (sink.events, sink.rejected) == (sinks[0].events, sinks[0].rejected)


@pytest.mark.parametrize("path", ["/nowhere", "/v1/events/", "/v1", "/%00", "/v1/events/../x"])
@pytest.mark.parametrize("method", ["GET", "POST", "TRACE", "PURGE"])
def test_unknown_paths_and_rare_methods_are_answered_by_the_core(path: str, method: str) -> None:
    for asked in (path, "/v1/events" if method in ("TRACE", "PURGE") else path):
        request = Request(method, asked, "", BROWSER, b"")
        status, headers, _ = by_flask(request, MemorySink())

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
