"""The month's stored lines, kept in the user's cache so that another demo of the day starts at the flush.

A line is kept without what differs between two runs, the site's address and the app's token; it gets those of the run
that puts it into its bucket.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from demo.story.month import Month
from demo.story.truth import Truth
from infra.paths import ROOT
from logdig.events.lines import DAY_IN_LINE
from logdig.store.object_store import EventStore
from logdig.store.objects import build_object, decompress

SITE, TOKEN = b"http://site.invalid", b"pk_token_invalid"
"""Stand in kept lines for the site's address and the token."""
MARKS = (b'"signed":true', b'"session_id":"')
"""Of all that the demo sends, only lines of the month have both: browsers do not sign, other files know no sessions."""
OBJECT_BYTES = 16 * 1024 * 1024
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
        name = f"month-{month.seed}-{month.last_day}-{month.visitors}-{_digest()}"
        self._folder, self._month = folder, month
        self._lines, self._truth = folder / f"{name}.jsonl.gz", folder / f"{name}.json"

    def truth(self) -> Truth | None:
        """What is planted in the kept month; None = no month is kept."""
        if not self._truth.is_file():
            return None
        return msgspec.json.decode(self._truth.read_bytes(), type=Truth)

    def keep(self, store: EventStore, token: str, truth: Truth) -> bool:
        """Keep the month's lines out of all that is stored, in place of months that ended on other days.

        Args:
            store: Of the run.
            token: Of the run.
            truth: What is planted.
        Returns:
            False = the store does not hold each event once, so that nothing is kept.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        # Another run may keep the same month at the same time.
        handle, name = tempfile.mkstemp(prefix="part-", dir=self._folder)
        part, lines = Path(name), 0
        with os.fdopen(handle, "wb") as raw, gzip.open(raw, "wb", compresslevel=1) as file:
            for line in _month_lines(store):
                file.write(_replaced(line, (self._site, SITE), (token.encode(), TOKEN)) + b"\n")
                lines += 1
        if lines != truth.events:
            part.unlink()
            return False
        for old in self._folder.glob("month-*"):
            if f"-{self._month.last_day}-" not in old.name:
                old.unlink(missing_ok=True)
        planted = part.with_suffix(".json")
        planted.write_bytes(msgspec.json.encode(truth))
        part.replace(self._lines)
        # Last, so that what is there is whole.
        planted.replace(self._truth)
        return True

    def put(self, store: EventStore, token: str) -> int:
        """Put the kept lines into a bucket as the flush would; return how many there are.

        Args:
            store: Of the run.
            token: Of the run.
        """
        with gzip.open(self._lines, "rb") as file:
            lines = (_replaced(line.rstrip(b"\n"), (SITE, self._site), (TOKEN, token.encode())) for line in file)
            return sum(_put_object(store, chunk) for chunk in _chunks(lines))

    @property
    def _site(self) -> bytes:
        return self._month.site_url.encode()


def _digest() -> str:
    """Eight hexadecimal digits of everything that makes the lines."""
    files = sorted(path for pattern in MADE_BY for path in ROOT.glob(pattern) if path.name not in READERS)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def _month_lines(store: EventStore) -> Iterator[bytes]:
    for entry in store.list("raw/"):
        for line in (decompress(store.get(entry.key)) or b"").splitlines():
            if all(mark in line for mark in MARKS):
                yield line


def _replaced(line: bytes, *changes: tuple[bytes, bytes]) -> bytes:
    for old, new in changes:
        line = line.replace(old, new)
    return line


def _chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut lines into objects: of one day of arrival, and not larger than those of the flush."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        if chunk and (size + len(line) > OBJECT_BYTES or line[DAY_IN_LINE] != chunk[0][DAY_IN_LINE]):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line) + 1
    if chunk:
        yield chunk


def _put_object(store: EventStore, lines: list[bytes]) -> int:
    built = build_object("raw", date.fromisoformat(lines[0][DAY_IN_LINE].decode("ascii")), lines)
    store.put(built.key, built.body)
    return built.lines
