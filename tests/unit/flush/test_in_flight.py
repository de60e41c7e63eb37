"""A message may be deleted when every buffer with a line of it is stored, and by its latest receipt."""

from __future__ import annotations

from datetime import UTC, datetime

from logdig.flush.in_flight import InFlight
from logdig.queue.event_queue import Message


def message(receipt: str = "r1", message_id: str = "m") -> Message:
    return Message(message_id, receipt, "text", 1, datetime(2026, 11, 24, tzinfo=UTC))


def receipts(messages: list[Message]) -> list[str]:
    return [message.receipt for message in messages]


def test_message_is_written_when_all_of_its_buffers_are() -> None:
    in_flight = InFlight()
    in_flight.take(message(), buffers=2)

    in_flight.wrote(["m"])
    after_one = (in_flight.written, receipts(in_flight.unwritten()))
    in_flight.wrote(["m"])

    assert after_one == (0, ["r1"])
    assert (receipts(in_flight.pop_written(10)), in_flight.unwritten()) == (["r1"], [])
    assert not in_flight.has(message())


def test_message_is_written_at_once_when_there_is_nothing_to_write() -> None:
    in_flight = InFlight()
    in_flight.hold(message())
    in_flight.take(message("r2"), buffers=0)

    assert (receipts(in_flight.pop_written(10)), in_flight.unwritten()) == (["r2"], [])


def test_latest_receipt_is_kept_when_a_message_comes_again() -> None:
    in_flight = InFlight()
    in_flight.take(message(), buffers=1)
    in_flight.renew(message("r2"))
    before = receipts(in_flight.unwritten())
    in_flight.wrote(["m"])
    in_flight.renew(message("r3"))

    assert (before, receipts(in_flight.pop_written(1))) == (["r2"], ["r3"])


def test_message_is_only_given_back_when_none_of_it_was_taken() -> None:
    in_flight = InFlight()
    in_flight.hold(message())

    assert (in_flight.has(message()), in_flight.written) == (False, 0)
    assert [message.body for message in in_flight.unwritten()] == [""]
