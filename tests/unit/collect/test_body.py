"""Rules of a body's size, type and compression."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.collect.body import JSON_TYPES, MEMBERS_LIMIT, PAYLOAD_BYTES_LIMIT, check_size, check_type, inflate
from logdig.collect.http import RefusedError, Request
from logdig.errors import InputError


def request(*headers: tuple[str, str], body: bytes = b"") -> Request:
    return Request("POST", "/v1/events", headers=headers, body=body)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/plain",
        "Text/Plain; charset=UTF-8",
        "application/json;charset=utf-16",
        " text/plain ;",
        "",
    ],
)
@pytest.mark.parametrize("encoding", [None, "identity", " Identity "])
def test_type_is_plain_when_json_or_text(content_type: str, encoding: str | None) -> None:
    headers = [("content-type", content_type)] + ([("content-encoding", encoding)] if encoding else [])

    assert check_type(request(*headers), JSON_TYPES) is False


def test_type_is_plain_when_missing() -> None:
    assert check_type(request(), JSON_TYPES) is False


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip "])
def test_type_is_gzip_only_as_octet_stream(encoding: str) -> None:
    octets = ("content-type", "application/octet-stream; x=y")

    assert check_type(request(octets, ("content-encoding", encoding)), JSON_TYPES) is True


@pytest.mark.parametrize(
    "headers",
    [
        [("content-type", "text/html")],
        [("content-type", "application/x-www-form-urlencoded")],
        [("content-type", "multipart/form-data; boundary=x")],
        [("content-type", "application/jsonp")],
        [("content-type", "application/json, text/plain")],
        [("content-type", "application/json"), ("content-type", "text/plain")],
        [("content-type", "application/octet-stream")],
        [("content-type", "application/octet-stream"), ("content-encoding", "identity")],
        [("content-type", "application/json"), ("content-encoding", "gzip")],
        [("content-encoding", "gzip")],
        [("content-type", "application/octet-stream"), ("content-encoding", "gzip, gzip")],
        [("content-type", "application/octet-stream"), ("content-encoding", "gzip"), ("content-encoding", "gzip")],
        [("content-type", "application/octet-stream"), ("content-encoding", "br")],
        [("content-type", "application/json"), ("content-encoding", "deflate")],
    ],
)
def test_type_is_refused_when_nobody_reads_it(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(RefusedError) as refusal:
        check_type(request(*headers), JSON_TYPES)

    assert refusal.value.http_status == 415


@pytest.mark.parametrize("name", ["content-type", "content-encoding"])
def test_type_is_refused_in_the_same_words_however_a_door_joins_repeated_headers(name: str) -> None:
    words = set()
    for asked in (request((name, "br"), (name, "br")), request((name, "br,br")), request((name, "br, br"))):
        with pytest.raises(RefusedError) as refusal:
            check_type(asked, JSON_TYPES)
        words.add(refusal.value.message)

    assert len(words) == 1


def test_size_is_refused_past_one_mebibyte() -> None:
    check_size(request(body=b"x" * PAYLOAD_BYTES_LIMIT))

    with pytest.raises(RefusedError) as refusal:
        check_size(request(body=b"x" * (PAYLOAD_BYTES_LIMIT + 1)))

    assert refusal.value.http_status == 413


def test_gzip_is_unpacked_when_in_several_members() -> None:
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")) == b"one two"


def test_gzip_bomb_is_refused_without_unpacking_it() -> None:
    assert len(inflate(gzip.compress(b" " * PAYLOAD_BYTES_LIMIT))) == PAYLOAD_BYTES_LIMIT

    for bomb in (gzip.compress(b" " * (PAYLOAD_BYTES_LIMIT + 1)), gzip.compress(b" " * 20_000) * 60):
        with pytest.raises(RefusedError) as refusal:
            inflate(bomb)
        assert refusal.value.http_status == 413


def test_gzip_is_unreadable_when_in_more_members_than_anyone_needs() -> None:
    assert inflate(gzip.compress(b"x") * MEMBERS_LIMIT) == b"x" * MEMBERS_LIMIT

    with pytest.raises(InputError, match="more than 64 members") as refusal:
        inflate(gzip.compress(b"") * 50_000)

    assert refusal.value.http_status == 400


def test_gzip_may_be_padded_with_zeros() -> None:
    assert inflate(gzip.compress(b"one") + bytes(512) + gzip.compress(b"two") + bytes(3)) == b"onetwo"


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: gzip.compress(b"{}") + packed[:-1],
        lambda packed: packed[:-1],
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed[:-8] + b"\0" * 8,
        lambda packed: packed + b"junk",
        lambda packed: packed[3:],
        lambda packed: packed[:10] + b"\xff" * 20,
    ],
)
def test_gzip_is_unreadable_when_damaged(damage: object) -> None:
    assert callable(damage)

    with pytest.raises(InputError) as refusal:
        inflate(damage(gzip.compress(b'{"token": "t", "events": []}')))

    assert refusal.value.http_status == 400


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_unpack_or_are_unreadable(body: bytes, is_started: bool) -> None:
    started = gzip.compress(b"x")[:10] if is_started else b""
    try:
        assert len(inflate(started + body)) <= PAYLOAD_BYTES_LIMIT
    except InputError as err:
        status = err.http_status
    else:
        status = 400
    assert status in (400, 413)
