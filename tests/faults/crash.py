"""The crash machine: a flush as a process of its own that SIGKILL ends at a chosen call.

A fork sees queue and store as they are. Every call it makes has its effect in its own memory and is then written, with
its answer, to a journal in one step; SIGKILL strikes before the effect or after the journal, never between. The parent
gives the journal to the true queue and store, which must answer the same, so what happened is known exactly.
"""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import threading
import traceback
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

from logdig.flusher import flush
from tests.faults.road import Flush, Road


@dataclass(frozen=True, slots=True)
class Kill:
    """Die at the call of this number, counted from 1; ``after`` = when it had its effect."""

    call: int
    after: bool


class _Journaled:
    """Queue and store of a child, each call counted, carried out and written down."""

    def __init__(self, road: Road, journal: IO[bytes], kill: Kill) -> None:
        self._road, self._journal, self._kill = road, journal, kill
        self._calls = 0
        self._one_at_a_time = threading.Lock()

    def call(self, part: str, name: str, *arguments: Any) -> Any:
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
            self._journal.write(pickle.dumps(("died", moment, (), None)))
            os.kill(os.getpid(), signal.SIGKILL)


class _Part:
    """Queue or store, every method of it."""

    def __init__(self, part: str, journaled: _Journaled) -> None:
        self._part, self._journaled = part, journaled

    def __getattr__(self, name: str) -> Any:
        return partial(self._journaled.call, self._part, name)


class Child:
    """One flush in a process of its own; it runs from here on, beside others of other roads."""

    def __init__(self, road: Road, kill: Kill, run: Flush = flush) -> None:
        self._road = road
        self._journal = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._pid = os.fork()
        if self._pid == 0:
            _run_in_child(road, self._journal, kill, run)

    def finish(self) -> str:
        """Wait for its end and let its calls happen.

        Returns:
            The moment it died at, such as ``before put``; empty when it ended by itself.
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


def run_killed(road: Road, kill: Kill, run: Flush = flush) -> str:
    """Run one flush until it ends or is killed; return the moment as `Child.finish` does."""
    return Child(road, kill, run).finish()


def count_calls(road: Road) -> int:
    """Calls that a flush would make now."""
    copy = deepcopy(road)
    copy.queue.steps.clear()
    copy.store.steps.clear()
    copy.flush_once()
    return len(copy.queue.steps) + len(copy.store.steps)


def _run_in_child(road: Road, journal: IO[bytes], kill: Kill, run: Flush) -> None:
    """Never return: what follows the fork belongs to the parent."""
    journaled = _Journaled(road, journal, kill)
    try:
        road.flush_once(run, _Part("queue", journaled), _Part("store", journaled))
    except BaseException:
        journal.write(pickle.dumps(("failed", traceback.format_exc(), (), None)))
    finally:
        os._exit(0)


def _carry_out(road: Road, part: str, name: str, arguments: tuple[Any, ...]) -> Any:
    """Call the fake; an error is an answer, and a listing is read to its end."""
    try:
        answer = getattr(getattr(road, part), name)(*arguments)
    except Exception as err:
        return err
    return list(answer) if name == "list" else answer


def _next(journal: IO[bytes]) -> tuple[str, str, tuple[Any, ...], Any] | None:
    try:
        entry: tuple[str, str, tuple[Any, ...], Any] = pickle.load(journal)  # noqa: S301
    except EOFError:
        return None
    return entry
