"""The newest raw objects, each read once: what has come and no table knows yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from logdig.store.keys import day_prefix, parse_key
from logdig.store.object_store import EventStore, StoredObject
from logdig.store.objects import decompress

STORED = timedelta(minutes=40)
"""Objects of so long a time are read: an event may wait for max_age before it is stored."""
MOST_BYTES = 32 * 1024**2
"""Most that is read, compressed; of more objects a share is read, chosen by name."""
DIGEST_BITS = 64
READERS = 8
"""Objects that are fetched at once."""
T = TypeVar("T")


class Consent(msgspec.Struct, frozen=True, gc=False):
    """See `Line`."""

    analytics: bool | None = None
    ads: bool | None = None


class Listen(msgspec.Struct, frozen=True, gc=False):
    """See `Line`."""

    track_id: str | None = None
    mobile: bool | None = None
    zip: str | None = None


class Line(msgspec.Struct, frozen=True, gc=False):
    """What is read of a stored line (docs/data-layout.md); the rest of it is skipped, which is most of the time."""

    app: str
    event_id: str
    type: str
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]
    received_at: str = ""
    user_key: str | None = None
    customer_id: str | None = None
    session_id: str | None = None
    page_view_id: str | None = None
    current_page: str | None = None
    seq: int | None = None
    x: Any = None
    element: msgspec.Raw = msgspec.Raw(b"null")
    legacy: dict[str, Any] | None = None
    consent: Consent | None = None
    listen: Listen | None = None
    country: str | None = None
    region: str | None = None
    sample_rate: float | None = None
    bot: bool | None = None
    signed: bool | None = None
    staff: bool | None = None


_LINES = msgspec.json.Decoder(Line)


def line_of(text: bytes) -> Line | None:
    """Read a line; None = it is none."""
    try:
        return _LINES.decode(text)
    except msgspec.DecodeError:
        return None


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
            new = [entry.key for entry in chosen if entry.key not in self._known]
            with ThreadPoolExecutor(READERS) as readers:
                made = {key: self._made(body) for key, body in zip(new, readers.map(self._body, new), strict=True)}
            # What has grown old is forgotten, so that memory holds the window alone.
            every = self._known | made
            self._known = {entry.key: every[entry.key] for entry in chosen}
            return list(self._known.values()), share

    def _recent(self, now: datetime) -> Iterator[StoredObject]:
        first = now - STORED
        for day in sorted({first.date(), now.date()}):
            for entry in self._store.list(day_prefix("raw", day)):
                if entry.stored_at is not None and entry.stored_at >= first:
                    yield entry

    def _body(self, key: str) -> bytes:
        try:
            return self._store.get(key)
        except KeyError:
            return b""

    def _made(self, body: bytes) -> T:
        lines = map(line_of, (decompress(body) or b"").splitlines())
        return self._parse(line for line in lines if line is not None)


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


def counts(line: Line) -> bool:
    """Tell whether an event counts, as ``analytics.marts.people_events.counted`` does."""
    if line.staff or (line.consent is not None and line.consent.analytics is False):
        return False
    if not line.bot:
        return True
    # Somebody else's server passes a person's event on: what it is itself does not matter.
    in_session = line.page_view_id is not None or line.session_id is not None
    return not in_session and not line.signed and not _is_post(line)


def _is_post(line: Line) -> bool:
    """Tell whether an event outside any session came by the interface of 2016."""
    has_x = line.x is not None or "x" in (line.legacy or {})
    return has_x and line.seq is None and bytes(line.element) == b"null" and line.type in ("page", "click")
