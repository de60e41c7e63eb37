"""Messages of the dead-letter queue: look at them, and send them back. Source: docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from logdig.errors import PoisonMessageError
from logdig.packing import read_pack
from logdig.queues import BATCH_LIMIT, EventQueue, Message

EMPTY_RECEIVES = 2
READABLE = "can be read; the flushes that received it ended before deleting it"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message: when it was sent, what is in it, and why it may be here."""

    message_id: str
    sent_at: datetime
    receive_count: int
    size_bytes: int
    app: str | None
    events: int
    rejected: int
    reason: str


def describe(message: Message) -> DeadLetter:
    """Say what a message holds."""
    facts = message.message_id, message.sent_at, message.receive_count, len(message.body.encode("utf-8", "replace"))
    try:
        pack = read_pack(message.body, message.message_id)
    except PoisonMessageError as err:
        return DeadLetter(*facts, None, 0, 0, f"cannot be read: {err.reason}")
    return DeadLetter(*facts, pack.app, len(pack.events), len(pack.rejected), READABLE)


def list_dead(dlq: EventQueue, most: int) -> list[DeadLetter]:
    """Look at messages, oldest first; all are given back.

    Raises:
        QueueUnavailableError: The queue does not answer; what was received comes back when its visibility ends.
    """
    found: dict[str, Message] = {}
    for batch in _batches(dlq):
        found |= {message.message_id: message for message in batch}
        if len(found) >= most:
            break
    held = list(found.values())
    for start in range(0, len(held), BATCH_LIMIT):
        dlq.release(held[start : start + BATCH_LIMIT])
    return sorted(map(describe, held), key=lambda one: one.sent_at)[:most]


def redrive(dlq: EventQueue, queue: EventQueue) -> Iterator[int]:
    """Send every message back to the queue, yielding how many moved with each step.

    Sent first, deleted after: whatever breaks off in between leaves copies, which ingest tells apart, and never a loss.

    Raises:
        QueueUnavailableError: A queue does not answer; what is not moved stays.
    """
    for batch in _batches(dlq):
        for message in batch:
            queue.send(message.body)
        dlq.delete(batch)
        yield len(batch)


def _batches(queue: EventQueue) -> Iterator[list[Message]]:
    """Receive until it gives nothing twice; one empty receive never means an empty queue."""
    empty = 0
    while empty < EMPTY_RECEIVES:
        batch = queue.receive(1)
        empty += not batch
        if batch:
            yield batch
