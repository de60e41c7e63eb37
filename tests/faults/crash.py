"""The crash machine: work against AWS in a process of its own that SIGKILL ends at a chosen call.

A fork sees queues and store as they are, through the real adapters. Every call of a client has its effect in the fork's
own memory and is then written, with its answer, to a journal in one step; SIGKILL strikes before the effect or after
the journal, never between. The parent gives the journal to the true queues and store, which must answer the same, so
what happened is known exactly.
"""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import threading
import traceback
from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

from logdig.flush.flusher import flush
from logdig.queue.event_queue import SqsEventQueue
from logdig.store.object_store import S3EventStore
from tests.fakes.store import FakeS3
from tests.faults.harness import Flush, FlushHarness


@dataclass(frozen=True, slots=True)
class Kill:
    """Die at the call of this number, counted from 1; ``after`` = when it had its effect."""

    call: int
    after: bool


@dataclass(frozen=True, slots=True)
class JobClients:
    """Arguments of a job: the harness, and clients of its parts whose calls are journaled."""

    harness: FlushHarness
    queue: SqsEventQueue
    dlq: SqsEventQueue
    store: S3EventStore
    acknowledge: Callable[[tuple[bytes, ...]], None]


Job = Callable[[JobClients], object]


def flush_job(run: Flush = flush) -> Job:
    """One invocation of the flush."""
    return lambda clients: clients.harness.flush_once(run, clients.queue, clients.store)


class Child:
    """One job in a process of its own; it runs from here on, beside those of other harnesses."""

    def __init__(self, harness: FlushHarness, kill: Kill, job: Job) -> None:
        self._road = harness
        self._journal = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._pid = os.fork()
        if self._pid == 0:
            _run_in_child(harness, self._journal, kill, job)

    def finish(self) -> str:
        """Wait for its end and let its calls happen.

        Returns:
            The moment it died at, such as ``before put_object``; empty when it ended by itself.
        """
        status = os.waitpid(self._pid, 0)[1]
        self._journal.seek(0)
        died_at = ""
        with self._journal as journal:
            while entry := _next(journal):
                part, name, arguments, answer = entry
                if part == "died":
                    died_at = name
                    continue
                assert part != "failed", name
                replayed = _carry_out(self._road, part, name, arguments)
                assert repr(replayed) == repr(answer), f"{part} {name} answered otherwise"
        assert os.WIFSIGNALED(status) == bool(died_at)
        return died_at


def run_killed(harness: FlushHarness, kill: Kill, job: Job) -> str:
    """Run one job until it ends or is killed; return the moment as `Child.finish` does."""
    return Child(harness, kill, job).finish()


def count_calls(harness: FlushHarness, run: Flush = flush) -> int:
    """Calls that a flush would make now."""
    # The witness is not asked, and a deep copy of a Random goes through its 625 numbers one by one.
    randoms = (harness.random, harness.queue._random, harness.dlq._random)
    trial = deepcopy(harness, {id(harness.witness): harness.witness} | {id(random): copy(random) for random in randoms})
    trial.queue.steps.clear()
    trial.store.steps.clear()
    trial.flush_once(run)
    return len(trial.queue.steps) + len(trial.store.steps)


class _Journaled:
    """Each call of a child counted, carried out and written down."""

    def __init__(self, harness: FlushHarness, journal: IO[bytes], kill: Kill) -> None:
        self._road, self._journal, self._kill = harness, journal, kill
        self._calls = 0
        self._one_at_a_time = threading.Lock()

    def call(self, part: str, name: str, **arguments: Any) -> Any:
        with self._one_at_a_time:
            self._calls += 1
            self._die_if(Kill(self._calls, after=False), f"before {name}")
            answer = _carry_out(self._road, part, name, arguments)
            self._journal.write(pickle.dumps((part, name, arguments, answer)))
            self._die_if(Kill(self._calls, after=True), f"after {name}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _die_if(self, now: Kill, moment: str) -> None:
        if now == self._kill:
            self._journal.write(pickle.dumps(("died", moment, {}, None)))
            os.kill(os.getpid(), signal.SIGKILL)


class _Client:
    """A client of boto3 as the adapters see it, of one part of the harness."""

    exceptions = FakeS3.exceptions

    def __init__(self, part: str, journaled: _Journaled) -> None:
        self._part, self._journaled = part, journaled

    def get_paginator(self, _operation: str) -> _Client:
        """As of boto3; the fake gives all pages at once."""
        return self

    def __getattr__(self, name: str) -> Any:
        return partial(self._journaled.call, self._part, name)


def _run_in_child(harness: FlushHarness, journal: IO[bytes], kill: Kill, job: Job) -> None:
    """Never return: what follows the fork belongs to the parent."""
    journaled = _Journaled(harness, journal, kill)
    queue, dlq = (SqsEventQueue(_Client(part, journaled), part) for part in ("queue", "dlq"))
    store = S3EventStore(_Client("store", journaled), "store")
    try:
        job(JobClients(harness, queue, dlq, store, lambda lines: journaled.call("witness", "acknowledge", lines=lines)))
    except BaseException:
        journal.write(pickle.dumps(("failed", traceback.format_exc(), {}, None)))
    finally:
        os._exit(0)


def _carry_out(harness: FlushHarness, part: str, name: str, arguments: dict[str, Any]) -> Any:
    """Call the fake; an error is an answer."""
    try:
        return getattr(getattr(harness, part), name)(**arguments)
    except Exception as err:
        return err


def _next(journal: IO[bytes]) -> tuple[str, str, dict[str, Any], Any] | None:
    try:
        entry: tuple[str, str, dict[str, Any], Any] = pickle.load(journal)  # noqa: S301 (its own child wrote it)
    except EOFError:
        return None
    return entry
