"""The month's stored lines in the user's cache, with what is planted in them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from demo.kept_lines import KeptLines, digest
from demo.story.month import Month
from demo.story.truth import Truth
from logdig.store.object_store import EventStore

MARKS = (b'"signed":true', b'"session_id":"')
"""Of all that the demo sends, only lines of the month have both: browsers do not sign, other files know no sessions."""
MADE_BY = ("demo/story/*.py", "demo/layout.json", "logdig/events/*.py", "logdig/collect/*.py", "logdig/queue/packs.py")
"""What makes the lines, and the truth beside them: after a change of it, they are made anew."""
READERS = ("__main__.py", "asked.py", "kept.py", "report.py", "verdict.py")
"""Files of the story that only read them."""


class KeptMonth:
    """One month in the cache.

    Args:
        folder: Of the demo in the user's cache.
        month: Its seed and days name the file.
    """

    def __init__(self, folder: Path, month: Month) -> None:
        version = f"{month.seed}-{month.visitors}-{digest(MADE_BY, READERS)}"
        self._lines = KeptLines(folder, "month", month.last_day, version, month.site_url, is_of_month)

    def truth(self) -> Truth | None:
        """What is planted in the kept month; None = no month is kept."""
        told = self._lines.told()
        return None if told is None else msgspec.json.decode(told, type=Truth)

    def keep(self, store: EventStore, token: str, truth: Truth) -> bool:
        """Keep the month's lines and what is planted; see `demo.kept_lines.KeptLines.keep`."""
        return self._lines.keep(store, token, truth.events, msgspec.json.encode(truth))

    def put(self, store: EventStore, token: str) -> int:
        """Put the kept lines into a bucket as the flush would; return how many there are."""
        return self._lines.put(store, token)


def is_of_month(line: bytes) -> bool:
    """Whether a stored line is one of the month."""
    return all(mark in line for mark in MARKS)
