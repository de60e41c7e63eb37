"""Who may write: origins, signatures and tokens, and the order in which they are looked at."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest

from logdig.collect.http import Headers, Request
from tests.fakes.asked import PACKED, answer, ask
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import NOW, ORIGIN, body, event, post, signed, signed_event


def test_signed_sender_may_send_the_least_and_of_any_age() -> None:
    sink = MemorySink()
    old = signed_event("listen", timestamp="2014-12-18T08:15:16+09:00")

    reply = ask(signed(body(old)), sink)

    assert answer(reply) == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert json.loads(sink.events[0])["link"] is None


def test_signed_gzip_is_signed_over_the_bytes_on_the_wire() -> None:
    packed = signed(gzip.compress(body(signed_event("page"))))
    headers = (*PACKED[1:], packed.headers[1])

    assert ask(Request("POST", "/v1/events", "", headers, packed.body)).status == 202


@pytest.mark.parametrize(
    "headers, status",
    [
        ((("origin", ORIGIN),), 202),
        ((("origin", "HTTPS://SHOP.example:443"),), 202),
        ((("origin", "https://blog.example"),), 403),
        ((("origin", "https://shop.example.evil.example"),), 403),
        ((("origin", "null"),), 403),
        ((("origin", ""),), 403),
        ((("origin", "https://shop.example."),), 403),
        ((("origin", ORIGIN), ("origin", ORIGIN)), 403),
        ((("origin", f"{ORIGIN}, {ORIGIN}"),), 403),
        ((), 403),
        ((("x-logdig-signature", "t=1,v1=00"),), 401),
        ((("x-logdig-signature", "t=1,v1=00"), ("origin", ORIGIN)), 401),
    ],
)
def test_data_is_refused_when_nobody_known_sends_it(headers: Headers, status: int) -> None:
    sink = MemorySink()

    reply = ask(post(body(event()), headers=headers), sink)

    assert reply.status == status
    assert len(sink.batches) == (status == 202)


def test_signature_and_origin_must_both_pass_when_both_are_there() -> None:
    both = signed(body(event()))
    for origin, status in ((ORIGIN, 202), ("https://blog.example", 403), ("https://evil.example", 403)):
        headers = (*both.headers, ("origin", origin))
        assert ask(Request("POST", "/v1/events", "", headers, both.body)).status == status


@pytest.mark.parametrize(
    "request_, status",
    [
        (signed(body(event()), secret=b"other"), 401),
        (signed(body(event()), at=NOW - timedelta(minutes=6)), 401),
        (signed(body(event(), token="pk_blog_1")), 401),
        (signed(body(event(), token="nobody")), 401),
        (post(body(event(), token="nobody")), 401),
        (post(body(event(), token="\ud800")), 400),
        (post(body(event(), token="")), 401),
    ],
)
def test_token_and_signature_must_be_of_one_app(request_: Request, status: int) -> None:
    assert ask(request_).status == status


def test_checks_come_in_the_order_of_the_contract() -> None:
    huge, odd, broken = b"x" * (1024 * 1024 + 1), ("content-type", "text/html"), b"{"
    evil, mine = ("origin", "https://evil.example"), ("origin", ORIGIN)

    assert ask(Request("PUT", "/v1/events", "", (odd, evil), huge)).status == 405
    assert ask(post(huge, headers=(odd, evil))).status == 413
    assert ask(post(broken, headers=(odd, evil))).status == 415
    assert ask(post(broken, headers=(evil, ("x-logdig-signature", "x")))).status == 401
    assert ask(post(broken, headers=(evil,))).status == 403
    assert ask(post(b"damaged", headers=PACKED)).status == 400
    assert ask(post(body(*[b"1"] * 501, token="nobody"), headers=(mine,))).status == 413
    assert ask(post(body(odd=1, token="nobody"), headers=(mine,))).status == 400
    assert ask(post(body(token="nobody"), headers=(mine,))).status == 401
    assert ask(post(body(token="pk_blog_1"), headers=(mine,))).status == 403
