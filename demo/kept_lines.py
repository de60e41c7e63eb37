"""Stored lines, kept in the user's cache so that another demo of the day starts at the flush.

A line is kept without what differs between two runs, the site's address and the app's token; it gets those of the run
that puts it into its bucket.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from pathlib import Path

from infra.paths import ROOT
from logdig.events.lines import DAY_IN_LINE
from logdig.store.object_store import EventStore
from logdig.store.objects import build_object, decompress

SITE, TOKEN = b"http://site.invalid", b"pk_token_invalid"
"""Stand in kept lines for the site's address and the token."""
OBJECT_BYTES = 16 * 1024 * 1024


class KeptLines:
    """Lines of one kind in the cache, and what is told beside them.

    Args:
        folder: Of the demo in the user's cache.
        kind: Begins the names of its files.
        day: Local day on which they end; it stands in the names.
        version: Of all else that makes them; likewise.
        site_url: Of the run.
        is_one: Whether a stored line is of the kind.
    """

    def __init__(
        self, folder: Path, kind: str, day: date, version: str, site_url: str, is_one: Callable[[bytes], bool]
    ) -> None:
        self._folder, self._kind, self._day, self._is_one = folder, kind, day, is_one
        name = f"{kind}-{day}-{version}"
        self._lines, self._told = folder / f"{name}.jsonl.gz", folder / f"{name}.json"
        self._site = site_url.encode()

    def told(self) -> bytes | None:
        """What is told beside the lines; None = none are kept."""
        return self._told.read_bytes() if self._told.is_file() else None

    def keep(self, store: EventStore, token: str, events: int, told: bytes) -> bool:
        """Keep the lines out of all that is stored, in place of those that ended on other days.

        Args:
            store: Of the run.
            token: Of the run.
            events: How many there must be.
            told: What is told beside them.
        Returns:
            False = the store does not hold each event once, so that nothing is kept.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        # Another run may keep the same lines at the same time.
        handle, name = tempfile.mkstemp(prefix="part-", dir=self._folder)
        part, lines = Path(name), 0
        with os.fdopen(handle, "wb") as raw, gzip.open(raw, "wb", compresslevel=1) as file:
            for line in filter(self._is_one, _stored_lines(store)):
                file.write(_replaced(line, (self._site, SITE), (token.encode(), TOKEN)) + b"\n")
                lines += 1
        if lines != events:
            part.unlink()
            return False
        for old in self._folder.glob(f"{self._kind}-*"):
            if not old.name.startswith(f"{self._kind}-{self._day}-"):
                old.unlink(missing_ok=True)
        beside = part.with_suffix(".json")
        beside.write_bytes(told)
        part.replace(self._lines)
        # Last, so that what is there is whole.
        beside.replace(self._told)
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


def digest(patterns: Iterable[str], without: Collection[str] = ()) -> str:
    """Eight hexadecimal digits of all files of the project that fit a pattern, but for names that are left out."""
    files = sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.name not in without)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def _stored_lines(store: EventStore) -> Iterator[bytes]:
    for entry in store.list("raw/"):
        yield from (decompress(store.get(entry.key)) or b"").splitlines()


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
