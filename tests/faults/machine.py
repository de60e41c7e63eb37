"""The crash machine: a process that works against AWS kept by another one, and is killed at a chosen step.

The queue and the store live in this process. Whatever uses them runs in a forked child that asks over a pipe, so that
a SIGKILL takes everything the child had and nothing that AWS had. Each call has two points at which its caller can die:
before its effect, and after its effect but before its answer.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from random import Random
from typing import Any

from logdig.queues import SqsEventQueue
from logdig.stores import S3EventStore
from tests.fakes.queue import FakeClock, FakeSqs
from tests.fakes.store import FakeS3

IS_FULL = os.environ.get("LOGDIG_FAULTS") == "full"


def runs(short: int, full: int) -> int:
    """How often to try: few in `make test`, many in `make faults`."""
    return full if IS_FULL else short


class Remote:
    """A client of one service, in the child: every operation is a question to the parent."""

    exceptions = FakeS3.exceptions

    def __init__(self, wire: Connection, lock: threading.Lock, clock: FakeClock, service: str) -> None:
        self._wire, self._lock, self._clock, self._service = wire, lock, clock, service

    def get_paginator(self, _operation: str) -> Remote:
        """As of boto3; all pages come in one answer."""
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return partial(self._ask, operation)

    def _ask(self, operation: str, **arguments: object) -> Any:
        with self._lock:
            self._wire.send((self._service, operation, arguments))
            self._clock.now, answer = self._wire.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class World:
    """What a child sees: AWS as the real adapters show it, the time, and a way to say what was promised."""

    queue: SqsEventQueue
    store: S3EventStore
    clock: FakeClock
    witness: Any


@dataclass
class Witness:
    """Keeps, outside of every child, what a child promised to its callers."""

    promised: set[str] = field(default_factory=set)

    def promise(self, *, name: str) -> None:
        """Note that a caller has heard yes."""
        self.promised.add(name)


Job = Callable[[World], None]


class Machine:
    """Queue, store and witness, and the children that use them.

    Args:
        clock: Time of queue and children.
        random: Order in which children that ask at once are answered.
        sqs: Queue; a fresh one by default.
        s3: Store; an empty one by default.
    """

    def __init__(
        self, clock: FakeClock, random: Random, *, sqs: FakeSqs | None = None, s3: FakeS3 | None = None
    ) -> None:
        self.clock, self._random = clock, random
        self.sqs, self.s3, self.witness = sqs or FakeSqs(clock, random), s3 or FakeS3(), Witness()
        self._services = {"sqs": self.sqs, "s3": self.s3, "witness": self.witness}

    def run(self, *jobs: Job, kill_at: int | None = None) -> str | None:
        """Run each job in a process of its own; kill the one that stands at point ``kill_at``, counted over all.

        Returns:
            Where it was killed, such as ``after put_object``; None when it was not.
        """
        children = dict(self._start(job) for job in jobs)
        killed, point = None, 0
        while children:
            ready: Any = wait(list(children))
            wire = self._random.choice(ready)
            try:
                service, operation, arguments = wire.recv()
            except EOFError:
                self._reap(children.pop(wire), wire)
                continue
            for moment in ("before", "after"):
                is_last, point = point == kill_at, point + 1
                if is_last:
                    killed = f"{moment} {operation}"
                    os.kill(children[wire], signal.SIGKILL)
                    self._reap(children.pop(wire), wire, killed=True)
                    break
                if moment == "before":
                    answer = self._answer(service, operation, arguments)
            else:
                wire.send((self.clock.now, answer))
        return killed

    def _answer(self, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        try:
            return getattr(self._services[service], operation)(**arguments)
        except Exception as err:
            return err

    def _start(self, job: Job) -> tuple[Connection, int]:
        ours, theirs = Pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                ours.close()
                job(self._world(theirs))
                code = 0
            finally:
                os._exit(code)
        theirs.close()
        return ours, pid

    def _world(self, wire: Connection) -> World:
        lock, clock = threading.Lock(), FakeClock(self.clock.now)
        sqs, s3, witness = (Remote(wire, lock, clock, name) for name in ("sqs", "s3", "witness"))
        return World(SqsEventQueue(sqs, "faults"), S3EventStore(s3, "faults"), clock, witness)

    @staticmethod
    def _reap(pid: int, wire: Connection, *, killed: bool = False) -> None:
        wire.close()
        _, status = os.waitpid(pid, 0)
        expected = signal.SIGKILL if killed else 0
        found = os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        assert found == expected, f"a child ended with {found}, not {expected}"
