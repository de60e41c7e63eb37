"""Messages of the dead-letter queue: look at them without taking them out, and send them back.

Sources: docs/reliability.md, docs/ledger.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from logdig.errors import PoisonMessageError, QueueUnavailableError
from logdig.queue.event_queue import BATCH_LIMIT, EventQueue, Message
from logdig.queue.packs import read_pack

LOOKED_AT_MOST = 10_000
"""Messages that one look takes; a dead-letter queue with more needs an operator before it needs a number."""
FRUITLESS_RECEIVES = 2
"""Receives without a new message after which a queue counts as read: one empty receive never means an empty queue."""
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


@dataclass(slots=True)
class DeadLines:
    """Stored lines of either zone, as the flush would have written them; messages no one can read by day of sending."""

    raw: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    unreadable: list[date] = field(default_factory=list)


def list_dead(dlq: EventQueue, most: int) -> list[DeadLetter]:
    """Describe messages, oldest first; all are given back.

    Raises:
        QueueUnavailableError: The queue does not answer; what was received comes back when its visibility ends.
    """
    return sorted(map(_describe, _look(dlq, most)), key=lambda one: one.sent_at)


def read_dead(dlq: EventQueue) -> DeadLines:
    """Read every event that waits; everything is given back. Errors as of `list_dead`."""
    found = DeadLines()
    for message in _look(dlq, LOOKED_AT_MOST):
        try:
            pack = read_pack(message.body, message.message_id)
        except PoisonMessageError:
            found.unreadable.append(message.sent_at.date())
        else:
            found.raw += [line.decode("ascii") for line in pack.event_lines()]
            found.bad += [line.decode("ascii") for line in pack.rejected_lines()]
    return found


def redrive(dlq: EventQueue, queue: EventQueue) -> Iterator[int]:
    """Send every message back to the queue, yielding how many moved with each step.

    Sent first, deleted after: whatever breaks off in between leaves copies, which ingest tells apart, and never a loss.

    Raises:
        QueueUnavailableError: A queue does not answer or does not delete; what is not moved stays.
    """
    for batch in _batches(dlq):
        for message in batch:
            queue.send(message.body)
        left = dlq.delete(batch)
        if left:
            raise QueueUnavailableError(f"{len(left)} messages were sent back and not deleted; redrive again")
        yield len(batch)


def _look(dlq: EventQueue, most: int) -> list[Message]:
    held: list[Message] = []
    for batch in _batches(dlq):
        held += batch
        if len(held) >= most:
            break
    for start in range(0, len(held), BATCH_LIMIT):
        dlq.release(held[start : start + BATCH_LIMIT])
    return held[:most]


def _batches(queue: EventQueue) -> Iterator[list[Message]]:
    """Receive until nothing new comes; a message that comes again is left out."""
    seen: set[str] = set()
    fruitless = 0
    while fruitless < FRUITLESS_RECEIVES:
        new = {one.message_id: one for one in queue.receive(1) if one.message_id not in seen}
        seen |= new.keys()
        fruitless += not new
        if new:
            yield list(new.values())


def _describe(message: Message) -> DeadLetter:
    facts = message.message_id, message.sent_at, message.receive_count, len(message.body.encode("utf-8", "replace"))
    try:
        pack = read_pack(message.body, message.message_id)
    except PoisonMessageError as err:
        return DeadLetter(*facts, None, 0, 0, f"cannot be read: {err.reason}")
    return DeadLetter(*facts, pack.app, len(pack.events), len(pack.rejected), READABLE)
