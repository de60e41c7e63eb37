"""Messages of the dead-letter queue: read them without removing them, and send them back.

Sources: docs/reliability.md, docs/ledger.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from logdig.errors import PoisonMessageError, QueueUnavailableError
from logdig.queue.event_queue import BATCH_LIMIT, EventQueue, Message
from logdig.queue.packs import read_pack

READ_LIMIT = 10_000
"""Messages that one read takes; more than this need an operator, not an exact count."""
FRUITLESS_RECEIVES = 2
"""Receives without a new message after which a queue counts as read: one empty receive does not mean an empty queue."""
READABLE = "can be read; the flushes that received it ended before deleting it"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message: time of sending, content, and why it may be here."""

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
    """Lines of both zones, as the flush would write them; unreadable messages by their day of sending."""

    raw: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    unreadable: list[date] = field(default_factory=list)


def list_dead(dlq: EventQueue, most: int) -> list[DeadLetter]:
    """Describe messages, oldest first; all stay in the queue.

    Raises:
        QueueUnavailableError: The queue does not answer; received messages reappear when their visibility timeout ends.
    """
    return sorted(map(_describe, _peek(dlq, most)), key=lambda letter: letter.sent_at)


def read_dead(dlq: EventQueue) -> DeadLines:
    """Read every waiting event; all messages stay in the queue. Errors as of `list_dead`."""
    lines = DeadLines()
    for message in _peek(dlq, READ_LIMIT):
        try:
            pack = read_pack(message.body, message.message_id)
        except PoisonMessageError:
            lines.unreadable.append(message.sent_at.date())
        else:
            lines.raw += [line.decode("ascii") for line in pack.event_lines()]
            lines.bad += [line.decode("ascii") for line in pack.rejected_lines()]
    return lines


def redrive(dlq: EventQueue, queue: EventQueue) -> Iterator[int]:
    """Send every message back to the queue, yielding how many moved with each step.

    Each message is sent before it is deleted: an interruption leaves copies, which ingest removes, and never a loss.

    Raises:
        QueueUnavailableError: A queue does not answer or does not delete; messages not yet moved stay.
    """
    for batch in _batches(dlq):
        for message in batch:
            queue.send(message.body)
        left = dlq.delete(batch)
        if left:
            raise QueueUnavailableError(f"{len(left)} messages were sent back and not deleted; redrive again")
        yield len(batch)


def _peek(dlq: EventQueue, most: int) -> list[Message]:
    held: list[Message] = []
    for batch in _batches(dlq):
        held += batch
        if len(held) >= most:
            break
    for start in range(0, len(held), BATCH_LIMIT):
        dlq.release(held[start : start + BATCH_LIMIT])
    return held[:most]


def _batches(queue: EventQueue) -> Iterator[list[Message]]:
    """Receive until no new message comes; skip messages received again."""
    known_ids: set[str] = set()
    fruitless = 0
    while fruitless < FRUITLESS_RECEIVES:
        new = {message.message_id: message for message in queue.receive(1) if message.message_id not in known_ids}
        known_ids |= new.keys()
        fruitless += not new
        if new:
            yield list(new.values())


def _describe(message: Message) -> DeadLetter:
    properties = (
        message.message_id,
        message.sent_at,
        message.receive_count,
        len(message.body.encode("utf-8", "replace")),
    )
    try:
        pack = read_pack(message.body, message.message_id)
    except PoisonMessageError as err:
        return DeadLetter(*properties, None, 0, 0, f"cannot be read: {err.reason}")
    return DeadLetter(*properties, pack.app, len(pack.events), len(pack.rejected), READABLE)
