"""Requests that every endpoint must answer alike: hostile inputs, refusals of the contract, and the everyday."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

from logdig.collect.collector import METHODS, PATHS
from logdig.collect.http import Headers, Request
from logdig.config.signatures import sign
from tests.fakes.tracked import (
    APP_ORIGIN,
    BROWSER,
    NOW,
    ORIGIN,
    SECRET,
    SLOW_TOKEN,
    TEN_FIELDS,
    TOKEN,
    body,
    event,
    post,
    signed,
    signed_event,
)

PACKED: Headers = (("origin", ORIGIN), ("content-type", "application/octet-stream"), ("content-encoding", "gzip"))
DEEP = b'{"token": "t", "events": [' + b"[" * 500 + b"]" * 500 + b"]}"
CLICK = event()
QUEUE_DOWN = "the-queue-is-down"
"""Text of events that the sink of `served.ParitySink` does not take."""


def uses_up(request: Request) -> Request | None:
    """Give the request that takes the only turn of its app, where this one is to be over the limit; else None."""
    return post(body(token=SLOW_TOKEN)) if SLOW_TOKEN.encode() in request.body else None


def cases() -> Iterator[tuple[str, Request]]:
    """Each case with its name."""
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
    yield "gzip twice", post(gzip.compress(gzip.compress(body(), mtime=0), mtime=0), headers=PACKED)
    yield "gzip of many members", post(gzip.compress(b"", mtime=0) * 1000, headers=PACKED)
    yield "gzip then junk", post(gzip.compress(body(), mtime=0) + b"junk", headers=PACKED)
    yield "byte order mark", post(b"\xef\xbb\xbf" + body(CLICK))
    yield "queue down", post(body(event(page_version=QUEUE_DOWN)))
    yield "queue down of 2016", post(json.dumps(TEN_FIELDS | {"link": QUEUE_DOWN}).encode(), "/")
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
    yield "rate", post(body(token=SLOW_TOKEN))
    yield "rate of 2016", post(json.dumps(TEN_FIELDS | {"token": SLOW_TOKEN}).encode(), "/")
    yield "tracker null", post(body(tracker=None))
    for name, value in PROXIED.items():
        yield f"proxied {name}", post(body(CLICK), headers=(*BROWSER, *value))
    yield "custom scheme", post(body(CLICK), headers=(("origin", APP_ORIGIN), *BROWSER[1:]))
    yield "newer tracker", post(body(event(after={"mutation_ms": 3, "newer": [1]}, event_id="f" * 20)))
    yield "newer element", post(body(event(element={"selector": "#a", "newer": 1}, event_id="f" * 20)))
    yield "person of a browser", post(body(event(bot=False, user_agent="x", event_id="g" * 20)))
    yield "person of a server", signed(body(signed_event("listen", bot=True, country="KR", event_id="h" * 20)))
    yield from legacy_cases()
    yield from time_cases()
    yield from signature_cases()
    yield "decide", post(json.dumps({"token": TOKEN}).encode(), "/v1/decide")
    yield "decide bad", post(json.dumps({"token": TOKEN, "x": "bad"}).encode(), "/v1/decide")


PROXIED: dict[str, Headers] = {
    "forwarded for": (("x-forwarded-for", "6.6.6.6, 198.51.100.9:80"),),
    "forwarded": (("forwarded", 'for="[2600:db8::17]:4711";proto=https, for=127.0.0.1'),),
    "junk": (("x-forwarded-for", '\\"[]:,;=%'), ("forwarded", 'for="\\')),
    "hidden": (("forwarded", "for=198.51.100.9, for=_hidden"),),
}
HOSTILE = {
    "NaN": b"NaN",
    "infinite": b"1e309",
    "surrogate": b'"\\ud800"',
    "nul": b'"a\\u0000"',
    "minus infinite": b"-Infinity",
    "2^53+1": b"9007199254740993",
    "2^64": b"18446744073709551616",
    "fraction": b"-0.5",
    "far": b"-10000000.5",
    "minus nothing": b"-0.0",
    "duplicate keys": b'1,"x":2',
    "5000 digits": b"9" * 5000,
    "deep": b"[[[[[[[1]]]]]]]",
    "as deep as can be read": b"[" * 253 + b"]" * 253,
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
    "a thousand deep": body(b"[" * 1000 + b"]" * 1000),
    "a lone event": json.dumps(CLICK).encode(),
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
    "slash": f"{ORIGIN}/",
    "user": "https://shop.example@evil.example",
    "empty": "",
    "no scheme": "shop.example",
    "unicode": "https://shop.example".replace("o", "\N{FULLWIDTH LATIN SMALL LETTER O}"),
}


def time_cases() -> Iterator[tuple[str, Request]]:
    for name, text in TIMES.items():
        yield f"time {name}", post(body(event(timestamp=text, event_id="e" * 20), event(), sent_at=None))
    for name, sent_at in SENT_AT.items():
        yield f"sent at {name}", post(body(event(event_id="e" * 20), sent_at=sent_at))


TIMES = {
    "of no zone": "2026-11-23T06:40:59",
    "numeric": "1795416059",
    "leap second": "2016-12-31T23:59:60Z",
    "30 days old": (NOW - timedelta(days=30) + timedelta(seconds=5)).isoformat(),
    "older": (NOW - timedelta(days=30, hours=1)).isoformat(),
    "far ahead": "9999-12-31T23:59:59Z",
    "no day": "2026-02-30T00:00:00Z",
    "year 0": "0000-01-01T00:00:00Z",
}
SENT_AT = {"years ago": "2001-01-01T00:00:00Z", "ahead": "2031-01-01T00:00:00Z", "no time": "x", "number": 5}


def signature_cases() -> Iterator[tuple[str, Request]]:
    payload = body(signed_event("listen", event_id="s" * 20))
    good = sign(SECRET, payload, NOW)
    old = sign(SECRET, payload, NOW - timedelta(seconds=400))
    ahead = sign(SECRET, payload, NOW + timedelta(seconds=400))
    headers = {"old": old, "ahead": ahead, "empty": "", "cut": good[:-1], "v2": good.replace("v1", "v2")}
    headers |= {"twice": f"{good}, {good}", "upper case": good.upper(), "other bytes": sign(SECRET, b"x", NOW)}
    for name, value in headers.items():
        yield f"signature {name}", post(payload, headers=(BROWSER[1], ("x-logdig-signature", value)))
    for name, origin in (("its origin", ORIGIN), ("another origin", "https://evil.example"), ("null origin", "null")):
        both = (("origin", origin), BROWSER[1], ("x-logdig-signature", good))
        yield f"signature with {name}", post(payload, headers=both)
    yield "signature wrong with its origin", post(payload, headers=(*BROWSER, ("x-logdig-signature", old)))
    packed = gzip.compress(payload, mtime=0)
    yield "signature over gzip", post(packed, headers=(*PACKED[1:], ("x-logdig-signature", sign(SECRET, packed, NOW))))
    yield "signature over what gzip holds", post(packed, headers=(*PACKED[1:], ("x-logdig-signature", good)))


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
