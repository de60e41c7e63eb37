"""Events of a file into few requests: a request has one zone offset, and a file of years has two, mixed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from logdig.backfill.sender import EventBatch

BATCH_BYTES = 900_000
"""Of events as JSON; a request may have 1 MiB."""
WAITING_EVENTS = 20_000
"""An event waits for others of its offset while so many are read: memory does not grow with the file."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An event of a line, as it is sent.

    Args:
        line: Its line in the file.
        minutes_east: Offset of its zone.
        event: The event.
        size_bytes: As JSON, where BATCH_EVENTS of them may be more than BATCH_BYTES; else 0.
    """

    line: int
    minutes_east: int
    event: dict[str, object]
    size_bytes: int = 0


@dataclass(slots=True)
class _Group:
    """Events of one offset in the order of their lines; ``since`` is the number of the first."""

    since: int
    events: list[Ready] = field(default_factory=list)
    size_bytes: int = 0

    def batch(self, complete_to: int) -> EventBatch:
        lines = tuple(ready.line for ready in self.events)
        return EventBatch(self.events[0].minutes_east, tuple(r.event for r in self.events), lines, complete_to)


def group_events(
    events: Iterable[Ready], size: int, pause: Callable[[int], None] = lambda _events: None
) -> Iterator[EventBatch]:
    """Group events by zone offset.

    Args:
        events: In the order of their lines.
        size: Most events of a batch.
        pause: Called after each batch with its number of events.
    """
    groups: dict[int, _Group] = {}

    def take(east: int, read_to: int) -> Iterator[EventBatch]:
        group = groups.pop(east)
        # Lines before those that still wait are answered when this batch is.
        yield group.batch(min((other.events[0].line - 1 for other in groups.values()), default=read_to))
        pause(len(group.events))

    line = 0
    for number, ready in enumerate(events):
        east = ready.minutes_east
        if east in groups and groups[east].size_bytes + ready.size_bytes > BATCH_BYTES:
            yield from take(east, ready.line - 1)
        group = groups.setdefault(east, _Group(number))
        group.events.append(ready)
        group.size_bytes += ready.size_bytes
        line = ready.line
        if len(group.events) >= size:
            yield from take(east, line)
        # A dict keeps its order: the first group has waited longest.
        longest = next(iter(groups), None)
        if longest is not None and number - groups[longest].since >= WAITING_EVENTS:
            yield from take(longest, line)
    while groups:
        yield from take(next(iter(groups)), line)
