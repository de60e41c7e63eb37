"""The month of browsing in a run of the demo: written and sent, or put from the cache where it was sent before."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from pathlib import Path

from demo.data_feed import Feeder
from demo.layout import read_layout
from demo.steps import Steps
from demo.story.counting import count
from demo.story.generator import story_events, write_events
from demo.story.kept import KeptMonth
from demo.story.month import Month
from demo.story.truth import Truth
from logdig.backfill.sender import Tally
from logdig.config.settings import AppSettings
from logdig.store.object_store import EventStore


class MonthFeed:
    """Brings the month's events into the bucket.

    Args:
        month: What is written.
        path: NDJSON file of its events.
        cache: Folder in which a sent month is kept.
        app: App of the site.
        step: Reports each step.
    """

    def __init__(self, month: Month, path: Path, cache: Path, app: AppSettings, step: Steps) -> None:
        self._month, self._path, self._app, self._step = month, path, app, step
        self._kept = KeptMonth(cache, month)
        self._planted: Future[Truth] | None = None
        self._is_kept = False

    def start(self, pool: Executor) -> None:
        """Begin to write the events, or to read what is planted in those that were kept."""
        self._planted = pool.submit(self._prepare)

    @property
    def truth(self) -> Truth:
        """What is planted; waits for it."""
        if self._planted is None:
            raise RuntimeError("start first")
        return self._planted.result()

    def send(self, feeder: Feeder, store: EventStore) -> Tally:
        """Send the events to the collector, or put the kept lines into the bucket."""
        truth = self._step("month of browsing", lambda: self.truth, lambda truth: f"{truth.events:,} events")
        if not self._is_kept:
            return feeder.send("events", self._path).tally
        lines = self._step(
            "month put from the cache", lambda: self._kept.put(store, self._app.token), lambda lines: f"{lines:,} lines"
        )
        return Tally(sent=truth.events, accepted=lines)

    def keep(self, store: EventStore) -> None:
        """Keep what was sent, once it is in the bucket."""
        if not self._is_kept:
            self._kept.keep(store, self._app.token, self.truth)

    def _prepare(self) -> Truth:
        truth = self._kept.truth()
        self._is_kept = truth is not None
        if truth is not None:
            return truth
        return count(write_events(story_events(self._month, read_layout()), self._path), self._month)
