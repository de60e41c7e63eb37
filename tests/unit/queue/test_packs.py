"""Packs hold what they were given, in order, within the limit of bytes."""

import json
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import PoisonMessageError
from logdig.queue.packs import PACK_LIMIT_BYTES, EventBatch, pack, read_pack

ARRIVAL = datetime(2026, 11, 24, 12, tzinfo=UTC)


def line(text: str) -> bytes:
    return json.dumps({"received_at": "2026-11-24T12:00:00.000Z", "link": text}, separators=(",", ":")).encode("ascii")


def ids() -> object:
    numbers = count()
    return lambda: f"pack-{next(numbers)}"


@given(st.lists(st.text(max_size=9000), max_size=40), st.lists(st.text(max_size=9000), max_size=40))
def test_packs_hold_every_line_in_order_within_the_limit(events: list[str], rejected: list[str]) -> None:
    batch = EventBatch("shop", ARRIVAL, tuple(map(line, events)), tuple(map(line, rejected)))

    packs = pack(batch, ids())

    read = [read_pack(body, "m1") for body in packs]
    assert all(body.isascii() and len(body) <= PACK_LIMIT_BYTES for body in packs)
    assert [json.loads(line)["link"] for content in read for line in content.event_lines()] == events
    assert [json.loads(line)["link"] for content in read for line in content.rejected_lines()] == rejected
    assert len({content.pack_id for content in read}) == len(packs)


def test_pack_is_cut_exactly_at_its_limit() -> None:
    empty = len(pack(EventBatch("shop", ARRIVAL, (line(""),)), ids())[0])
    fitting = line("a" * (PACK_LIMIT_BYTES - empty - len(line("")) - 2))

    both = pack(EventBatch("shop", ARRIVAL, (line(""), fitting)), ids())
    one_more = pack(EventBatch("shop", ARRIVAL, (line(""), fitting[:-2] + b'aa"}')), ids())

    assert (len(both), len(one_more)) == (1, 2)


def test_pack_makes_no_message_when_batch_is_empty() -> None:
    assert pack(EventBatch("shop", ARRIVAL), ids()) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "[" * 100_000,
        '{"v":2,"pack_id":"p","app":"a","received_at":"2026-11-24T12:00:00Z","events":[],"rejected":[]}',
        '{"v":1,"pack_id":"p\\"","app":"a","received_at":"2026-11-24T12:00:00Z","events":[],"rejected":[]}',
        '{"v":1,"pack_id":"p","app":"a","received_at":"2026-11-24T12:00:00Z","events":[{"x":1}],"rejected":[]}',
        '{"v":1,"pack_id":"p","app":"a","received_at":"2026-11-24T12:00:00Z","events":[{"received_at":"../../x"}],'
        '"rejected":[]}',
        '{"v":1,"pack_id":"p","app":"a","received_at":"2026-11-24T12:00:00Z","events":['
        '{"received_at":"2026-11-24T12:00:00.000Z",\n"a":1}],"rejected":[]}',
    ],
)
def test_reading_calls_a_message_poison_when_it_is_no_pack(body: str) -> None:
    with pytest.raises(PoisonMessageError):
        read_pack(body, "m1")
