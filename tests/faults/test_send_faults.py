"""The queue refuses a pack, wholly or in part: a request is acknowledged as a whole or not at all."""

from __future__ import annotations

from itertools import cycle

import pytest

from logdig.errors import QueueUnavailableError
from logdig.queue.packs import PACK_LIMIT_BYTES, EventBatch, QueueSink
from tests.fakes.queue import MESSAGE_LIMIT_BYTES, refusal
from tests.faults.harness import NOON, FlushHarness, filled
from tests.faults.hooks import fails, well


def test_f06_a_request_fails_as_a_whole_and_again_is_harmless_when_one_of_its_packs_is_refused() -> None:
    harness = FlushHarness()
    line = b'{"received_at":"2026-11-24T12:00:00.000Z","app":"shop","event_id":"e%d","link":"' + b"x" * 30_000 + b'"}'
    batch = EventBatch("shop", NOON, tuple(line % number for number in range(20)))
    sink = QueueSink(harness.queue, harness.pack_id)
    answers = cycle([None, refusal("SendMessage", "ThrottlingException")])
    harness.queue.before = fails(answers, "send")
    harness.witness.send(batch.events)

    with pytest.raises(QueueUnavailableError):
        sink.commit(batch)
    harness.queue.before = well
    in_part = len(harness.queue.bodies)
    sink.commit(batch)
    harness.witness.acknowledge(batch.events)
    harness.drain()

    account = harness.account()
    assert in_part == 1
    assert account.is_clean
    assert account.raw_duplicates > 0


@pytest.mark.parametrize(("size", "taken"), [(MESSAGE_LIMIT_BYTES, True), (MESSAGE_LIMIT_BYTES + 1, False)])
def test_f06_queue_takes_one_mebibyte_and_no_byte_more(size: int, taken: bool) -> None:
    queue = FlushHarness().queue

    if taken:
        queue.send("a" * size)
    else:
        with pytest.raises(QueueUnavailableError):
            queue.send("a" * size)

    assert len(queue.bodies) == taken
    assert PACK_LIMIT_BYTES < MESSAGE_LIMIT_BYTES


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_f06_queue_refuses_a_character_that_no_pack_can_hold(character: str) -> None:
    queue = FlushHarness().queue

    with pytest.raises(QueueUnavailableError, match="InvalidMessageContents"):
        queue.send(f"raw {character}")


@pytest.mark.parametrize("operation", ["delete", "release"])
@pytest.mark.parametrize("number", [0, 11])
def test_f06_queue_refuses_batches_of_no_or_eleven_entries(operation: str, number: int) -> None:
    harness = filled(60)
    messages = [*harness.queue.receive(0), *harness.queue.receive(0)][:number]

    with pytest.raises(QueueUnavailableError, match="BatchRequest"):
        getattr(harness.queue, operation)(messages)
