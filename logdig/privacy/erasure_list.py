"""The list of erased persons, by which events that arrive late are erased too. Source: docs/privacy.md.

An entry is an empty object whose key holds all its data, so that one listing reads the whole list:
``erasures/list/app=<app>/<field>/<asked_at>/<pseudonym>``. It holds the salted hash of a person's key, never the key.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from logdig.errors import StoreUnavailableError
from logdig.events.lines import DAY_IN_LINE
from logdig.privacy.person import FIELDS, Mentions, Person, app_of, mentions
from logdig.privacy.tombstones import Pseudonyms, tombstone
from logdig.store.keys import Zone
from logdig.store.object_store import EventStore
from logdig.times import parse_wire_time, wire_time

PREFIX = "erasures/"
LIST_PREFIX = f"{PREFIX}list/"
RECEIPT_PREFIX = f"{PREFIX}receipts/"
SALT_KEY = f"{PREFIX}salt"
LIST_DAYS = 60
"""Days that an entry applies: 30 in a browser, 14 in the queue, 14 in the dead-letter queue, and 2 to spare."""

_ENTRY = re.compile(rf"{LIST_PREFIX}app=([^/]*)/({'|'.join(FIELDS)})/([^/]+)/([0-9a-f]+)")
_PERSON_KEYS = re.compile(rb'"(user_key|customer_id)":\s*"((?:[^"\\]|\\.)*)"')
_OCCURRED = re.compile(rb'"occurred_at":\s*"([^"]*)"')
_CACHE_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure; ``app`` is '' for every app."""

    app: str
    field: str
    asked_at: datetime
    pseudonym: str

    @property
    def key(self) -> str:
        """Key of its object."""
        return f"{LIST_PREFIX}app={self.app}/{self.field}/{wire_time(self.asked_at)}/{self.pseudonym}"


class ErasureList:
    """The entries that apply, and a test of lines against them."""

    def __init__(self, names: Pseudonyms, entries: Iterable[Entry]) -> None:
        self.names = names
        self.entries = tuple(entries)
        self._by_name: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries:
            self._by_name.setdefault((entry.field, entry.pseudonym), []).append(entry)
        self._known: dict[bytes, bool] = {}

    def is_in(self, zone: Zone, line: bytes) -> bool:
        """Tell whether a line is about a person whose erasure was asked for after the event.

        Later events are kept, except rejected ones: their text holds no time that can be trusted.
        """
        if zone == "raw" and not any(self._is_known(field, value) for field, value in _PERSON_KEYS.findall(line)):
            return False
        match = _OCCURRED.search(line)
        occurred_at = match[1].decode("ascii", "replace") if match and zone == "raw" else ""
        app = app_of(line)
        return any(
            entry.app in ("", app) and occurred_at <= wire_time(entry.asked_at)
            for entry in self._entries_of(mentions(zone, line))
        )

    def cleaned(self, zone: Zone, line: bytes) -> bytes:
        """Return the line, or the tombstone that replaces it."""
        if not self.is_in(zone, line):
            return line
        day = datetime.fromisoformat(line[DAY_IN_LINE].decode("ascii")).date()
        return tombstone(zone, day, line, self.names)

    def _entries_of(self, mentioned: Mentions) -> Iterable[Entry]:
        candidates = {*mentioned.named, *((field, word) for word in mentioned.words for field in FIELDS)}
        for field, value in candidates:
            yield from self._by_name.get((field, self.names.of(field, value)), ())

    def _is_known(self, field: bytes, written: bytes) -> bool:
        """Look up a value as written in JSON; lines of a visitor come in runs, so results are cached."""
        key = field + b":" + written
        known = self._known.get(key)
        if known is None:
            value = _unescape(written)
            known = (field.decode(), self.names.of(field.decode(), value)) in self._by_name
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            self._known[key] = known
        return known


def _unescape(written: bytes) -> str:
    return str(json.loads(b'"' + written + b'"')) if b"\\" in written else written.decode("utf-8", "replace")


def read_list(store: EventStore, since: datetime) -> ErasureList | None:
    """Read the entries asked for at ``since`` or later, by one listing; None when there are none.

    Raises:
        StoreUnavailableError: The store does not answer, or has lost the salt; nothing may be written until it does.
    """
    matches = [_ENTRY.fullmatch(stored.key) for stored in store.list(LIST_PREFIX)]
    entries = [
        Entry(match[1], match[2], asked_at, match[4])
        for match in matches
        if match and (asked_at := parse_wire_time(match[3])) is not None and asked_at >= since
    ]
    return ErasureList(Pseudonyms(_existing_salt(store)), entries) if entries else None


def add_to_list(store: EventStore, person: Person, asked_at: datetime) -> Entry:
    """Put a person on the list; from the next flush on, events before ``asked_at`` are erased as they arrive."""
    names = Pseudonyms(make_salt(store))
    entry = Entry(person.app or "", person.field, asked_at, names.of(person.field, person.value))
    store.put(entry.key, b"")
    return entry


def read_salt(store: EventStore) -> str | None:
    """The salt of all pseudonyms; None before the first erasure."""
    try:
        return store.get(SALT_KEY).decode("ascii")
    except KeyError:
        return None


def make_salt(store: EventStore) -> str:
    """The salt, made when it is missing; of two processes that make it at once, the first wins."""
    if (salt := read_salt(store)) is not None:
        return salt
    store.put(SALT_KEY, secrets.token_hex(32).encode("ascii"))
    return _existing_salt(store)


def _existing_salt(store: EventStore) -> str:
    salt = read_salt(store)
    if salt is None:
        raise StoreUnavailableError(
            f"{SALT_KEY} is missing, without which erasures cannot be recognized; restore its last version"
        )
    return salt
