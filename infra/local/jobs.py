"""Ingest and marts after each flush, with one Spark that stays: ``python -m infra.local.jobs --every 10``."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from analytics.jobs.registry import MARTS, together
from infra.local.new_pictures import NewPictures
from infra.local.notices import notice
from logdig.aws.clients import s3_store
from logdig.config.loader import find_settings
from logdig.config.settings import Settings
from logdig.errors import LogDigError
from logdig.marts.reader import Marts
from logdig.parent import exit_when_parent_ends

if TYPE_CHECKING:
    from analytics.jobs.report import JobReport

SOURCES = ("raw/", "bad/", "load/")
"""Folders of the bucket that jobs read."""
COUNTED = ("raw", "bad", "unreadable")
"""Notes of ingest that count new lines."""
RETRY_SECONDS = 30.0
"""After a failed run, when nothing new has come meanwhile."""
CANNOT_START = 3
"""Exit code when Spark cannot start at all, so that a new process would not either."""
SHOWN_CHARACTERS = 300

Objects = frozenset[tuple[str, int]]
"""Keys of objects with their sizes in bytes."""


class MartRuns:
    """Runs ingest and marts when there is something new.

    Args:
        find: Lists what jobs read.
        run_jobs: Runs a group of `analytics.jobs.registry.together`.
        hold: Keeps others from writing the tables while the block runs.
        tell: Takes one line for the user.
        clock: Seconds, monotonic.
        follow: Called after each run that went well.
    """

    def __init__(
        self,
        find: Callable[[], Objects],
        run_jobs: Callable[[Sequence[str]], list[JobReport]],
        hold: Callable[[], AbstractContextManager[None]],
        tell: Callable[[str], None],
        clock: Callable[[], float],
        follow: Callable[[], object] = lambda: None,
    ) -> None:
        self._find, self._run_jobs, self._hold, self._tell, self._clock = find, run_jobs, hold, tell, clock
        self._follow = follow
        self._done: Objects = frozenset()
        self._failed: Objects = frozenset()
        self._retry_at, self._told = 0.0, ""

    def step(self) -> None:
        """Run once if there are objects that no run has read; an error is one line, and a later step tries again."""
        found = self._done
        try:
            found = self._find()
            if found <= self._done or (found == self._failed and self._clock() < self._retry_at):
                return
            self._run(found - self._done)
        except Exception as err:
            # The edge of this process: whatever is wrong with one run, the next may go well.
            self._failed, self._retry_at = found, self._clock() + RETRY_SECONDS
            self._tell_error(f"marts: {first_line(err)}; the next run tries again")
        else:
            self._done, self._failed, self._told = found, frozenset(), ""

    def _run(self, new: Objects) -> None:
        started = self._clock()
        if not self._done:
            self._tell(f"marts: making the tables from {len(new)} stored objects")
        with self._hold():
            counts = self._run_jobs(["ingest"])[0].notes
            if any(counts[kind] for kind in COUNTED) or any(key.startswith("load/") for key, _ in new):
                for names in together(MARTS):
                    self._run_jobs(names)
        seconds = self._clock() - started
        self._tell(f"marts: {counts['raw']} events and {counts['bad']} rejected are in the tables ({seconds:.1f} s)")
        self._follow()

    def _tell_error(self, text: str) -> None:
        """Say an error once, however often it comes back."""
        if text != self._told:
            self._told = text
            self._tell(text)


def first_line(err: Exception) -> str:
    """First line of an error, without stack traces."""
    text = err.message if isinstance(err, LogDigError) else str(err)
    line = (text.strip().splitlines() or [""])[0][:SHOWN_CHARACTERS]
    return line if isinstance(err, LogDigError) else f"{type(err).__name__}: {line}"


def find_objects(settings: Settings, prefixes: Iterable[str] = SOURCES) -> Objects:
    """List what jobs read."""
    store = s3_store(settings)
    return frozenset((entry.key, entry.size_bytes) for prefix in prefixes for entry in store.list(prefix))


@click.command()
@click.option("--every", required=True, type=float, help="Seconds between two looks.")
def main(every: float) -> None:
    """Run until the process is ended."""
    threading.Thread(target=exit_when_parent_ends, args=(os.getppid(),), daemon=True).start()
    from analytics.jobs.runs import run_together_noted, writing
    from analytics.spark import session

    started = time.monotonic()
    try:
        settings = find_settings(os.environ)
        notice("marts: starting Spark; they follow each flush by themselves")
        spark = session(settings, os.environ)
    except LogDigError as err:
        notice(f"marts: {err.message}; they stay as they are until 'logdig dev' starts again")
        sys.exit(CANNOT_START)
    notice(f"marts: Spark is ready ({time.monotonic() - started:.0f} s)")

    def clock() -> datetime:
        return datetime.now(UTC)

    pictures = NewPictures(settings, Marts(settings, os.environ), s3_store(settings), clock, notice)
    runs = MartRuns(
        lambda: find_objects(settings),
        lambda names: run_together_noted(names, spark, settings, clock),
        # Whoever else is at work is named; the next step tries again.
        lambda: writing(settings, "logdig dev", clock, wait_seconds=0),
        notice,
        time.monotonic,
        pictures.take,
    )
    while not spark.sparkContext._jsc.sc().isStopped():
        runs.step()
        time.sleep(every)
    sys.exit("Spark has stopped")


if __name__ == "__main__":
    main()
