"""Rules of the envelope: the fields around events are exact, and only broken syntax harms all events."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import InputError
from logdig.events.envelope import TooManyEventsError, read_envelope
from logdig.events.lenient_json import UnreadableError, nesting, parse_text, split_body
from tests.fakes.tracked import TOKEN, body, event


def encoded(**envelope: Any) -> bytes:
    return json.dumps({"token": TOKEN, "events": []} | envelope).encode()


def test_envelope_is_read_when_whole() -> None:
    envelope = read_envelope(body(event(), tracker="1.0.0", dropped={"full": 3, "expired": 0}))

    assert envelope.token == TOKEN
    assert envelope.sent_at == datetime(2026, 11, 23, 6, 41, 0, 120_000, UTC)
    assert envelope.tz_min == 540
    assert envelope.dropped == {"full": 3, "expired": 0}
    assert len(envelope.sources) == 1


def test_envelope_is_read_when_only_token_and_events_are_there() -> None:
    envelope = read_envelope(encoded())

    assert (envelope.sent_at, envelope.tz_min, envelope.dropped, envelope.sources) == (None, None, {}, ())
    assert read_envelope(encoded(sent_at=None)).sent_at is None


@pytest.mark.parametrize(
    "field, value",
    [
        ("token", None),
        ("token", 5),
        ("events", None),
        ("events", {}),
        ("sent_at", "yesterday"),
        ("sent_at", 1763880000),
        ("sent_at", "2026-02-30T00:00:00Z"),
        ("tz_min", None),
        ("tz_min", 841),
        ("tz_min", -721),
        ("tz_min", 1.5),
        ("tracker", 1),
        ("tracker", "x" * 65),
        ("tracker", "a\u0000"),
        ("dropped", {"full": -1}),
        ("dropped", [1]),
        ("unknown", 1),
        ("\ud800", 1),
    ],
)
def test_envelope_is_refused_by_name_when_a_field_is_wrong(field: str, value: Any) -> None:
    with pytest.raises(InputError) as refusal:
        read_envelope(encoded(**{field: value}))

    assert refusal.value.http_status == 400
    assert refusal.value.message.startswith(field.encode("utf-8", "backslashreplace").decode())


@pytest.mark.parametrize("field", ["token", "events"])
def test_envelope_is_refused_when_a_required_field_is_missing(field: str) -> None:
    value = json.loads(encoded())
    del value[field]

    with pytest.raises(InputError, match=f"{field} is required"):
        read_envelope(json.dumps(value).encode())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"{",
        b"[]",
        b"null",
        b"5",
        b"\xff",
        b'{"token": "t", "events": []',
        b'{"token": "t", "events": [1,]}',
        b'{"token": "t", "events": [],}',
        b'{"token": "t" "events": []}',
        b'{"token": "t", "events": []} x',
        b'{"token": "t", "events": [{"a": "line\nbreak"}]}',
        b'{"token": "t", "events": [{"a": "\\x"}]}',
        b'{token: "t", "events": []}',
        b'{5: "t", "events": []}',
        encoded().decode().encode("utf-16"),
        encoded().decode().encode("utf-16-le"),
        b"[" * 100_000,
        b'{"token": "t", "events": [NaN' + b"[" * 1000 + b"]" * 1000 + b"]}",
        b'{"a":' * 50_000,
        b'"' + b'\\"' * 100_000,
    ],
)
def test_body_is_refused_when_syntax_is_broken(payload: bytes) -> None:
    with pytest.raises(InputError) as refusal:
        read_envelope(payload)

    assert refusal.value.http_status == 400


def test_byte_order_mark_is_skipped() -> None:
    assert read_envelope(b"\xef\xbb\xbf" + encoded()).token == TOKEN


@pytest.mark.parametrize("item", [b"1", b"NaN"])
def test_body_is_too_large_when_it_has_more_than_500_events(item: bytes) -> None:
    assert len(read_envelope(body(*[item] * 500)).sources) == 500

    with pytest.raises(TooManyEventsError) as refusal:
        read_envelope(body(*[item] * 501))

    assert refusal.value.http_status == 413


def test_last_of_duplicate_keys_counts() -> None:
    payload = b'{"token": 5, "events": [NaN, 1], "events": [NaN], "token": "t"}'

    envelope = read_envelope(payload)

    assert (envelope.token, envelope.sources) == ("t", (b"NaN",))


def test_sources_come_back_byte_by_byte_when_read_patiently() -> None:
    odd = b'{ "a" : NaN, "b":"\xff\xed\xa0\x80" }'

    envelope = read_envelope(body(b" 1 ", odd, b'"\xed\x95\x9c"'))

    assert envelope.sources == (b"1", odd, b'"\xed\x95\x9c"')


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6) | st.just("events"), _json, max_size=5), st.sampled_from([None, 1]))
def test_patient_reading_equals_the_standard_parser(value: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(value, indent=indent)

    whole = parse_text(text)
    split, sources = split_body(text, 1000)

    assert whole == value
    assert isinstance(split, dict)
    if isinstance(value.get("events"), list):
        assert [json.loads(source) for source in sources] == value["events"]
        split["events"] = value["events"]
    assert split == value


@given(_json)
def test_nesting_counts_like_a_walk_over_the_value(value: Any) -> None:
    def walk(item: Any) -> int:
        inner = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else None
        return 0 if inner is None else 1 + max(map(walk, inner), default=0)

    assert nesting(json.dumps(value)) == walk(value)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_envelope_or_an_input_error(payload: bytes) -> None:
    for tried in (
        payload,
        b'{"token": "t", "events": [' + payload + b"]}",
        b'{"token": "' + payload + b'", "events": []}',
    ):
        with suppress(InputError):
            read_envelope(tried)


def test_long_integers_are_read_without_their_cost() -> None:
    assert parse_text("-" + "9" * 1_000_000) == -int("9" * 19)
    with pytest.raises(UnreadableError):
        parse_text("01")


def test_body_of_too_many_names_is_left_unread() -> None:
    many = b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}"

    with pytest.raises(UnreadableError, match="more than 100 fields, at last '100'"):
        read_envelope(many)
