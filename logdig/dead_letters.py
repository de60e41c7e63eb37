"""What lies in the dead-letter queue, looked at without taking it out. Source: docs/ledger.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from logdig.errors import PoisonMessageError
from logdig.packing import read_pack
from logdig.queues import BATCH_LIMIT, EventQueue, Message

LOOKED_AT_MOST = 10_000
"""Messages that one look takes; a dead-letter queue with more needs an operator before it needs a number."""


@dataclass(slots=True)
class DeadLetters:
    """Stored lines of either zone, as the flush would have written them; messages no one can read by day of sending."""

    raw: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    unreadable: list[date] = field(default_factory=list)


def look_into(queue: EventQueue) -> DeadLetters:
    """Read every event that waits; everything is given back.

    Raises:
        QueueUnavailableError: The queue does not answer; what was received comes back when its visibility ends.
    """
    seen: dict[str, Message] = {}
    while len(seen) < LOOKED_AT_MOST:
        found = [one for one in queue.receive(1) if one.message_id not in seen]
        if not found:
            break
        seen |= {one.message_id: one for one in found}
    held = list(seen.values())
    for start in range(0, len(held), BATCH_LIMIT):
        queue.release(held[start : start + BATCH_LIMIT])
    return _read(held)


def _read(messages: list[Message]) -> DeadLetters:
    found = DeadLetters()
    for message in messages:
        try:
            pack = read_pack(message.body, message.message_id)
        except PoisonMessageError:
            found.unreadable.append(message.sent_at.date())
        else:
            found.raw += [line.decode("ascii") for line in pack.event_lines()]
            found.bad += [line.decode("ascii") for line in pack.rejected_lines()]
    return found
