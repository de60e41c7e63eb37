"""What the fault tests send, how they flush, and how they judge what is stored. Source: docs/reliability.md."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from random import Random

import msgspec

from logdig.flusher import FlushLimits, flush
from logdig.keys import parse_key
from logdig.packing import DAY_IN_LINE, Batch, pack
from logdig.queues import SqsEventQueue
from logdig.stores import S3EventStore
from logdig.times import wire_time
from tests.fakes.queue import FakeClock
from tests.fakes.store import FakeS3
from tests.faults.machine import Machine, World

VISIBILITY_SECONDS = 300
RUN_SECONDS = 240
TEXTS = ("plain", "a|b", "line\nend", '"quoted"', "\u2028\u2029", "한글", "🎵", "\\", "tab\t", "")
LIMITS = FlushLimits(wait_seconds=0, receivers=1, object_bytes=6_000, open_bytes=12_000)
"""Small objects, so that a run of a hundred logs has many steps at which it can die."""

Key = tuple[str, str]


@dataclass
class Traffic:
    """Makes events and remembers each as it must come out of ingest."""

    clock: FakeClock
    random: Random
    sent: dict[Key, dict[str, object]] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=count)

    def batch(self, events: int, *, app: str = "shop", rejected: int = 0) -> Batch:
        """Make one request's batch."""
        made = [self._event(app) for _ in range(events)]
        bad = [self._bad(app) for _ in range(rejected)]
        return Batch(app, self.clock(), tuple(map(_line, made)), tuple(map(_line, bad)))

    def send(self, send: Callable[[str], None], packs: int, most_events: int = 10) -> None:
        """Put packs of some events into a queue."""
        for _ in range(packs):
            batch = self.batch(self.random.randint(1, most_events), rejected=self.random.random() < 0.1)
            for body in pack(batch, lambda: f"p{next(self._numbers)}"):
                send(body)
            self.clock.advance(self.random.random())

    def _event(self, app: str) -> dict[str, object]:
        number = next(self._numbers)
        name = f"e{number}"
        event = {
            "received_at": wire_time(self.clock()),
            "app": app,
            "event_id": name,
            "seq": number,
            "link": self.random.choice(TEXTS) * self.random.randint(1, 20),
        }
        self.sent[app, name] = event
        return event

    def _bad(self, app: str) -> dict[str, object]:
        bad_id = f"b{next(self._numbers)}"
        self.rejected.add(bad_id)
        return {"received_at": wire_time(self.clock()), "bad_id": bad_id, "app": app, "text": "x"}


@dataclass
class Verdict:
    """What became of what was sent; all but ``raw_duplicates`` must be zero."""

    lost: int = 0
    raw_duplicates: int = 0
    duplicates_after_ingest: int = 0
    corrupted: int = 0


def _line(event: dict[str, object]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode("ascii")


def ingested(objects: Iterable[Iterable[bytes]]) -> list[dict[str, object]]:
    """Rows that the tables hold after these objects came one by one, in this order.

    Of each (app, event_id) the least (received_at, line) stays. Source: docs/tables.md, "How events come in".
    """
    rows: dict[Key, tuple[str, bytes, dict[str, object]]] = {}
    for lines in objects:
        for line in lines:
            event = msgspec.json.decode(line)
            key, copy = (event["app"], event["event_id"]), (event["received_at"], line, event)
            if key not in rows or copy[:2] < rows[key][:2]:
                rows[key] = copy
    return [event for _, _, event in rows.values()]


def judge(traffic: Traffic, s3: FakeS3) -> Verdict:
    """Compare what is stored with what was sent."""
    verdict = Verdict()
    raw: list[list[bytes]] = []
    bad: list[bytes] = []
    for key, body in s3.objects.items():
        lines = _checked(key, body, verdict)
        if key.startswith("raw/"):
            raw.append(lines)
        else:
            bad.extend(lines)
    traffic.random.shuffle(raw)
    rows = ingested(raw)
    for event in rows:
        event.pop("pack_id")
        verdict.corrupted += event != traffic.sent.get((str(event["app"]), str(event["event_id"])))
    # Told by what was counted up when it was made, not by what ingest compares.
    numbers = {event["seq"] for event in rows}
    verdict.lost = len({event["seq"] for event in traffic.sent.values()} - numbers)
    verdict.raw_duplicates = sum(map(len, raw)) - len(numbers)
    verdict.duplicates_after_ingest = len(rows) - len(numbers)
    found = {msgspec.json.decode(line)["bad_id"] for line in bad}
    verdict.lost += len(traffic.rejected - found)
    return verdict


def _checked(key: str, body: bytes, verdict: Verdict) -> list[bytes]:
    """Lines of an object; counts them as corrupted unless name, order, line ends and day are right."""
    parsed, text = parse_key(key), gzip.decompress(body)
    lines = text.splitlines()
    is_whole = hashlib.sha256(text).hexdigest() == parsed.sha256 and lines == sorted(lines) and text.endswith(b"\n")
    day = parsed.day.isoformat().encode("ascii")
    verdict.corrupted += sum(not is_whole or line[DAY_IN_LINE] != day for line in lines)
    return lines


def flush_job(limits: FlushLimits = LIMITS, *, force: bool = True) -> Callable[[World], None]:
    """One invocation of the flush, as a job of the machine."""

    def job(world: World) -> None:
        deadline = world.clock() + timedelta(seconds=RUN_SECONDS)
        flush(world.queue, world.store, limits, world.clock, deadline=deadline, force=force)

    return job


def drain(machine: Machine, limits: FlushLimits = LIMITS) -> None:
    """Let hidden messages come back and flush until the queue is empty; nothing dies here, so no process is needed."""
    job = flush_job(limits)
    world = World(SqsEventQueue(machine.sqs, ""), S3EventStore(machine.s3, ""), machine.clock, machine.witness)
    for _ in range(60):
        if not machine.sqs.bodies:
            return
        machine.clock.advance(VISIBILITY_SECONDS + 1)
        job(world)
    raise AssertionError(f"{len(machine.sqs.bodies)} messages are still queued after 60 runs")
