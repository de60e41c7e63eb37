"""Sinks that keep batches in memory."""

from logdig.errors import QueueUnavailableError
from logdig.queue.packs import EventBatch


class MemorySink:
    """Keeps what is committed; refuses while ``is_down``."""

    def __init__(self) -> None:
        self.batches: list[EventBatch] = []
        self.is_down = False

    def commit(self, batch: EventBatch) -> None:
        if self.is_down:
            raise QueueUnavailableError("the queue is down; try again later")
        self.batches.append(batch)

    @property
    def events(self) -> list[bytes]:
        return [line for batch in self.batches for line in batch.events]

    @property
    def rejected(self) -> list[bytes]:
        return [line for batch in self.batches for line in batch.rejected]


class NullSink:
    """Takes everything and keeps nothing; for measuring."""

    def commit(self, batch: EventBatch) -> None:
        pass
