"""Suspects take turns, are few, and keep their latest receipt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from logdig.flush.redelivered import SUSPECT_AFTER, SUSPECT_BYTES, Suspects
from logdig.queue.event_queue import Message

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def message(number: int, receive_count: int = SUSPECT_AFTER + 1, body: str = "x") -> Message:
    return Message(f"m{number}", f"r{number}-{receive_count}", body, receive_count, NOON)


@pytest.mark.parametrize(("receive_count", "is_one"), [(1, False), (SUSPECT_AFTER, False), (SUSPECT_AFTER + 1, True)])
def test_message_is_a_suspect_when_it_was_received_more_than_five_times(receive_count: int, is_one: bool) -> None:
    assert Suspects.is_one(message(1, receive_count)) == is_one


def test_every_suspect_is_first_and_last_in_some_of_the_runs_before_it_is_given_up() -> None:
    first, last = set(), set()

    for receive_count in range(SUSPECT_AFTER + 1, 51):
        suspects = Suspects()
        for number in range(4):
            suspects.keep(message(number, receive_count))
        order = [one.message_id for one in suspects.in_turn()]
        assert len(order) == 4
        first.add(order[0])
        last.add(order[-1])

    assert first == last == {"m0", "m1", "m2", "m3"}


def test_order_does_not_depend_on_the_order_of_arrival() -> None:
    one, other = Suspects(), Suspects()
    for number in range(9):
        one.keep(message(number))
        other.keep(message(8 - number))

    assert one.in_turn() == other.in_turn()


def test_suspect_is_not_kept_when_there_is_no_room_and_smaller_ones_still_are() -> None:
    suspects = Suspects()
    large = "x" * (SUSPECT_BYTES // 2)

    kept = [suspects.keep(message(number, body=large)) for number in range(3)]
    kept_again = suspects.keep(message(0, SUSPECT_AFTER + 2, large))

    assert (kept, kept_again) == ([True, True, False], True)
    assert sorted(one.receipt for one in suspects.in_turn()) == ["r0-7", "r1-6"]
