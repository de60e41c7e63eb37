"""Queue or store fail under a flush: it keeps what is not written, tries again, and says so."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import repeat

from logdig.errors import QueueUnavailableError, StoreUnavailableError
from logdig.store.keys import parse_key
from tests.fakes.flushed import Road, texts
from tests.faults.hooks import fails, well

DOWN = StoreUnavailableError("S3 is down")


def test_flush_keeps_messages_and_fails_when_store_is_down() -> None:
    road = Road()
    road.send(texts(500))

    road.store.before = fails(repeat(DOWN), "put")
    report = road.flush()
    road.store.before = well
    again = road.flush()

    assert (report.errors, report.deleted, report.released) == (["S3 is down"], 0, 50)
    assert (again.errors, road.links()) == ([], texts(500))


def test_flush_takes_no_message_when_it_cannot_learn_who_was_forgotten() -> None:
    road = Road()
    road.send(texts(500))

    road.store.before = fails(repeat(DOWN))
    report = road.flush()

    assert (report.errors, report.received, report.stopped) == (["S3 is down"], 0, "error")


def test_flush_sends_nothing_to_the_dlq_when_store_is_down_for_an_hour() -> None:
    road = Road()
    road.send(texts(500))

    road.store.before = fails(repeat(DOWN))
    for _ in range(12):
        road.flush()
        road.clock.advance(300)
    road.store.before = well
    road.flush()

    assert road.queue.dead == []
    assert road.links() == texts(500)


def test_flush_sends_nothing_to_the_dlq_when_only_puts_fail_for_an_hour_and_every_message_becomes_a_suspect() -> None:
    road = Road()
    road.send(texts(500))
    road.store.before = fails(repeat(DOWN), "put")

    reports = []
    for _ in range(12):
        reports.append(road.flush())
        road.clock.advance(300)
    road.store.before = well
    again = road.flush()

    assert {report.deleted for report in reports} == {0}
    assert all(report.errors for report in reports)
    assert (road.queue.dead, again.errors, road.links()) == ([], [], texts(500))


def test_flush_is_well_when_giving_back_fails_for_messages_come_back_by_themselves() -> None:
    road = Road()
    road.send(texts(30))
    road.queue.before = fails(repeat(QueueUnavailableError("SQS is down")), "release")

    report = road.flush()
    road.queue.before = well
    hidden = road.queue.receive(0)
    road.clock.advance(301)

    assert (report.released, report.errors, hidden) == (0, [], [])
    assert road.flush(force=True).logs == 30


def test_flush_counts_only_those_as_given_back_that_the_queue_took_back() -> None:
    road = Road()
    road.send(texts(90))
    road.queue.fail_entries = lambda operation, _size: [0, 4] if operation == "release" else []

    report = road.flush()

    assert (report.received, report.released) == (9, 7)
    assert len(road.queue.receive(0)) == 7


def test_flush_writes_the_same_object_when_the_put_timed_out_after_its_effect() -> None:
    road = Road()
    road.send(texts(300))

    def timed_out(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("timed out")

    road.store.after = timed_out
    road.flush()
    road.store.after = well
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


def test_flush_keeps_the_key_when_it_is_repeated_after_midnight() -> None:
    road = Road()
    road.clock.now = datetime(2026, 11, 24, 23, 59, 50, tzinfo=UTC)
    road.send(texts(100))

    def timed_out(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("timed out")

    road.store.after = timed_out
    road.flush()
    road.clock.advance(60)
    road.store.after = well
    report = road.flush()

    assert report.already_there == 1
    assert {parse_key(key).day.isoformat() for key in road.store.objects} == {"2026-11-24"}
