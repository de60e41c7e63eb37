"""Bodies made by mutation: never a 5xx, every event counted once, every stored line one that all readers take.

`make test` tries EXAMPLES; with LOGDIG_FULL=1 it goes on with new seeds for FULL_SECONDS.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from api.wsgi import create_app
from logdig.collect.http import Reply, Request
from logdig.config.settings import Settings
from tests.fakes.hostile import HOSTILE, ORIGINS, PACKED, TIMES
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, OWN_PARTS, TEN_FIELDS, body, collector, event, post

FULL = os.environ.get("LOGDIG_FULL") == "1"
FULL_SECONDS = float(os.environ.get("LOGDIG_FUZZ_SECONDS", "1200"))
EXAMPLES = 400
SEED = int(os.environ.get("LOGDIG_FUZZ_SEED") or time.time_ns() % 2**32)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
pieces = st.sampled_from(list(HOSTILE.values())) | values.map(lambda value: json.dumps(value).encode())
texts = st.text(max_size=60) | st.sampled_from([*TIMES.values(), *(one or "" for one in ORIGINS.values())])


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """A valid event with some fields replaced, taken away or added, as text of JSON."""
    made: dict[str, Any] = event(draw(st.sampled_from(sorted(OWN_PARTS))), event_id=draw(st.sampled_from(IDS)))
    for name in draw(st.lists(st.sampled_from(sorted(made)), max_size=3, unique=True)):
        inner = made[name]
        if isinstance(inner, dict) and draw(st.booleans()):
            made[name] = inner | {draw(st.sampled_from([*inner, "__proto__"])): draw(values | texts)}
        elif draw(st.booleans()):
            made[name] = draw(values | texts)
        else:
            del made[name]
    source = json.dumps(made).encode()
    if draw(st.integers(0, 3)) == 0:
        source = source.replace(b"110", draw(pieces), 1)
    return source


IDS = [f"fuzz-event-{number:010}" for number in range(4)]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request that is nearly right."""
    payload = body(*draw(st.lists(events() | pieces, max_size=4)), **draw(st.just({}) | st.just({"sent_at": None})))
    if draw(st.integers(0, 4)) == 0:
        place = draw(st.integers(0, len(payload)))
        payload = payload[:place] + draw(st.binary(max_size=4)) + payload[place + draw(st.integers(0, 3)) :]
    if draw(st.integers(0, 4)) == 0:
        fields = TEN_FIELDS | draw(st.dictionaries(st.sampled_from(sorted(TEN_FIELDS)), values | texts, max_size=3))
        return post(json.dumps(fields).encode(), "/")
    if draw(st.integers(0, 4)) == 0:
        packed = gzip.compress(payload, mtime=0)
        return post(packed[: draw(st.integers(0, len(packed)))] if draw(st.booleans()) else packed, headers=PACKED)
    return post(payload)


def by_flask(request: Request, sink: MemorySink) -> Reply:
    client = create_app(Settings(), collector=collector(sink)).test_client()
    answer = client.open(request.path, method="POST", headers=list(request.headers), data=request.body)
    return Reply(answer.status_code, tuple(answer.headers.items()), answer.data)


def check_answer(request: Request) -> None:
    """Hold one answer, and what was stored, against the rules."""
    sink = MemorySink()
    reply = by_flask(request, sink)
    answer = json.loads(reply.body)
    content_type = dict(reply.headers)["Content-Type"]

    assert reply.status in (200, 202, 400, 401, 403, 413)
    assert content_type == ("application/json" if reply.status < 300 or request.path == "/" else PROBLEM)
    if reply.status == 202:
        rejected = {fault["index"] for fault in answer["rejected"]}
        assert (answer["accepted"], len(rejected)) == (len(sink.events), len(sink.rejected))
    elif reply.status != 200:
        assert sink.batches == []
    for line in (*sink.events, *sink.rejected):
        assert line.isascii()
        assert b"\n" not in line
        assert msgspec.json.decode(line) == json.loads(line, parse_constant=fail)


PROBLEM = "application/problem+json"


def fail(word: str) -> None:
    raise AssertionError(f"a stored line holds {word}")


@pytest.mark.timeout(FULL_SECONDS + 600)
def test_any_body_has_a_defined_answer_and_leaves_only_good_lines() -> None:
    ends_at = time.monotonic() + (FULL_SECONDS if FULL else 0)
    number = SEED
    while True:
        print(f"LOGDIG_FUZZ_SEED={number}")

        @seed(number)
        @settings(max_examples=EXAMPLES, deadline=None, database=None)
        @given(requests())
        def check(request: Request) -> None:
            check_answer(request)

        check()
        number += 1
        if time.monotonic() >= ends_at:
            return


def test_origins_of_all_kinds_are_answered_not_failed() -> None:
    for origin in (*ORIGINS.values(), "https://\udcff", "https://" + "a." * 200 + "example", "https://xn--a.example"):
        headers = (("origin", origin), *BROWSER[1:]) if origin is not None else BROWSER[1:]
        assert collector().handle(post(body(), headers=headers)).status in (202, 403)
