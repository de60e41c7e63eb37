"""What lies in the dead-letter queue, counted without taking it out. Source: docs/ledger.md."""

from __future__ import annotations

from collections import Counter
from datetime import date

from logdig.errors import PoisonMessageError
from logdig.packing import read_pack
from logdig.queues import BATCH_LIMIT, EventQueue, Message

COUNTED_MOST = 10_000
"""Messages that one count looks at; a dead-letter queue with more needs an operator before it needs a number."""


def count_waiting(queue: EventQueue) -> Counter[tuple[str, date]]:
    """Count events by app and UTC day of arrival; everything is given back.

    A message that cannot be read counts as one, of app '', on the day it was sent.

    Raises:
        QueueUnavailableError: The queue does not answer; what was received comes back when its visibility ends.
    """
    seen: dict[str, Message] = {}
    while len(seen) < COUNTED_MOST:
        found = [one for one in queue.receive(1) if one.message_id not in seen]
        if not found:
            break
        seen |= {one.message_id: one for one in found}
    counts: Counter[tuple[str, date]] = Counter()
    for message in seen.values():
        counts += _events(message)
    held = list(seen.values())
    for start in range(0, len(held), BATCH_LIMIT):
        queue.release(held[start : start + BATCH_LIMIT])
    return counts


def _events(message: Message) -> Counter[tuple[str, date]]:
    try:
        pack = read_pack(message.body, message.message_id)
    except PoisonMessageError:
        return Counter({("", message.sent_at.date()): 1})
    return Counter({(pack.app, pack.received_at.date()): len(pack.events) + len(pack.rejected)})
