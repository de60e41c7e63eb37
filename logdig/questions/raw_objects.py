"""The newest raw objects, each read once: what has come and no table knows yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from logdig.store.keys import day_prefix, parse_key
from logdig.store.object_store import EventStore, StoredObject
from logdig.store.objects import decompress

STORED = timedelta(minutes=40)
"""Objects of so long a time are read: an event may wait for max_age before it is stored."""
MOST_BYTES = 32 * 1024**2
"""Most that is read, compressed; of more objects a share is read, chosen by name."""
DIGEST_BITS = 64

Line = Mapping[str, Any]
T = TypeVar("T")


class RecentObjects(Generic[T]):
    """Reads the newest raw objects; safe between threads.

    Args:
        store: The bucket.
        parse: What is made of the lines of one object.
        most_bytes: Most that is read.
    """

    def __init__(self, store: EventStore, parse: Callable[[Iterator[Line]], T], most_bytes: int = MOST_BYTES) -> None:
        self._store, self._parse, self._most_bytes = store, parse, most_bytes
        self._known: dict[str, T] = {}
        self._lock = threading.Lock()

    def read(self, now: datetime) -> tuple[list[T], float]:
        """What the objects of the last 40 minutes hold, and the share of their bytes that was read.

        Raises:
            StoreUnavailableError: S3 does not answer.
        """
        with self._lock:
            chosen, share = chosen_of(list(self._recent(now)), self._most_bytes)
            known = self._known
            # What has grown old is forgotten, so that memory holds the window alone.
            self._known = {
                entry.key: known[entry.key] if entry.key in known else self._read(entry.key) for entry in chosen
            }
            return list(self._known.values()), share

    def _recent(self, now: datetime) -> Iterator[StoredObject]:
        first = now - STORED
        for day in sorted({first.date(), now.date()}):
            for entry in self._store.list(day_prefix("raw", day)):
                if entry.stored_at is not None and entry.stored_at >= first:
                    yield entry

    def _read(self, key: str) -> T:
        try:
            text = decompress(self._store.get(key))
        except KeyError:
            text = None
        return self._parse(_fields(line) for line in (text.splitlines() if text else ()))


def chosen_of(listed: Sequence[StoredObject], most_bytes: int) -> tuple[list[StoredObject], float]:
    """Choose objects by name so that about ``most_bytes`` are read: names are digests, and so a fair choice.

    Returns:
        The objects, and the share of all bytes that they hold.
    """
    total = sum(entry.size_bytes for entry in listed)
    if total <= most_bytes:
        return list(listed), 1.0
    limit = int(most_bytes / total * 2**DIGEST_BITS)
    chosen = [entry for entry in listed if int(parse_key(entry.key).sha256[: DIGEST_BITS // 4], 16) < limit]
    # A choice may be unlucky; the smallest object then stands for all.
    chosen = chosen or [min(listed, key=lambda entry: (entry.size_bytes, entry.key))]
    return chosen, sum(entry.size_bytes for entry in chosen) / total


def _fields(line: bytes) -> Line:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def counts(line: Line) -> bool:
    """Tell whether an event counts, as ``analytics.marts.people_events.counted`` does."""

    def has(name: str) -> bool:
        return line.get(name) is not None

    bot = bool(line.get("bot"))
    in_session = has("page_view_id") or has("session_id")
    is_post = (
        not in_session
        and not has("seq")
        and not has("element")
        and line.get("type") in ("page", "click")
        and (has("x") or "x" in (line.get("legacy") or {}))
    )
    people = not bot or (not in_session and not line.get("signed"))
    refused = (line.get("consent") or {}).get("analytics") is False
    return people and not (is_post and bot) and not line.get("staff") and not refused
