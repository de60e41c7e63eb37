"""When a run of the flush writes, how much, and when it stops."""

from __future__ import annotations

import pytest

from logdig.flush.flusher import FlushLimits
from tests.fakes.flushed import Road, texts


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


@pytest.mark.parametrize(("logs", "objects"), [(89, 0), (90, 2)])
def test_flush_counts_rejected_events_towards_the_least_that_it_writes(logs: int, objects: int) -> None:
    road = Road()
    road.send(texts(logs), events_a_pack=9, rejected=1)

    report = road.flush()

    assert (report.logs + report.rejected, report.objects) == (logs + 10, objects)


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


def test_flush_with_concurrent_receivers_stores_everything_once() -> None:
    road = Road()
    road.send(texts(2000), events_a_pack=3)

    report = road.flush(limits=FlushLimits(wait_seconds=0, receivers=4))

    assert road.links() == texts(2000)
    assert report.errors == []
