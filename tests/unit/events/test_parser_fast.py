"""A request that is read at once gives what reading its events one by one gives, or is read one by one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import InputError
from logdig.events.envelope import read_envelope
from logdig.events.parser import EVENT_BYTES_LIMIT, AcceptanceRules, Reading, read_at_once, read_events
from tests.fakes.hostile import cases, time_cases
from tests.fakes.tracked import NOW, body, event

KINDS = ("page", "click", "submit", "scroll", "move", "listen", "ad", "custom", "identify")


def one_by_one(payload: bytes) -> tuple[object, Reading]:
    envelope = read_envelope(payload)
    reading = read_events(envelope.sources, AcceptanceRules(NOW, envelope.sent_at, signed=False))
    return msgspec.structs.replace(envelope, sources=()), reading


def agrees(payload: bytes) -> bool:
    """Compare the two readings; tell whether it was read at once."""
    at_once = read_at_once(payload, NOW)
    if at_once is None:
        return False
    assert at_once == one_by_one(payload)
    return True


def test_good_request_is_read_at_once_with_all_its_kinds_and_duplicates() -> None:
    events = [event(kind, event_id=f"event-of-kind-{kind:0>9}") for kind in KINDS]

    assert agrees(body(*events, events[0]))
    assert agrees(body())
    assert agrees(body(events[0], sent_at=None))


def test_request_is_read_one_by_one_when_anything_needs_a_closer_look() -> None:
    odd = [
        body(event(), 1),
        body(event(extra=1)),
        body(event(event_id="short")),
        body(event(link="a\u0000b")),
        body(event(timestamp=(NOW - timedelta(days=31)).isoformat())),
        body(event(timestamp="2026-13-01T00:00:00Z")),
        body(event(), dropped={"full": 1}),
        body(event(), sent_at="2026-02-30T00:00:00Z"),
        body(*[event()] * (EVENT_BYTES_LIMIT // len(json.dumps(event())) + 1)),
        body(*[{}] * 501),
        body(event())[:-1],
        b"\xef\xbb\xbf" + body(event()),
    ]

    assert [read_at_once(payload, NOW) for payload in odd] == [None] * len(odd)


def test_every_hostile_request_is_read_the_same_way() -> None:
    payloads = [request.body for _, request in (*cases(), *time_cases())]

    read = [payload for payload in payloads if agrees(payload)]

    assert len(read) > 5
    assert len(read) < len(payloads)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(KINDS),
    changes=st.dictionaries(st.sampled_from(sorted(event())), _json, max_size=2),
    envelope=st.dictionaries(
        st.sampled_from(["sent_at", "tz_min", "tracker", "dropped", "token", "odd"]), _json, max_size=1
    ),
)
def test_any_request_is_read_the_same_way(kind: str, changes: dict[str, Any], envelope: dict[str, Any]) -> None:
    agrees(body(event(kind, **changes), event(), **envelope))


@given(st.binary(max_size=60), st.integers(0, 2000))
def test_damaged_request_is_read_the_same_way(damage: bytes, place: int) -> None:
    payload = body(event(), event("page"))
    damaged = payload[: place % len(payload)] + damage + payload[place % len(payload) + len(damage) :]
    try:
        one_by_one(damaged)
    except InputError:
        assert read_at_once(damaged, NOW) is None
    else:
        agrees(damaged)
