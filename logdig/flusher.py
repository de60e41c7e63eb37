"""Drain the queue into the store: write first, delete after, delete only what is written.

Whatever step a run dies at, the messages it did not delete come back, and what is written twice is told apart later by
(app, event_id). Several runs at once are safe. The rules and their reasons: docs/flush.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from logdig.erasures import LIST_DAYS, ErasureList, read_list
from logdig.errors import PoisonMessageError, QueueUnavailableError, StoreUnavailableError
from logdig.keys import Zone
from logdig.objects import Buffer, Buffers
from logdig.packing import read_pack
from logdig.poison import poison_line
from logdig.queues import BATCH_LIMIT, EventQueue, Message
from logdig.receiving import receive_all
from logdig.stores import EventStore
from logdig.times import Clock

SUSPECT_AFTER = 5
"""A message received more often than this may be what ends the run; it is handled alone, after everything else."""

SUSPECT_BYTES = 16 * 1024 * 1024
"""Texts of suspects that a run keeps; the others are given back for the next one."""

DELETE_TRIES = 3


@dataclass(frozen=True, slots=True)
class FlushLimits:
    """When a run writes and what it may hold.

    Args:
        min_logs: Write at once when so many logs came.
        interval_seconds: Time until the next run.
        max_age_seconds: No log may wait longer, without faults.
        object_bytes: Text of an object at which it is written.
        object_messages: Messages of an object at which it is written.
        open_bytes: Text of all open buffers; over it the largest is written.
        wait_seconds: Longest wait of one receive.
        receivers: Receive calls under way at once.
        closing_seconds: Kept of the deadline for writing and deleting.
    """

    min_logs: int = 100
    interval_seconds: int = 300
    max_age_seconds: int = 600
    object_bytes: int = 16 * 1024 * 1024
    object_messages: int = 10_000
    open_bytes: int = 48 * 1024 * 1024
    wait_seconds: int = 1
    receivers: int = 4
    closing_seconds: int = 40


SHARE_LEAST_EVENTS = 100


@dataclass(slots=True)
class FlushReport:
    """What a run did; ``errors`` is empty when everything it meant to do is done."""

    received: int = 0
    logs: int = 0
    rejected: int = 0
    poison: int = 0
    objects: int = 0
    already_there: int = 0
    text_bytes: int = 0
    deleted: int = 0
    released: int = 0
    left: int = 0
    stopped: str = ""
    errors: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def rejected_percent(self) -> float:
        """Share of rejected events; 0 where so few came that a share says nothing."""
        came = self.logs + self.rejected
        return round(100 * self.rejected / came, 1) if came >= SHARE_LEAST_EVENTS else 0.0

    def as_json(self) -> str:
        """One line for logs; an alarm reads ``rejected_percent`` from it."""
        return json.dumps(asdict(self) | {"rejected_percent": self.rejected_percent}, separators=(",", ":"))


def flush(
    queue: EventQueue,
    store: EventStore,
    limits: FlushLimits,
    clock: Clock,
    *,
    deadline: datetime,
    force: bool = False,
) -> FlushReport:
    """Move what is queued into objects.

    Args:
        queue: Where packs wait.
        store: Where objects go.
        limits: See `FlushLimits`.
        clock: Gives the time, UTC.
        deadline: The run ends before this time.
        force: Write whatever is there, however little.
    Returns:
        The report. A queue or store that fails raises nothing: ``errors`` says so, and the messages stay queued.
    """
    run = _Run(queue, store, limits, clock, deadline)
    run.read_erasures()
    suspects = run.collect(receive_all(queue, limits, clock, deadline, run.report))
    # A message given back too often would end in the dead-letter queue; suspects therefore make a run due.
    if force or run.due() or suspects or run.report.objects:
        run.write_open()
        run.delete_written()
        for message in suspects:
            run.handle_alone(message)
    run.finish()
    return run.report


class _Run:
    """State of one run: open buffers, and in how many of them each held message still lies."""

    def __init__(
        self, queue: EventQueue, store: EventStore, limits: FlushLimits, clock: Clock, deadline: datetime
    ) -> None:
        self._queue, self._store, self._limits, self._clock, self._deadline = queue, store, limits, clock, deadline
        self._buffers = Buffers()
        self._held: dict[str, Message] = {}
        self._unwritten: dict[str, int] = {}
        self._written: dict[str, Message] = {}
        self._oldest: datetime | None = None
        self._blocked = False
        self._erasures: ErasureList | None = None
        self.report = FlushReport()

    def read_erasures(self) -> None:
        """Learn who was forgotten while their events were under way; without the list nothing may be written."""
        try:
            self._erasures = read_list(self._store, self._clock() - timedelta(days=LIST_DAYS))
        except StoreUnavailableError as err:
            self._block(err.message)

    def collect(self, messages: Iterator[Message]) -> list[Message]:
        """Take messages into buffers, writing what is full; return those to be handled alone."""
        suspects: dict[str, Message] = {}
        suspect_bytes = 0
        for message in messages:
            if message.receive_count > SUSPECT_AFTER and not self._has(message):
                suspect_bytes += len(message.body)
                if message.message_id in suspects or suspect_bytes <= SUSPECT_BYTES:
                    suspects[message.message_id] = message
                else:
                    self._hold(message)
            elif self._blocked:
                self._hold(message)
            else:
                self._take(message)
                self._write(self._buffers.full(self._limits.object_bytes, self._limits.object_messages))
                self._write_largest_while_over()
                self.delete_written(whole_batches_only=True)
        return sorted(suspects.values(), key=_turn)

    def due(self) -> bool:
        """Tell whether enough logs came, or the oldest would grow too old by the next run."""
        if self.report.logs + self.report.rejected >= self._limits.min_logs:
            return True
        if self._oldest is None:
            return False
        by_then = self._clock() - self._oldest + timedelta(seconds=self._limits.interval_seconds + 60)
        return self.report.poison > 0 or by_then >= timedelta(seconds=self._limits.max_age_seconds)

    def _take(self, message: Message) -> None:
        if self._has(message):
            # The same message again: only its latest receipt can still delete it.
            held = self._held if message.message_id in self._unwritten else self._written
            held[message.message_id] = replace(message, body="")
            return
        self._hold(message)
        try:
            found = read_pack(message.body, message.message_id)
        except PoisonMessageError as err:
            self.report.poison += 1
            self._oldest = min(self._oldest or message.sent_at, message.sent_at)
            lines = [poison_line(message, err.reason)]
            self._unwritten[message.message_id] = self._add("bad", lines, message)
            return
        self.report.logs += len(found.events)
        self.report.rejected += len(found.rejected)
        self._oldest = min(self._oldest or found.received_at, found.received_at)
        touched = self._add("raw", found.event_lines(), message) + self._add("bad", found.rejected_lines(), message)
        self._unwritten[message.message_id] = touched
        if touched == 0:
            self._now_written([message.message_id], 0)

    def _add(self, zone: Zone, lines: Iterable[bytes], message: Message) -> int:
        if self._erasures is not None:
            lines = map(partial(self._erasures.cleaned, zone), lines)
        return self._buffers.add(zone, lines, message.message_id)

    def _has(self, message: Message) -> bool:
        """Tell whether this run has taken the message already and not yet deleted it."""
        return message.message_id in self._unwritten or message.message_id in self._written

    def _hold(self, message: Message) -> None:
        """Remember a message for deleting or giving back; its text would double the memory of the buffers."""
        self._held[message.message_id] = replace(message, body="")

    def _write_largest_while_over(self) -> None:
        while self._buffers.size_bytes > self._limits.open_bytes and not self._blocked:
            largest = self._buffers.largest()
            self._write([largest] if largest else [])

    def write_open(self) -> None:
        """Write every open buffer, largest first."""
        while (largest := self._buffers.largest()) is not None and not self._blocked:
            self._write([largest])

    def _write(self, buffers: Iterable[Buffer]) -> None:
        for buffer in buffers:
            if self._blocked:
                return
            if self._is_late():
                self._block("the deadline came before everything was written")
                return
            built = buffer.build()
            try:
                is_new = self._store.put(built.key, built.body)
            except StoreUnavailableError as err:
                self._block(err.message)
                return
            self._buffers.take(buffer)
            self.report.objects += 1
            self.report.already_there += not is_new
            self.report.text_bytes += built.text_bytes
            self.report.keys.append(built.key)
            self._now_written(buffer.message_ids, 1)

    def _now_written(self, message_ids: Iterable[str], buffers: int) -> None:
        for message_id in message_ids:
            self._unwritten[message_id] -= buffers
            if self._unwritten[message_id] == 0:
                del self._unwritten[message_id]
                self._written[message_id] = self._held.pop(message_id)

    def delete_written(self, *, whole_batches_only: bool = False) -> None:
        """Delete messages all of whose lines are written, ten a call."""
        least = BATCH_LIMIT if whole_batches_only else 1
        while len(self._written) >= least and not self._is_late():
            batch = [self._written.pop(key) for key in list(self._written)[:BATCH_LIMIT]]
            failed = self._delete(batch)
            self.report.deleted += len(batch) - len(failed)
            self.report.left += len(failed)
            if failed:
                # Written but still queued: they come back and are written again, which ingest tells apart.
                self.report.errors.append(f"{len(failed)} written messages could not be deleted")

    def _delete(self, batch: list[Message]) -> list[Message]:
        left = batch
        for _ in range(DELETE_TRIES):
            with suppress(QueueUnavailableError):
                left = self._queue.delete(left)
            if not left or self._is_late():
                break
        return left

    def handle_alone(self, message: Message) -> None:
        """Read, write and delete one message by itself, so that it harms no other."""
        if self._blocked:
            self._hold(message)
            return
        self._take(message)
        self.write_open()
        self.delete_written()

    def finish(self) -> None:
        """Delete what is written and give everything else back."""
        self.delete_written()
        if self._written:
            self.report.left += len(self._written)
            self.report.errors.append(f"the deadline came before {len(self._written)} written messages were deleted")
        held = list(self._held.values())
        for start in range(0, len(held), BATCH_LIMIT):
            if self._is_late():
                break
            batch = held[start : start + BATCH_LIMIT]
            try:
                failed = self._queue.release(batch)
            except QueueUnavailableError:
                failed = batch
            # Those come back by themselves when their visibility ends.
            self.report.released += len(batch) - len(failed)
        if self._blocked:
            self.report.left += len(held)

    def _is_late(self) -> bool:
        return self._clock() >= self._deadline

    def _block(self, reason: str) -> None:
        """Write nothing more in this run."""
        self._blocked = True
        self.report.errors.append(reason)


def _turn(message: Message) -> bytes:
    """Order suspects differently in every run, so that the one that ends runs does not keep the same ones waiting."""
    return hashlib.sha256(f"{message.message_id} {message.receive_count}".encode()).digest()
