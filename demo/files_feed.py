"""Listens, ad clicks and ad views in a run of the demo: sent from their files, or put from the cache where they were
sent before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import msgspec

from demo.data_feed import SENT_KINDS, Feeder
from demo.kept_lines import KeptLines, digest
from demo.steps import Steps
from logdig.backfill.sender import Tally
from logdig.store.object_store import EventStore

SIGNED, TYPES, SESSION = b'"signed":true', (b'"type":"listen"', b'"type":"ad"'), b'"session_id":"'
MADE_BY = (
    "demo/generator.py", "logdig/backfill/*.py", "logdig/events/*.py", "logdig/collect/*.py", "logdig/queue/packs.py",
)  # fmt: skip
"""What makes the lines."""


class FilesFeed:
    """Brings the rows of the files into the bucket.

    Args:
        token: Of the app.
        step: Reports each step.
        kept: Lines of generated files, see `kept_files`; None = the files are somebody's own.
    """

    def __init__(self, token: str, step: Steps, kept: KeptLines | None) -> None:
        self._token, self._step, self._kept = token, step, kept
        self._sent: dict[str, int] = {}

    def send(self, feeder: Feeder, files: Mapping[str, Path], shift: timedelta, store: EventStore) -> list[Tally]:
        """Send the files to the collector, their times moved by a shift, or put the kept lines into the bucket."""
        told = self._kept.told() if self._kept else None
        if self._kept and told:
            kept, sent = self._kept, msgspec.json.decode(told, type=dict[str, int])
            put = lambda: kept.put(store, self._token)  # noqa: E731
            lines = self._step(f"{', '.join(sent)} put from the cache", put, lambda lines: f"{lines:,} lines")
            return [Tally(sent=sum(sent.values()), accepted=lines)]
        tallies = {kind: feeder.send(kind, files[kind], shift).tally for kind in SENT_KINDS if kind in files}
        self._sent = {kind: tally.accepted for kind, tally in tallies.items() if not tally.refusals}
        return list(tallies.values())

    def keep(self, store: EventStore) -> None:
        """Keep what was sent, once it is in the bucket, if all of it was accepted."""
        if self._kept and set(self._sent) == set(SENT_KINDS):
            self._kept.keep(store, self._token, sum(self._sent.values()), msgspec.json.encode(self._sent))


def kept_files(folder: Path, day: date, seed: int, listens: int, site_url: str) -> KeptLines:
    """Lines of generated files in the cache.

    Args:
        folder: Of the demo in the user's cache.
        day: Today where the app is: generated files end now.
        seed: Of the files.
        listens: How many there are.
        site_url: Of the run.
    """
    return KeptLines(folder, "files", day, f"{seed}-{listens}-{digest(MADE_BY)}", site_url, is_of_files)


def is_of_files(line: bytes) -> bool:
    """Whether a stored line is one of the files: of all that the demo signs, only they are listens and ads."""
    return SIGNED in line and SESSION not in line and any(one in line for one in TYPES)
