"""SQS gives messages twice, late or not at all, fails to delete them, reaches its limits: nothing lost or twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, repeat
from random import Random

import pytest
from botocore.exceptions import ReadTimeoutError

from infra.resources import RETENTION_SECONDS, dlq_attributes, queue_attributes
from infra.template.build import build_template
from logdig.store.keys import parse_key
from tests.fakes.queue import IN_FLIGHT_LIMIT
from tests.faults.harness import HIDDEN_SECONDS, LIMITS, NOON, FlushHarness, filled
from tests.faults.hooks import fails, well
from tests.unit.infra.template.test_template import SETTINGS, WHERE


def test_f02_nothing_is_twice_when_a_message_comes_twice_in_one_receive_and_after_its_delete() -> None:
    harness = filled()
    handed_out = harness.queue.receive
    seen = []

    def twice(wait_seconds: int) -> list[object]:
        messages = handed_out(wait_seconds)
        seen.extend(messages)
        return [*messages, *messages[:3]]

    harness.queue.receive = twice  # type: ignore[method-assign, assignment] (this queue only)
    harness.flush_once()
    for message in seen[:20]:
        harness.queue.duplicate(message)
    harness.drain()

    account = harness.account()
    assert account.is_clean, account
    assert account.raw_duplicates > 0


def test_f02_nothing_is_twice_when_two_flushers_get_the_same_messages() -> None:
    harness = filled()
    inner = []

    def other_flusher_after_expiry(operation: str) -> None:
        if operation == "delete" and not inner:
            inner.append(operation)
            harness.clock.advance(HIDDEN_SECONDS + 1)
            # More came meanwhile, so that the other one's objects are not the same.
            harness.send_many(30)
            harness.flush_once()

    harness.queue.before = other_flusher_after_expiry
    harness.flush_once()
    harness.drain()

    account = harness.account()
    assert account.is_clean, account
    assert account.raw_duplicates > 0


@pytest.mark.parametrize("operation", ["receive", "delete", "release"])
def test_f03_nothing_is_lost_or_twice_when_visibility_ends_during_the_run(operation: str) -> None:
    harness = filled()
    harness.force = operation != "release"
    moments = cycle([301, 0, 0, 0])

    def expire(now: str) -> None:
        if now == operation:
            harness.clock.advance(next(moments))

    harness.queue.before = expire
    harness.limits = replace(LIMITS, min_logs=10_000, max_age_seconds=10**6) if operation == "release" else LIMITS
    harness.flush_once()
    harness.queue.before = well
    harness.force = True
    harness.drain()

    assert harness.account().is_clean


def test_f03_a_stale_receipt_deletes_nothing() -> None:
    harness = filled(5)
    stale = harness.queue.receive(0)
    harness.clock.advance(HIDDEN_SECONDS + 1)
    harness.queue.receive(0)

    failed = harness.queue.delete(stale)

    # SQS says yes and keeps the message.
    assert (failed, len(harness.queue.bodies)) == ([], len(stale))


def test_f05_only_failed_entries_are_deleted_again() -> None:
    harness = filled(600)
    random = Random(5)
    sizes: list[int] = []

    def some_fail(operation: str, size: int) -> list[int]:
        sizes.append(size)
        return random.sample(range(size), size // 2) if operation == "delete" else []

    harness.queue.fail_entries = some_fail
    report = harness.flush_once()
    harness.queue.fail_entries = lambda *_: ()
    harness.drain()

    assert {5, 2} <= set(sizes)
    assert report.left > 0
    assert report.errors
    assert harness.account().is_clean


def test_f05_nothing_is_lost_when_deletes_time_out_after_their_effect() -> None:
    harness = filled(600)
    harness.queue.after = fails(repeat(ReadTimeoutError(endpoint_url="https://sqs")), "delete")

    report = harness.flush_once()
    harness.queue.after = well
    harness.drain()

    assert report.errors
    assert harness.account().is_clean


def test_f07_a_run_ends_and_gets_on_when_receives_are_short_or_empty_and_asks_for_no_count() -> None:
    harness = filled(300)
    harness.queue.sampled = lambda: harness.random.choice((0, 3, 10, 10, 10))

    reports = [harness.flush_once() for _ in range(20)]
    harness.drain()

    assert all(report.stopped for report in reports)
    assert "count" not in harness.queue.steps
    assert sum(report.logs for report in reports) > 0
    assert harness.account().is_clean


def test_f12_a_run_ends_without_error_at_the_in_flight_limit_and_goes_on_when_messages_come_back() -> None:
    harness = filled(300)
    harness.queue._in_flight_limit = 20
    harness.limits = replace(LIMITS, wait_seconds=1)
    held = [*harness.queue.receive(1), *harness.queue.receive(1)]

    report = harness.flush_once()
    harness.drain()

    assert (len(held), IN_FLIGHT_LIMIT) == (20, 120_000)
    # A long poll at the limit brings nothing and says nothing.
    assert (report.received, report.stopped, report.errors) == (0, "empty", [])
    assert harness.account().is_clean


def test_f12_an_alarm_comes_long_before_a_message_is_too_old_to_keep() -> None:
    alarm = build_template(SETTINGS, WHERE)["Resources"]["OldestMessageAlarm"]["Properties"]
    kept = {attributes["MessageRetentionPeriod"] for attributes in (queue_attributes("arn"), dlq_attributes())}

    assert "ApproximateAgeOfOldestMessage" in str(alarm)
    assert kept == {str(RETENTION_SECONDS)}
    assert alarm["Threshold"] < RETENTION_SECONDS / 2


def test_f12_a_backlog_of_four_days_is_written_under_the_days_of_its_arrival() -> None:
    harness = FlushHarness(now=NOON)
    for _ in range(5):
        harness.send_many(100)
        harness.clock.advance(86_400)

    harness.drain()

    assert len({parse_key(key).day for key in harness.store.objects}) == 5
    assert harness.account().is_clean
