"""Rules of the one place where requests become replies."""

from __future__ import annotations

import gzip
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.collect.collector import METHODS, PATHS
from logdig.collect.http import Headers, Request
from logdig.errors import QueueUnavailableError
from logdig.queue.packs import EventBatch
from tests.fakes.asked import PACKED, Decisions, answer, ask
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, NOW, ORIGIN, TEN_FIELDS, TOKEN, body, collector, event, post, signed


class BrokenSink:
    """Raises an unexpected error."""

    def commit(self, batch: EventBatch) -> None:
        raise ZeroDivisionError("a mistake")


def test_events_are_accepted_and_committed_in_one_batch() -> None:
    sink = MemorySink()
    first = event()

    reply = ask(post(body(first, event(seq=-1, load_count="x"), event("page"), first)), sink)

    assert reply.status == 202
    result = answer(reply)
    assert (result["accepted"], result["duplicates"]) == (2, 1)
    assert [(fault["index"], fault["field"]) for fault in result["rejected"]] == [(1, "seq"), (1, "load_count")]
    (batch,) = sink.batches
    assert (batch.app, batch.received_at) == ("shop", NOW)
    assert [json.loads(line)["type"] for line in batch.events] == ["click", "page"]
    (bad,) = map(json.loads, batch.rejected)
    assert [fault["field"] for fault in bad["errors"]] == ["seq", "load_count"]
    assert bad["bad_id"] == f"id-{0:019}"


def test_nothing_is_committed_when_there_are_no_events() -> None:
    sink = MemorySink()

    reply = ask(post(body()), sink)

    assert (reply.status, answer(reply)) == (202, {"accepted": 0, "duplicates": 0, "rejected": []})
    assert sink.batches == []


def test_rejected_events_are_committed_when_none_is_good() -> None:
    sink = MemorySink()

    assert ask(post(body(b"5", b"NaN")), sink).status == 202
    assert (len(sink.events), len(sink.rejected)) == (0, 2)


def test_nothing_is_acknowledged_when_the_sink_is_down() -> None:
    sink = MemorySink()
    sink.is_down = True

    reply = ask(post(body(event())), sink)

    assert reply.status == 503
    assert dict(reply.headers)["Retry-After"] == "10"
    assert dict(reply.headers)["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/events", "/"])
def test_what_a_service_of_aws_said_is_never_shown(path: str) -> None:
    words = "AccessDenied: arn:aws:sts::123456789012:assumed-role/shop is not authorized"

    class Denied(MemorySink):
        def commit(self, batch: EventBatch) -> None:
            raise QueueUnavailableError(words) from ValueError(words)

    payload = body(event()) if path == "/v1/events" else json.dumps(TEN_FIELDS).encode()
    reply = ask(post(payload, path), Denied())

    assert reply.status == 503
    assert b"send it again later" in reply.body
    assert b"123456789012" not in reply.body


def test_mistake_of_ours_is_logged_with_its_traceback_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reply = collector(BrokenSink()).handle(post(body(event())))

    assert reply.status == 500
    assert b"ZeroDivisionError" not in reply.body
    assert "ZeroDivisionError" in caplog.text
    assert dict(reply.headers)["Access-Control-Allow-Origin"] == ORIGIN


def test_gzip_body_is_read_as_octet_stream() -> None:
    sink = MemorySink()

    assert ask(post(gzip.compress(body(event())), headers=PACKED), sink).status == 202
    assert len(sink.events) == 1


def test_events_are_read_when_content_type_is_missing_or_carries_parameters() -> None:
    for content_type in ((), (("content-type", "application/json; charset=utf-8"),)):
        assert ask(post(body(event()), headers=(BROWSER[0], *content_type))).status == 202


def test_facts_come_from_the_server_not_from_the_client() -> None:
    sink = MemorySink()
    crawler = (*BROWSER[:2], ("user-agent", "Googlebot/2.1 " + "x" * 2000 + "\0\ud800"))

    ask(post(body(event()), headers=crawler), sink)
    ask(post(body(event()), headers=BROWSER[:2]), sink)

    first, second = map(json.loads, sink.events)
    assert first["user_agent"] == ("Googlebot/2.1 " + "x" * 2000)[:1024]
    assert (first["bot"], second["bot"], second["user_agent"]) == (True, False, None)
    assert (first["tz_min"], first["country"], first["region"], first["staff"]) == (540, None, None, False)


def test_errors_are_problem_json() -> None:
    reply = ask(Request("GET", "/nowhere"))

    assert reply.status == 404
    assert dict(reply.headers)["Content-Type"] == "application/problem+json"
    problem = answer(reply)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == 404


def test_get_says_what_it_said_in_2016() -> None:
    assert answer(ask(Request("GET", "/"))) == {"RESTful Server": "Success"}
    assert answer(ask(Request("GET", "/healthz"))) == {"status": "ok"}


def test_head_is_get_without_a_body() -> None:
    get, head = ask(Request("GET", "/")), ask(Request("HEAD", "/"))

    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


def test_decide_is_unknown_without_a_decider() -> None:
    assert ask(post(b"{}", "/v1/decide")).status == 404


def test_decide_hands_the_checked_body_to_the_decider() -> None:
    served = collector(decider=Decisions())
    payload = json.dumps({"token": TOKEN, "placement": "p"}).encode()

    from_page = served.handle(post(b"\xef\xbb\xbf" + payload, "/v1/decide"))
    from_server = served.handle(signed(payload, "/v1/decide"))

    heard = {"app": "shop", "payload": payload.decode(), "signed": False, "reason": "no_offer"}
    assert (from_page.status, answer(from_page)) == (200, heard)
    assert answer(from_server)["signed"] is True


@pytest.mark.parametrize(
    "payload, headers, status",
    [
        (b"{}", BROWSER, 400),
        (b"{", BROWSER, 400),
        (b'{"token": 5}', BROWSER, 400),
        (b'{"token": "nobody"}', BROWSER, 401),
        (b'{"token": "pk_blog_1"}', BROWSER, 403),
        (b'{"token": "pk_shop_1", "x": "bad"}', BROWSER, 400),
        (b'{"token": "pk_shop_1"}', (), 403),
        (b'{"token": "pk_shop_1"}', (BROWSER[0], ("content-type", "text/html")), 415),
        (b"x" * (1024 * 1024 + 1), BROWSER, 413),
        (b"[" * 100_000, BROWSER, 400),
        (b'{"token": "\xff"}', BROWSER, 400),
    ],
)
def test_decide_refuses_like_every_path(payload: bytes, headers: Headers, status: int) -> None:
    assert collector(decider=Decisions()).handle(post(payload, "/v1/decide", headers)).status == status


_headers = st.sampled_from(
    ["origin", "content-type", "content-encoding", "user-agent", "x-logdig-signature", "accept", "x"]
)


@given(
    method=st.sampled_from(METHODS) | st.text(max_size=8),
    path=st.sampled_from(PATHS) | st.text(max_size=12),
    query=st.text(max_size=30),
    headers=st.lists(st.tuples(_headers, st.text(max_size=40)), max_size=4),
    is_known=st.booleans(),
    payload=st.binary(max_size=200),
)
def test_any_request_never_fails(
    method: str, path: str, query: str, headers: list[tuple[str, str]], is_known: bool, payload: bytes
) -> None:
    request = Request(method, path, query, tuple(headers) + (BROWSER if is_known else ()), payload)

    reply = collector(decider=Decisions()).handle(request)

    assert reply.status < 500
    assert all(value.isascii() and "\n" not in value for _, value in reply.headers)
    is_page = ("Content-Type", "text/html; charset=utf-8") in reply.headers
    assert not reply.body or is_page or json.loads(reply.body)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(_json, max_size=3), st.dictionaries(st.sampled_from(sorted(event())), _json, max_size=4))
def test_every_event_is_counted_once(values: list[Any], changes: dict[str, Any]) -> None:
    sink = MemorySink()

    reply = ask(post(body(*values, event(**changes), event())), sink)

    assert reply.status == 202
    result = answer(reply)
    rejected = {fault["index"] for fault in result["rejected"]}
    assert result["accepted"] + result["duplicates"] + len(rejected) == len(values) + 2
    assert (len(sink.events), len(sink.rejected)) == (result["accepted"], len(rejected))
    assert all(line.isascii() and json.loads(line) for line in sink.events + sink.rejected)
