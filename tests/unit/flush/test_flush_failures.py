"""Queue or store fail under a flush: it keeps what is not written, tries again, and says so."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import repeat

from logdig.errors import QueueUnavailableError, StoreUnavailableError
from logdig.store.keys import parse_key
from tests.fakes.flushed import FlushSetup, texts
from tests.faults.hooks import fails, well

DOWN = StoreUnavailableError("S3 is down")


def test_flush_keeps_messages_and_fails_when_store_is_down() -> None:
    setup = FlushSetup()
    setup.send(texts(500))

    setup.store.before = fails(repeat(DOWN), "put")
    report = setup.flush()
    setup.store.before = well
    again = setup.flush()

    assert (report.errors, report.deleted, report.released) == (["S3 is down"], 0, 50)
    assert (again.errors, setup.links()) == ([], texts(500))


def test_flush_takes_no_message_when_it_cannot_read_the_list_of_erasures() -> None:
    setup = FlushSetup()
    setup.send(texts(500))

    setup.store.before = fails(repeat(DOWN))
    report = setup.flush()

    assert (report.errors, report.received, report.stopped) == (["S3 is down"], 0, "error")


def test_flush_sends_nothing_to_the_dlq_when_store_is_down_for_an_hour() -> None:
    setup = FlushSetup()
    setup.send(texts(500))

    setup.store.before = fails(repeat(DOWN))
    for _ in range(12):
        setup.flush()
        setup.clock.advance(300)
    setup.store.before = well
    setup.flush()

    assert setup.queue.dead == []
    assert setup.links() == texts(500)


def test_flush_sends_nothing_to_the_dlq_when_only_puts_fail_for_an_hour_and_every_message_is_redelivered() -> None:
    setup = FlushSetup()
    setup.send(texts(500))
    setup.store.before = fails(repeat(DOWN), "put")

    reports = []
    for _ in range(12):
        reports.append(setup.flush())
        setup.clock.advance(300)
    setup.store.before = well
    again = setup.flush()

    assert {report.deleted for report in reports} == {0}
    assert all(report.errors for report in reports)
    assert (setup.queue.dead, again.errors, setup.links()) == ([], [], texts(500))


def test_flush_is_well_when_giving_back_fails_for_messages_come_back_by_themselves() -> None:
    setup = FlushSetup()
    setup.send(texts(30))
    setup.queue.before = fails(repeat(QueueUnavailableError("SQS is down")), "release")

    report = setup.flush()
    setup.queue.before = well
    hidden = setup.queue.receive(0)
    setup.clock.advance(301)

    assert (report.released, report.errors, hidden) == (0, [], [])
    assert setup.flush(force=True).logs == 30


def test_flush_counts_only_those_as_given_back_that_the_queue_took_back() -> None:
    setup = FlushSetup()
    setup.send(texts(90))
    setup.queue.fail_entries = lambda operation, _size: [0, 4] if operation == "release" else []

    report = setup.flush()

    assert (report.received, report.released) == (9, 7)
    assert len(setup.queue.receive(0)) == 7


def test_flush_writes_the_same_object_when_the_put_timed_out_after_its_effect() -> None:
    setup = FlushSetup()
    setup.send(texts(300))

    def timed_out(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("timed out")

    setup.store.after = timed_out
    setup.flush()
    setup.store.after = well
    report = setup.flush()

    assert (report.already_there, len(setup.store.objects)) == (1, 1)
    assert setup.links() == texts(300)


def test_flush_tries_again_only_those_deletes_that_failed() -> None:
    setup = FlushSetup()
    setup.send(texts(300), events_a_pack=30)
    failing = [[2, 5], [1], []]
    setup.queue.fail_entries = lambda operation, _size: failing.pop(0) if operation == "delete" else ()

    report = setup.flush()

    assert (report.deleted, report.errors, setup.queue.bodies) == (10, [], [])


def test_flush_fails_and_names_the_rest_when_deletes_keep_failing() -> None:
    setup = FlushSetup()
    setup.send(texts(100))
    setup.queue.fail_entries = lambda operation, _size: [0] if operation == "delete" else ()

    report = setup.flush()

    assert (report.left, report.deleted) == (1, 9)
    assert report.errors == ["1 written messages could not be deleted"]


def test_flush_writes_what_it_has_and_fails_when_receiving_breaks_off() -> None:
    setup = FlushSetup()
    setup.send(texts(300))

    def broken(operation: str) -> None:
        if operation == "receive" and setup.queue.steps.count("receive") == 1:
            raise QueueUnavailableError("SQS is down")

    setup.queue.before = broken
    report = setup.flush()

    assert (report.logs, report.deleted, report.errors) == (100, 10, ["SQS is down"])


def test_flush_keeps_the_key_when_it_is_repeated_after_midnight() -> None:
    setup = FlushSetup()
    setup.clock.now = datetime(2026, 11, 24, 23, 59, 50, tzinfo=UTC)
    setup.send(texts(100))

    def timed_out(_operation: str, _key: str) -> None:
        raise StoreUnavailableError("timed out")

    setup.store.after = timed_out
    setup.flush()
    setup.clock.advance(60)
    setup.store.after = well
    report = setup.flush()

    assert report.already_there == 1
    assert {parse_key(key).day.isoformat() for key in setup.store.objects} == {"2026-11-24"}
