"""A queue, a store and a clock, and the flush between them."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from random import Random

from logdig.flush.flusher import FlushLimits, flush
from logdig.flush.report import FlushReport
from logdig.queue.packs import EventBatch, pack
from logdig.times import wire_time
from tests.fakes.queue import FakeClock, FakeQueue
from tests.fakes.store import FakeStore

LIMITS = FlushLimits(wait_seconds=0, receivers=1)
numbers = count()


class FlushSetup:
    """A queue, a store and a clock, and the flush between them."""

    def __init__(self, seed: int = 0) -> None:
        self.clock = FakeClock()
        self.queue = FakeQueue(self.clock, Random(seed))
        self.store = FakeStore()

    def send(self, texts: list[str], events_a_pack: int = 10, rejected: int = 0) -> None:
        for start in range(0, len(texts), events_a_pack):
            lines = tuple(self.line(text) for text in texts[start : start + events_a_pack])
            bad = tuple(self.line("bad") for _ in range(rejected))
            for body in pack(EventBatch("shop", self.clock(), lines, bad), lambda: f"p{next(numbers)}"):
                self.queue.send(body)

    def line(self, text: str) -> bytes:
        event = {"received_at": wire_time(self.clock()), "event_id": f"e{next(numbers)}", "link": text}
        return json.dumps(event, separators=(",", ":")).encode("ascii")

    def flush(self, *, limits: FlushLimits = LIMITS, force: bool = False, seconds: float = 240) -> FlushReport:
        deadline = self.clock() + timedelta(seconds=seconds)
        return flush(self.queue, self.store, limits, self.clock, deadline=deadline, force=force)

    def links(self) -> list[str]:
        return sorted(json.loads(line)["link"] for line in self.store.lines("raw"))


def texts(number: int) -> list[str]:
    return [f"text {index:04}" for index in range(number)]
