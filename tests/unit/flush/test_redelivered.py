"""Redelivered messages take turns, are few, and keep their latest receipt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from logdig.flush.redelivered import REDELIVERED_AFTER, REDELIVERED_BYTES, RedeliveredMessages
from logdig.queue.event_queue import Message

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def message(number: int, receive_count: int = REDELIVERED_AFTER + 1, body: str = "x") -> Message:
    return Message(f"m{number}", f"r{number}-{receive_count}", body, receive_count, NOON)


@pytest.mark.parametrize(
    ("receive_count", "is_redelivered"), [(1, False), (REDELIVERED_AFTER, False), (REDELIVERED_AFTER + 1, True)]
)
def test_message_is_redelivered_when_it_was_received_more_than_five_times(
    receive_count: int, is_redelivered: bool
) -> None:
    assert RedeliveredMessages.is_redelivered(message(1, receive_count)) == is_redelivered


def test_every_redelivered_message_is_first_and_last_in_some_of_the_runs_before_it_is_given_up() -> None:
    first, last = set(), set()

    for receive_count in range(REDELIVERED_AFTER + 1, 51):
        redelivered = RedeliveredMessages()
        for number in range(4):
            redelivered.keep(message(number, receive_count))
        order = [message.message_id for message in redelivered.shuffled()]
        assert len(order) == 4
        first.add(order[0])
        last.add(order[-1])

    assert first == last == {"m0", "m1", "m2", "m3"}


def test_order_does_not_depend_on_the_order_of_arrival() -> None:
    one, other = RedeliveredMessages(), RedeliveredMessages()
    for number in range(9):
        one.keep(message(number))
        other.keep(message(8 - number))

    assert one.shuffled() == other.shuffled()


def test_redelivered_message_is_not_kept_when_there_is_no_room_and_smaller_ones_still_are() -> None:
    redelivered = RedeliveredMessages()
    large = "x" * (REDELIVERED_BYTES // 2)

    kept = [redelivered.keep(message(number, body=large)) for number in range(3)]
    kept_again = redelivered.keep(message(0, REDELIVERED_AFTER + 2, large))

    assert (kept, kept_again) == ([True, True, False], True)
    assert sorted(message.receipt for message in redelivered.shuffled()) == ["r0-7", "r1-6"]
