"""A queue, a store and a clock with a flush between them, and the account of what was acknowledged."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from logdig.flusher import FlushLimits, FlushReport, flush
from logdig.keys import ZONES
from logdig.packing import Batch, QueueSink
from logdig.times import wire_time
from logdig.verifying import check_object
from tests.fakes.queue import FakeClock, FakeQueue
from tests.fakes.store import FakeStore

RUN_SECONDS = 240
HIDDEN_SECONDS = 300
RUNS_MOST = 100
NIGHT = datetime(2026, 11, 24, 23, 59, 58, tzinfo=UTC)
LIMITS = FlushLimits(wait_seconds=0, receivers=1)
TEXTS = ("plain", "a|b", 'quo"te', "line\nfeed", "\u2028\u2029", "한글", "🎵", "\\", "</script>", "=1+1")

Flush = Callable[..., FlushReport]


@dataclass(slots=True)
class Account:
    """Acknowledged against stored, both zones together; ``wrong`` lines differ from what was sent."""

    acknowledged: int = 0
    lost: int = 0
    raw_duplicates: int = 0
    duplicates_after_ingest: int = 0
    wrong: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing twice after ingest, nothing broken; copies in raw are allowed."""
        return not (self.lost or self.duplicates_after_ingest or self.wrong or self.faults)


class Road:
    """One site's queue and bucket.

    Args:
        seed: Of everything random: sizes, texts, the order in which the queue hands out.
        now: Where the clock starts.
    """

    def __init__(self, seed: int = 0, now: datetime = NIGHT) -> None:
        self.random = Random(seed)
        self.clock = FakeClock(now)
        self.queue = FakeQueue(self.clock, Random(seed), visibility_seconds=HIDDEN_SECONDS)
        self.store = FakeStore()
        self.limits = LIMITS
        self.force = True
        self.acknowledged: dict[tuple[str, str], bytes] = {}
        self._packs = self._events = 0

    def send(self, events: int, rejected: int = 0) -> None:
        """Send one request; what is acknowledged is entered in the account."""
        lines = tuple(self._line("event_id") for _ in range(events))
        bad = tuple(self._line("bad_id") for _ in range(rejected))
        QueueSink(self.queue, self._pack_id).commit(Batch("shop", self.clock(), lines, bad))
        self.acknowledged |= {_name(line): line for line in lines + bad}

    def send_many(self, events: int, most: int = 8) -> None:
        """Send so many events in requests of random size, now and then a rejected one or a message no one can read."""
        while events > 0:
            size = min(events, self.random.randint(1, most))
            self.send(size, rejected=int(self.random.random() < 0.1))
            events -= size
            self.clock.advance(self.random.random())
            if self.random.random() < 0.02:
                self.send_unreadable()

    def send_unreadable(self) -> None:
        """Send what is no pack; it belongs into the bad zone, whole."""
        body = f"no pack {len(self.acknowledged)}"
        self.queue.send(body)
        self.acknowledged["", body] = b""

    def flush_once(self, run: Flush = flush, queue: Any = None, store: Any = None) -> FlushReport:
        """Run once; through other doors to queue and store, where given."""
        deadline = self.clock() + timedelta(seconds=RUN_SECONDS)
        queue, store = queue or self.queue, store or self.store
        return run(queue, store, self.limits, self.clock, deadline=deadline, force=self.force)

    def drain(self, run: Flush = flush) -> None:
        """Let hidden messages come back, in another order, and run until nothing waits."""
        for _ in range(RUNS_MOST):
            if not self.queue.bodies:
                return
            self.clock.advance(HIDDEN_SECONDS + 1)
            self.flush_once(run)
        raise AssertionError(f"{len(self.queue.bodies)} messages still wait after {RUNS_MOST} runs")

    def account(self) -> Account:
        """Compare what was acknowledged with what the store and the dead-letter queue hold."""
        stored: list[bytes] = []
        found = Account(len(self.acknowledged))
        for key, body in self.store.objects.items():
            if key.startswith(ZONES):
                _, fault = check_object(key, body)
                found.faults += [f"{key}: {fault}"] if fault else []
                stored += gzip.decompress(body).splitlines()
        named = [(_name(line), line) for line in sorted(stored)]
        copies = Counter(name for name, _ in named)
        # The rule of ingest: of several copies the one with the least (received_at, line).
        kept = dict(reversed(named))
        dead = {name for body in self.queue.dead for name in _names(body)}
        found.lost = len(self.acknowledged.keys() - kept.keys() - dead)
        found.raw_duplicates = copies.total() - len(copies)
        found.duplicates_after_ingest = len(kept) - len({name[1] for name in kept})
        found.wrong = sum(_as_sent(name, line) != self.acknowledged.get(name) for name, line in kept.items())
        return found

    def _line(self, name: str) -> bytes:
        self._events += 1
        line = {
            "received_at": wire_time(self.clock()),
            "app": "shop",
            name: f"{name}-{self._events}",
            "link": self.random.choice(TEXTS),
        }
        return _as_line(line)

    def _pack_id(self) -> str:
        self._packs += 1
        return f"p{self._packs}"


def _as_line(event: dict[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode("ascii")


def _name(line: bytes) -> tuple[str, str]:
    event = json.loads(line)
    if event["app"] is None:
        return "", event["text"]
    return event["app"], event.get("event_id") or event["bad_id"]


def _as_sent(name: tuple[str, str], line: bytes) -> bytes:
    return line[: line.rindex(b',"pack_id":')] + b"}" if name[0] else b""


def _names(body: str) -> list[tuple[str, str]]:
    try:
        pack = json.loads(body)
    except ValueError:
        return [("", body)]
    return [_name(_as_line(event)) for event in (*pack["events"], *pack["rejected"])]
