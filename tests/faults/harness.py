"""A queue, a store and a clock with a flush between them, and the account of what was acknowledged."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from logdig.flush.flusher import FlushLimits, flush
from logdig.flush.report import FlushReport
from logdig.queue.packs import EventBatch, QueueSink
from logdig.store.keys import ZONES
from logdig.store.verify import check_object
from logdig.times import wire_time
from tests.fakes.queue import FakeClock, FakeQueue
from tests.fakes.store import FakeStore

RUN_SECONDS = 240
HIDDEN_SECONDS = 300
RUNS_MOST = 100
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
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


Name = tuple[str, str]
"""App and event_id or bad_id; of a message no one can read, no app and its text."""


class Witness:
    """Keeps what was sent and, of that, what was promised to be kept."""

    def __init__(self) -> None:
        self.sent: dict[Name, bytes] = {}
        self.acknowledged: set[Name] = set()

    def send(self, lines: Iterable[bytes]) -> None:
        """Note lines that are under way: they may be stored, and then as they are."""
        self.sent |= {_name(line): line for line in lines}

    def acknowledge(self, lines: Iterable[bytes]) -> None:
        """Note lines whose sender heard yes: they must be stored."""
        self.acknowledged |= {_name(line) for line in lines}


class FlushHarness:
    """One site's queues and bucket.

    Args:
        seed: Of everything random: sizes, texts, the order in which the queue hands out.
        now: Where the clock starts.
    """

    def __init__(self, seed: int = 0, now: datetime = NIGHT) -> None:
        self.random = Random(seed)
        self.clock = FakeClock(now)
        self.queue = FakeQueue(self.clock, Random(seed), visibility_seconds=HIDDEN_SECONDS)
        self.dlq = FakeQueue(self.clock, Random(seed), visibility_seconds=HIDDEN_SECONDS, max_receive_count=10**6)
        self.store = FakeStore()
        self.witness = Witness()
        self.limits = LIMITS
        self.force = True
        self._packs = self._events = 0

    def batch(self, events: int, rejected: int = 0, app: str = "shop") -> EventBatch:
        """Make one request that is under way."""
        lines = tuple(self._line("event_id", app) for _ in range(events))
        bad = tuple(self._line("bad_id", app) for _ in range(rejected))
        self.witness.send(lines + bad)
        return EventBatch(app, self.clock(), lines, bad)

    def commit(self, batch: EventBatch, queue: FakeQueue | None = None) -> None:
        """Put a request into the queue, or into another one, and acknowledge it."""
        QueueSink(queue or self.queue, self.pack_id).commit(batch)
        self.witness.acknowledge(batch.events + batch.rejected)

    def send(self, events: int, rejected: int = 0) -> None:
        """Send one request."""
        self.commit(self.batch(events, rejected))

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
        body = f"no pack {len(self.witness.sent)}"
        self.queue.send(body)
        self.witness.sent["", body] = b""
        self.witness.acknowledged.add(("", body))

    def flush_once(self, run: Flush = flush, queue: Any = None, store: Any = None) -> FlushReport:
        """Run once; on another queue or store, where given."""
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
        """Compare what was sent and acknowledged with what the store and the dead-letter queue hold."""
        stored: list[bytes] = []
        sent, acknowledged = self.witness.sent, self.witness.acknowledged
        account = Account(len(acknowledged))
        for key, body in self.store.objects.items():
            if key.startswith(ZONES):
                _, fault = check_object(key, body)
                account.faults += [f"{key}: {fault}"] if fault else []
                stored += gzip.decompress(body).splitlines()
        named = [(_name(line), line) for line in sorted(stored)]
        copies = Counter(name for name, _ in named)
        # The rule of ingest: of several copies the one with the least (received_at, line).
        kept = dict(reversed(named))
        dead = {name for body in self.queue.dead + self.dlq.bodies for name in _names(body)}
        account.lost = len(acknowledged - kept.keys() - dead)
        account.raw_duplicates = copies.total() - len(copies)
        account.duplicates_after_ingest = len(kept) - len({name[1] for name in kept})
        account.wrong = sum(_as_sent(name, line) != sent.get(name) for name, line in kept.items())
        return account

    def _line(self, name: str, app: str) -> bytes:
        self._events += 1
        line = {
            "received_at": wire_time(self.clock()),
            "app": app,
            name: f"{name}-{self._events}",
            "link": self.random.choice(TEXTS),
        }
        return _as_line(line)

    def pack_id(self) -> str:
        """Give an id that no other pack has."""
        self._packs += 1
        return f"p{self._packs}"


def filled(events: int = 200, seed: int = 1) -> FlushHarness:
    """A harness with queued events."""
    harness = FlushHarness(seed)
    harness.send_many(events)
    return harness


def _as_line(event: dict[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode("ascii")


def _name(line: bytes) -> Name:
    event = json.loads(line)
    if event["app"] is None:
        return "", event["text"]
    return event["app"], event.get("event_id") or event["bad_id"]


def _as_sent(name: Name, line: bytes) -> bytes:
    return line[: line.rindex(b',"pack_id":')] + b"}" if name[0] else b""


def _names(body: str) -> list[Name]:
    try:
        pack = json.loads(body)
    except ValueError:
        return [("", body)]
    return [_name(_as_line(event)) for event in (*pack["events"], *pack["rejected"])]
