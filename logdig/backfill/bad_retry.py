"""Repaired events on their way to the collector again, as a signed server sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from logdig.backfill.sender import BATCH_EVENTS, EventBatch, Tally
from logdig.errors import InputError
from logdig.events.lines import BadEvent


@dataclass(frozen=True, slots=True)
class RetryResult:
    """What became of one rejected event; ``reason`` is empty when it was accepted."""

    bad_id: str
    reason: str

    @property
    def accepted(self) -> bool:
        return not self.reason


class BatchSender(Protocol):
    """Takes batches of one app; see logdig/backfill/sender.py."""

    def send(self, batch: EventBatch) -> Tally:
        """Send a batch until it is answered."""


def retry(
    events: Iterable[BadEvent], repair: Callable[[BadEvent], dict[str, Any]], sender_of: Callable[[str], BatchSender]
) -> Iterator[RetryResult]:
    """Repair events and send them; each event_id stays, so that doing it again changes nothing.

    Args:
        events: What was rejected, each with its app.
        repair: Gives the event to send; its InputError costs this event alone.
        sender_of: Gives the sender of an app.
    Returns:
        One result an event, those of up to BATCH_EVENTS at a time in their order.
    """
    remaining = iter(events)
    while chunk := list(islice(remaining, BATCH_EVENTS)):
        reasons = [""] * len(chunk)
        by_app: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for place, event in enumerate(chunk):
            try:
                by_app.setdefault(event.app or "", []).append((place, repair(event)))
            except InputError as err:
                reasons[place] = f"not sent: {err.message}"
        for app, repaired in by_app.items():
            if repaired:
                batch = EventBatch(None, tuple(event for _, event in repaired), tuple(place for place, _ in repaired))
                for refusal in sender_of(app).send(batch).refusals:
                    reasons[refusal.line] = refusal.reason
        yield from (RetryResult(event.bad_id, reason) for event, reason in zip(chunk, reasons, strict=True))
