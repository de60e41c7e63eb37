"""The flush writes first, deletes after, and deletes only what it wrote."""

from __future__ import annotations

import json
from itertools import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.privacy.erasure_list import SALT_KEY, add_to_list
from logdig.privacy.person import Person
from logdig.queue.packs import EventBatch, pack
from logdig.store.keys import parse_key
from logdig.times import wire_time
from tests.fakes.flushed import FlushSetup, texts
from tests.fakes.queue import FakeQueue
from tests.faults.hooks import EndOfRunError, fails, well


def test_flush_erases_events_that_arrive_after_the_erasure() -> None:
    setup = FlushSetup()
    setup.send(texts(99))
    at = wire_time(setup.clock())
    event = {"received_at": at, "occurred_at": at, "app": "shop", "user_key": "u" * 20, "event_id": "e"}
    rejected = {"received_at": at, "bad_id": "b", "text": '{"user_key": "' + "u" * 20 + '", "cut'}
    line, text = (json.dumps(one, separators=(",", ":")).encode() for one in (event, rejected))
    for body in pack(EventBatch("shop", setup.clock(), (line,), (text,)), lambda: "p"):
        setup.queue.send(body)
    add_to_list(setup.store, Person("user_key", "u" * 20), setup.clock())

    report = setup.flush()

    assert (report.logs, report.rejected, report.errors) == (100, 1, [])
    assert b"u" * 20 not in b"".join(setup.store.lines("raw") + setup.store.lines("bad"))
    assert (len(setup.store.lines("raw")), len(setup.store.lines("bad"))) == (100, 1)


def test_flush_sets_an_unreadable_message_aside_at_once() -> None:
    setup = FlushSetup()
    setup.queue.send("no pack \u00e9")
    setup.send(["good"])

    report = setup.flush()

    (bad,) = (json.loads(line) for line in setup.store.lines("bad"))
    assert (report.poison, setup.links(), setup.queue.bodies) == (1, ["good"], [])
    assert bad["text"] == "no pack \u00e9"
    assert bad["errors"][0]["reason"].startswith("unreadable message: no pack")


@pytest.mark.parametrize("pack_time", ["2026-11-24T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize(
    "line", ['{"received_at":"2026-11-24"}', '{"received_at":"2026-11-24T12:00:00.000Z","x":"\u00e9"}']
)
def test_flush_goes_on_whatever_time_and_text_a_foreign_pack_names(pack_time: str, line: str) -> None:
    setup = FlushSetup()
    setup.queue.send(
        f'{{"v":1,"pack_id":"p","app":"shop","received_at":"{pack_time}","events":[{line}],"rejected":[]}}'
    )
    setup.send(["good"])

    report = setup.flush(force=True)

    assert (report.logs + report.poison, report.errors, setup.queue.bodies) == (2, [], [])
    assert "good" in [json.loads(line).get("link") for line in setup.store.lines("raw")]
    assert all(line.isascii() for line in setup.store.lines("raw"))


def test_flush_writes_nothing_when_the_salt_of_erasures_is_lost() -> None:
    setup = FlushSetup()
    add_to_list(setup.store, Person("user_key", "u" * 20), setup.clock())
    del setup.store.objects[SALT_KEY]
    setup.send(["one"])

    report = setup.flush(force=True)

    assert (report.objects, len(setup.queue.bodies)) == (0, 1)
    assert f"{SALT_KEY} is missing" in report.errors[0]


def test_flush_handles_a_redelivered_message_alone_after_its_neighbours() -> None:
    setup = FlushSetup()
    setup.send(["redelivered"])
    for _ in range(6):
        setup.queue.receive(0)
        setup.clock.advance(301)
    setup.send(texts(100))
    puts: list[int] = []
    setup.store.before = lambda operation, _key: operation == "put" and puts.append(setup.queue.steps.count("delete"))

    report = setup.flush()

    assert report.objects == 2
    # The neighbours were deleted before the redelivered message's object was tried.
    assert puts == [0, 1]


def test_flush_stores_rejected_events_in_their_own_zone() -> None:
    setup = FlushSetup()
    setup.send(texts(100), rejected=2)

    report = setup.flush()

    assert (report.logs, report.rejected) == (100, 20)
    assert len(setup.store.lines("bad")) == 20


def test_flush_deletes_by_the_latest_receipt_when_a_message_comes_twice() -> None:
    setup = FlushSetup()
    setup.queue = FakeQueue(setup.clock, visibility_seconds=0)
    setup.send(texts(99), events_a_pack=11)

    report = setup.flush(force=True)

    # Never hidden, the nine messages came with every receive until the limit of the run; each was kept once.
    assert report.received > 9
    assert setup.links() == texts(99)
    assert (report.logs, setup.queue.bodies) == (99, [])


NASTY = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('|\n\r"\u2028\u2029한글🎵,\\'), max_size=200)


@settings(deadline=None)
@given(st.lists(NASTY, min_size=1, max_size=60), st.integers(0, 2**32), st.integers(1, 7))
def test_flush_brings_any_text_through_unchanged(given_texts: list[str], seed: int, events_a_pack: int) -> None:
    setup = FlushSetup(seed)
    setup.send(given_texts, events_a_pack)

    setup.flush(force=True)

    assert setup.links() == sorted(given_texts)
    assert all(parse_key(key) for key in setup.store.objects)


@pytest.mark.parametrize(
    "day", ["2026-13-01", "2026-02-30", "0000-01-01", "20261-1-01", "2026-1-001", "\\u0032026-1-1"]
)
def test_flush_sets_a_message_aside_when_its_day_is_impossible(day: str) -> None:
    setup = FlushSetup()
    line = b'{"received_at":"' + day.encode() + b'T12:00:00.000Z","event_id":"e"}'
    (body,) = pack(EventBatch("shop", setup.clock(), (line,)), lambda: "p")
    setup.queue.send(body)
    setup.send(["good"])

    report = setup.flush(force=True)

    (bad,) = (json.loads(line) for line in setup.store.lines("bad"))
    assert (report.poison, report.errors, setup.links(), setup.queue.bodies) == (1, [], ["good"], [])
    assert "no day in" in bad["errors"][0]["reason"]


def test_flush_reads_no_second_redelivered_message_when_the_first_ends_the_run() -> None:
    setup = FlushSetup()
    setup.send(["redelivered one", "redelivered two"], events_a_pack=1)
    for _ in range(6):
        setup.queue.receive(0)
        setup.clock.advance(301)
    setup.store.before = fails(repeat(EndOfRunError()), "put")

    with pytest.raises(EndOfRunError):
        setup.flush()
    setup.store.before = well
    setup.clock.advance(301)
    setup.flush()

    assert setup.links() == ["redelivered one", "redelivered two"]
