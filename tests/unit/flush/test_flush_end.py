"""When a run of the flush writes, how much, and when it stops."""

from __future__ import annotations

import pytest

from logdig.flush.flusher import FlushLimits
from tests.fakes.flushed import FlushSetup, texts


@pytest.mark.parametrize("number", [100, 101, 109, 257, 1003])
def test_flush_ends_and_stores_all_when_number_is_no_multiple_of_ten(number: int) -> None:
    setup = FlushSetup()
    setup.send(texts(number), events_a_pack=1)

    report = setup.flush()

    assert setup.links() == texts(number)
    assert (report.logs, report.deleted, report.errors) == (number, number, [])
    assert setup.queue.bodies == []


def test_flush_deletes_ten_messages_a_call() -> None:
    setup = FlushSetup()
    setup.send(texts(1000), events_a_pack=1)

    setup.flush()

    assert setup.queue.steps.count("delete") == 100


def test_flush_gives_messages_back_when_logs_are_few_and_young() -> None:
    setup = FlushSetup()
    setup.send(texts(99))

    report = setup.flush()

    assert (report.objects, report.released, report.errors) == (0, 10, [])
    assert len(setup.queue.receive(0)) == 10


@pytest.mark.parametrize(("logs", "objects"), [(89, 0), (90, 2)])
def test_flush_counts_rejected_events_towards_the_least_that_it_writes(logs: int, objects: int) -> None:
    setup = FlushSetup()
    setup.send(texts(logs), events_a_pack=9, rejected=1)

    report = setup.flush()

    assert (report.logs + report.rejected, report.objects) == (logs + 10, objects)


@pytest.mark.parametrize(("age", "objects"), [(239, 0), (240, 1)])
def test_flush_writes_a_lone_log_when_it_would_grow_too_old(age: int, objects: int) -> None:
    setup = FlushSetup()
    setup.send(["alone"])
    setup.clock.advance(age)

    report = setup.flush()

    assert report.objects == objects


def test_flush_writes_a_lone_log_when_forced() -> None:
    setup = FlushSetup()
    setup.send(["alone"])

    assert setup.flush(force=True).objects == 1


def test_flush_never_sends_a_message_to_the_dlq_when_it_runs_often_on_a_quiet_site() -> None:
    setup = FlushSetup()
    setup.send(["alone"])

    for _ in range(120):
        setup.flush()
        setup.clock.advance(5)

    assert setup.queue.dead == []
    assert setup.links() == ["alone"]


def test_flush_goes_on_when_single_receives_are_empty_or_thin() -> None:
    setup = FlushSetup()
    setup.send(texts(200), events_a_pack=1)
    setup.queue.empty_receives = 1

    assert setup.flush().logs == 200


def test_flush_stops_when_a_trickle_never_ends() -> None:
    setup = FlushSetup()

    def one_more(operation: str) -> None:
        if operation == "receive":
            setup.queue.before = lambda _operation: None
            setup.send(["more"])
            setup.queue.before = one_more

    setup.queue.before = one_more

    report = setup.flush()

    assert (report.stopped, setup.queue.steps.count("receive")) == ("thin", 5)


def test_flush_splits_objects_by_size_and_holds_little() -> None:
    setup = FlushSetup()
    setup.send(["x" * 900] * 400, events_a_pack=40)
    limits = FlushLimits(wait_seconds=0, receivers=1, object_bytes=100_000, open_bytes=150_000)

    report = setup.flush(limits=limits)

    assert report.objects >= 4
    assert len(setup.links()) == 400


def test_flush_stops_before_its_deadline() -> None:
    setup = FlushSetup()
    setup.send(texts(1000), events_a_pack=1)
    setup.queue.before = lambda operation: setup.clock.advance(1) if operation == "receive" else None

    report = setup.flush(seconds=60)

    assert report.stopped == "deadline"
    assert report.logs == 200
    assert (report.errors, len(setup.queue.bodies)) == ([], 800)


def test_flush_with_concurrent_receivers_stores_everything_once() -> None:
    setup = FlushSetup()
    setup.send(texts(2000), events_a_pack=3)

    report = setup.flush(limits=FlushLimits(wait_seconds=0, receivers=4))

    assert setup.links() == texts(2000)
    assert report.errors == []
