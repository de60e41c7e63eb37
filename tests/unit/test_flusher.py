"""The flush writes first, deletes after, and deletes only what it wrote."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.erasures import remember
from logdig.errors import QueueUnavailableError, StoreUnavailableError
from logdig.flusher import FlushLimits, FlushReport, flush
from logdig.keys import parse_key
from logdig.packing import Batch, pack
from logdig.people import Person
from logdig.times import wire_time
from tests.fakes.queue import FakeClock, FakeQueue
from tests.fakes.store import FakeStore

LIMITS = FlushLimits(wait_seconds=0, receivers=1)
numbers = count()


class Road:
    """A queue, a store and a clock, and the flush between them."""

    def __init__(self, seed: int = 0) -> None:
        self.clock = FakeClock()
        self.queue = FakeQueue(self.clock, Random(seed))
        self.store = FakeStore()

    def send(self, texts: list[str], events_a_pack: int = 10, rejected: int = 0) -> None:
        for start in range(0, len(texts), events_a_pack):
            lines = tuple(self.line(text) for text in texts[start : start + events_a_pack])
            bad = tuple(self.line("bad") for _ in range(rejected))
            for body in pack(Batch("shop", self.clock(), lines, bad), lambda: f"p{next(numbers)}"):
                self.queue.send(body)

    def line(self, text: str) -> bytes:
        event = {"received_at": wire_time(self.clock()), "event_id": f"e{next(numbers)}", "link": text}
        return json.dumps(event, separators=(",", ":")).encode("ascii")

    def flush(self, *, limits: FlushLimits = LIMITS, force: bool = False, seconds: float = 240) -> FlushReport:
        deadline = self.clock() + timedelta(seconds=seconds)
        return flush(self.queue, self.store, limits, self.clock, deadline=deadline, force=force)

    def links(self) -> list[str]:
        return sorted(json.loads(line)["link"] for line in self.store.lines("raw"))


def texts(number: int) -> list[str]:
    return [f"text {index:04}" for index in range(number)]


@pytest.mark.parametrize("number", [100, 101, 109, 257, 1003])
def test_flush_ends_and_stores_all_when_number_is_no_multiple_of_ten(number: int) -> None:
    road = Road()
    road.send(texts(number), events_a_pack=1)

    report = road.flush()

    assert road.links() == texts(number)
    assert (report.logs, report.deleted, report.errors) == (number, number, [])
    assert road.queue.bodies == []


def test_flush_deletes_ten_messages_a_call() -> None:
    road = Road()
    road.send(texts(1000), events_a_pack=1)

    road.flush()

    assert road.queue.steps.count("delete") == 100


def test_flush_gives_messages_back_when_logs_are_few_and_young() -> None:
    road = Road()
    road.send(texts(99))

    report = road.flush()

    assert (report.objects, report.released, report.errors) == (0, 10, [])
    assert len(road.queue.receive(0)) == 10


@pytest.mark.parametrize(("age", "objects"), [(239, 0), (240, 1)])
def test_flush_writes_a_lone_log_when_it_would_grow_too_old(age: int, objects: int) -> None:
    road = Road()
    road.send(["alone"])
    road.clock.advance(age)

    report = road.flush()

    assert report.objects == objects


def test_flush_writes_a_lone_log_when_forced() -> None:
    road = Road()
    road.send(["alone"])

    assert road.flush(force=True).objects == 1


def test_flush_never_sends_a_message_to_the_dlq_when_it_runs_often_on_a_quiet_site() -> None:
    road = Road()
    road.send(["alone"])

    for _ in range(120):
        road.flush()
        road.clock.advance(5)

    assert road.queue.dead == []
    assert road.links() == ["alone"]


def test_flush_goes_on_when_single_receives_are_empty_or_thin() -> None:
    road = Road()
    road.send(texts(200), events_a_pack=1)
    road.queue.empty_receives = 1

    assert road.flush().logs == 200


def test_flush_stops_when_a_trickle_never_ends() -> None:
    road = Road()

    def one_more(operation: str) -> None:
        if operation == "receive":
            road.queue.before = lambda _operation: None
            road.send(["more"])
            road.queue.before = one_more

    road.queue.before = one_more

    report = road.flush()

    assert (report.stopped, road.queue.steps.count("receive")) == ("thin", 5)


def test_flush_keeps_messages_and_fails_when_store_is_down() -> None:
    road = Road()
    road.send(texts(500))

    def down(operation: str, _key: str) -> None:
        if operation == "put":
            raise StoreUnavailableError("S3 is down")

    road.store.before = down
    report = road.flush()
    road.store.before = lambda _operation, _key: None
    again = road.flush()

    assert (report.errors, report.deleted, report.released) == (["S3 is down"], 0, 50)
    assert (again.errors, road.links()) == ([], texts(500))


def test_flush_takes_no_message_when_it_cannot_learn_who_was_forgotten() -> None:
    road = Road()
    road.send(texts(500))

    def down(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("S3 is down")

    road.store.before = down
    report = road.flush()

    assert (report.errors, report.received, report.stopped) == (["S3 is down"], 0, "error")


def test_flush_erases_who_was_forgotten_while_events_were_under_way() -> None:
    road = Road()
    road.send(texts(99))
    at = wire_time(road.clock())
    event = {"received_at": at, "occurred_at": at, "app": "shop", "user_key": "u" * 20, "event_id": "e"}
    rejected = {"received_at": at, "bad_id": "b", "text": '{"user_key": "' + "u" * 20 + '", "cut'}
    line, text = (json.dumps(one, separators=(",", ":")).encode() for one in (event, rejected))
    for body in pack(Batch("shop", road.clock(), (line,), (text,)), lambda: "p"):
        road.queue.send(body)
    remember(road.store, Person("user_key", "u" * 20), road.clock())

    report = road.flush()

    assert (report.logs, report.rejected, report.errors) == (100, 1, [])
    assert b"u" * 20 not in b"".join(road.store.lines("raw") + road.store.lines("bad"))
    assert (len(road.store.lines("raw")), len(road.store.lines("bad"))) == (100, 1)


def test_flush_sends_nothing_to_the_dlq_when_store_is_down_for_an_hour() -> None:
    road = Road()
    road.send(texts(500))

    def down(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("S3 is down")

    road.store.before = down
    for _ in range(12):
        road.flush()
        road.clock.advance(300)
    road.store.before = lambda _operation, _key: None
    road.flush()

    assert road.queue.dead == []
    assert road.links() == texts(500)


def test_flush_writes_the_same_object_when_the_put_timed_out_after_its_effect() -> None:
    road = Road()
    road.send(texts(300))

    def timed_out(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("timed out")

    road.store.after = timed_out
    road.flush()
    road.store.after = lambda _operation, _key: None
    report = road.flush()

    assert (report.already_there, len(road.store.objects)) == (1, 1)
    assert road.links() == texts(300)


def test_flush_tries_again_only_those_deletes_that_failed() -> None:
    road = Road()
    road.send(texts(300), events_a_pack=30)
    failing = [[2, 5], [1], []]
    road.queue.fail_entries = lambda operation, _size: failing.pop(0) if operation == "delete" else ()

    report = road.flush()

    assert (report.deleted, report.errors, road.queue.bodies) == (10, [], [])


def test_flush_fails_and_names_the_rest_when_deletes_keep_failing() -> None:
    road = Road()
    road.send(texts(100))
    road.queue.fail_entries = lambda operation, _size: [0] if operation == "delete" else ()

    report = road.flush()

    assert (report.left, report.deleted) == (1, 9)
    assert report.errors == ["1 written messages could not be deleted"]


def test_flush_writes_what_it_has_and_fails_when_receiving_breaks_off() -> None:
    road = Road()
    road.send(texts(300))

    def broken(operation: str) -> None:
        if operation == "receive" and road.queue.steps.count("receive") == 1:
            raise QueueUnavailableError("SQS is down")

    road.queue.before = broken
    report = road.flush()

    assert (report.logs, report.deleted, report.errors) == (100, 10, ["SQS is down"])


def test_flush_sets_an_unreadable_message_aside_at_once() -> None:
    road = Road()
    road.queue.send("no pack \u00e9")
    road.send(["good"])

    report = road.flush()

    (bad,) = (json.loads(line) for line in road.store.lines("bad"))
    assert (report.poison, road.links(), road.queue.bodies) == (1, ["good"], [])
    assert bad["text"] == "no pack \u00e9"
    assert bad["errors"][0]["reason"].startswith("unreadable message: no pack")


def test_flush_handles_a_suspect_alone_after_its_neighbours() -> None:
    road = Road()
    road.send(["suspect"])
    for _ in range(6):
        road.queue.receive(0)
        road.clock.advance(301)
    road.send(texts(100))
    puts: list[int] = []
    road.store.before = lambda operation, _key: operation == "put" and puts.append(road.queue.steps.count("delete"))

    report = road.flush()

    assert report.objects == 2
    # The neighbours were deleted before the suspect's object was tried.
    assert puts == [0, 1]


def test_flush_stores_rejected_events_in_their_own_zone() -> None:
    road = Road()
    road.send(texts(100), rejected=2)

    report = road.flush()

    assert (report.logs, report.rejected) == (100, 20)
    assert len(road.store.lines("bad")) == 20


def test_flush_keeps_the_key_when_it_is_repeated_after_midnight() -> None:
    road = Road()
    road.clock.now = datetime(2026, 11, 24, 23, 59, 50, tzinfo=UTC)
    road.send(texts(100))

    def timed_out(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("timed out")

    road.store.after = timed_out
    road.flush()
    road.clock.advance(60)
    road.store.after = lambda _operation, _key: None
    report = road.flush()

    assert report.already_there == 1
    assert {parse_key(key).day.isoformat() for key in road.store.objects} == {"2026-11-24"}


def test_flush_splits_objects_by_size_and_holds_little() -> None:
    road = Road()
    road.send(["x" * 900] * 400, events_a_pack=40)
    limits = FlushLimits(wait_seconds=0, receivers=1, object_bytes=100_000, open_bytes=150_000)

    report = road.flush(limits=limits)

    assert report.objects >= 4
    assert len(road.links()) == 400


def test_flush_stops_before_its_deadline() -> None:
    road = Road()
    road.send(texts(1000), events_a_pack=1)
    road.queue.before = lambda operation: road.clock.advance(1) if operation == "receive" else None

    report = road.flush(seconds=60)

    assert report.stopped == "deadline"
    assert report.logs == 200
    assert (report.errors, len(road.queue.bodies)) == ([], 800)


def test_flush_deletes_by_the_latest_receipt_when_a_message_comes_twice() -> None:
    road = Road()
    road.queue = FakeQueue(road.clock, visibility_seconds=0)
    road.send(texts(99), events_a_pack=11)

    report = road.flush(force=True)

    # Never hidden, the nine messages came with every receive until the limit of the run; each was kept once.
    assert report.received > 9
    assert road.links() == texts(99)
    assert (report.logs, road.queue.bodies) == (99, [])


NASTY = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('|\n\r"\u2028\u2029한글🎵,\\'), max_size=200)


@settings(deadline=None)
@given(st.lists(NASTY, min_size=1, max_size=60), st.integers(0, 2**32), st.integers(1, 7))
def test_flush_brings_any_text_through_unchanged(given_texts: list[str], seed: int, events_a_pack: int) -> None:
    road = Road(seed)
    road.send(given_texts, events_a_pack)

    road.flush(force=True)

    assert road.links() == sorted(given_texts)
    assert all(parse_key(key) for key in road.store.objects)


def test_flush_with_concurrent_receivers_stores_everything_once() -> None:
    road = Road()
    road.send(texts(2000), events_a_pack=3)

    report = road.flush(limits=FlushLimits(wait_seconds=0, receivers=4))

    assert road.links() == texts(2000)
    assert report.errors == []
