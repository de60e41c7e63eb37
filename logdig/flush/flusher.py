"""Drain the queue into the store: write first, delete after, delete only what is written.

If a run dies at any step, the messages that it did not delete reappear, and ingest merges lines written twice by
(app, event_id). Concurrent runs are safe. The rules and their reasons: docs/flush.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from logdig.errors import PoisonMessageError, QueueUnavailableError, StoreUnavailableError
from logdig.flush.in_flight import InFlight
from logdig.flush.on_listen import ListenReactions, Reaction
from logdig.flush.poison import poison_line
from logdig.flush.receiver import receive_all
from logdig.flush.redelivered import RedeliveredMessages
from logdig.flush.report import FlushReport
from logdig.privacy.erasure_list import LIST_DAYS, ErasureList, read_list
from logdig.queue.event_queue import BATCH_LIMIT, EventQueue, Message
from logdig.queue.packs import read_pack
from logdig.store.keys import Zone
from logdig.store.object_store import EventStore
from logdig.store.objects import Buffer, Buffers
from logdig.times import Clock

DELETE_TRIES = 3


@dataclass(frozen=True, slots=True)
class FlushLimits:
    """When a run writes and what it may hold.

    Args:
        min_logs: Write at once after this many logs.
        interval_seconds: Time until the next run.
        max_age_seconds: Longest wait of a log, without faults.
        object_bytes: Text of an object at which it is written.
        object_messages: Messages of an object at which it is written.
        open_bytes: Text of all open buffers; above it the largest is written.
        wait_seconds: Longest wait of one receive.
        receivers: Concurrent receive calls.
        closing_seconds: Reserved before the deadline for writing and deleting.
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


def flush(
    queue: EventQueue,
    store: EventStore,
    limits: FlushLimits,
    clock: Clock,
    *,
    deadline: datetime,
    force: bool = False,
    on_listen: Sequence[Reaction] = (),
) -> FlushReport:
    """Move queued messages into objects.

    Args:
        queue: Where packs wait.
        store: Where objects go.
        limits: See `FlushLimits`.
        clock: Returns the time, UTC.
        deadline: The run ends before this time.
        force: Write even a few logs.
        on_listen: What is done about the listens that were written; it comes last and fails nothing.
    Returns:
        The report. A failing queue or store raises nothing: it is in ``errors``, and the messages stay queued.
    """
    run = _Run(queue, store, limits, clock, deadline, on_listen)
    run.read_erasures()
    redelivered = run.collect(receive_all(queue, limits, clock, deadline, run.report))
    # A message released too often would end in the dead-letter queue; redelivered ones therefore make a run due.
    if force or run.due() or redelivered or run.report.objects:
        run.write_open()
        run.delete_written()
        for message in redelivered:
            run.handle_alone(message)
    run.finish()
    return run.report


class _Run:
    """State of one run: open buffers, and the messages in flight."""

    def __init__(
        self,
        queue: EventQueue,
        store: EventStore,
        limits: FlushLimits,
        clock: Clock,
        deadline: datetime,
        on_listen: Sequence[Reaction],
    ) -> None:
        self._queue, self._store, self._limits, self._clock, self._deadline = queue, store, limits, clock, deadline
        self._buffers = Buffers()
        self._in_flight = InFlight()
        self._oldest: datetime | None = None
        self._blocked = False
        self._erasures: ErasureList | None = None
        self._on_listen = ListenReactions(on_listen) if on_listen else None
        self.report = FlushReport()

    def read_erasures(self) -> None:
        """Read the list of erasures; without it nothing may be written."""
        try:
            self._erasures = read_list(self._store, self._clock() - timedelta(days=LIST_DAYS))
        except StoreUnavailableError as err:
            self._block(err.message)

    def collect(self, messages: Iterator[Message]) -> list[Message]:
        """Put messages into buffers and write full ones; return the messages to handle alone."""
        redelivered = RedeliveredMessages()
        for message in messages:
            if RedeliveredMessages.is_redelivered(message) and not self._in_flight.has(message):
                if not redelivered.keep(message):
                    self._in_flight.hold(message)
            elif self._blocked:
                self._in_flight.hold(message)
            else:
                self._take(message)
                self._write(self._buffers.full(self._limits.object_bytes, self._limits.object_messages))
                self._write_largest_while_over()
                self.delete_written(whole_batches_only=True)
        return redelivered.shuffled()

    def due(self) -> bool:
        """Tell whether there are enough logs, or the oldest would be too old at the next run."""
        if self.report.logs + self.report.rejected >= self._limits.min_logs:
            return True
        if self._oldest is None:
            return False
        age_at_next_run = self._clock() - self._oldest + timedelta(seconds=self._limits.interval_seconds + 60)
        return self.report.poison > 0 or age_at_next_run >= timedelta(seconds=self._limits.max_age_seconds)

    def _take(self, message: Message) -> None:
        if self._in_flight.has(message):
            self._in_flight.renew(message)
            return
        try:
            pack = read_pack(message.body, message.message_id)
        except PoisonMessageError as err:
            self.report.poison += 1
            self._oldest = min(self._oldest or message.sent_at, message.sent_at)
            lines = [poison_line(message, err.reason)]
            self._in_flight.take(message, self._add("bad", lines, message))
            return
        self.report.logs += len(pack.events)
        self.report.rejected += len(pack.rejected)
        self._oldest = min(self._oldest or pack.received_at, pack.received_at)
        buffers = self._add("raw", pack.event_lines(), message) + self._add("bad", pack.rejected_lines(), message)
        self._in_flight.take(message, buffers)

    def _add(self, zone: Zone, lines: Iterable[bytes], message: Message) -> int:
        if self._erasures is not None:
            lines = map(partial(self._erasures.cleaned, zone), lines)
        if self._on_listen and zone == "raw":
            lines = self._on_listen.watch(lines, message.message_id, self.report)
        return self._buffers.add(zone, lines, message.message_id)

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
            self._in_flight.wrote(buffer.message_ids)
            if self._on_listen and buffer.zone == "raw":
                self._on_listen.wrote(buffer.message_ids)

    def delete_written(self, *, whole_batches_only: bool = False) -> None:
        """Delete messages all of whose lines are written, ten a call."""
        least = BATCH_LIMIT if whole_batches_only else 1
        while self._in_flight.written >= least and not self._is_late():
            batch = self._in_flight.pop_written(BATCH_LIMIT)
            failed = self._delete(batch)
            self.report.deleted += len(batch) - len(failed)
            self.report.left += len(failed)
            if failed:
                # Written but still queued: they reappear and are written again, which ingest merges.
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
        """Read, write and delete one message by itself, so that it cannot harm others."""
        if self._blocked:
            self._in_flight.hold(message)
            return
        self._take(message)
        self.write_open()
        self.delete_written()

    def finish(self) -> None:
        """Delete written messages and release all others."""
        self.delete_written()
        if written := self._in_flight.written:
            self.report.left += written
            self.report.errors.append(f"the deadline came before {written} written messages were deleted")
        unwritten = self._in_flight.unwritten()
        for start in range(0, len(unwritten), BATCH_LIMIT):
            if self._is_late():
                break
            batch = unwritten[start : start + BATCH_LIMIT]
            try:
                failed = self._queue.release(batch)
            except QueueUnavailableError:
                failed = batch
            # Those reappear when their visibility timeout ends.
            self.report.released += len(batch) - len(failed)
        if self._blocked:
            self.report.left += len(unwritten)
        if self._on_listen:
            self._on_listen.run(self.report, self._clock, self._deadline)

    def _is_late(self) -> bool:
        return self._clock() >= self._deadline

    def _block(self, reason: str) -> None:
        """Write nothing more in this run."""
        self._blocked = True
        self.report.errors.append(reason)
