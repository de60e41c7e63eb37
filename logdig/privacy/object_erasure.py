"""Remove a person's lines from every stored object: each object is written again without them, under a new name.

The new object is written before the old one is removed, so that an interrupted run loses no other lines; a second run
makes the same objects and removes the rest. Copies between the two steps merge into the same rows. Old versions are
removed with the object, also those of an object that was deleted before.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Protocol

from logdig.privacy.person import Person
from logdig.privacy.tombstones import Pseudonyms, tombstone
from logdig.store.keys import ZONES, Zone, day_prefix, parse_key
from logdig.store.object_store import StoredVersion, VersionedStore
from logdig.store.objects import build_object, compress, decompress

LOAD = "load/"
PREFIXES = (*(f"{zone}/" for zone in ZONES), LOAD)
"""Prefixes of objects that may hold personal data."""


class LineSelector(Protocol):
    """Selects the lines to remove: a `Person`, or the list of erasures."""

    def is_in(self, zone: Zone, line: bytes) -> bool: ...


@dataclass(slots=True)
class Removed:
    """Removed lines by folder (raw, bad, load), the number of objects with them, and unreadable objects."""

    lines: Counter[str] = field(default_factory=Counter)
    objects: int = 0
    damaged: list[str] = field(default_factory=list)


def remove_lines(
    store: VersionedStore,
    selector: LineSelector,
    names: Pseudonyms | None,
    *,
    prefixes: Iterable[str] = PREFIXES,
    on_object: Callable[[], None] = lambda: None,
) -> Removed:
    """Find a person's lines and remove them.

    Args:
        store: Where the objects are.
        selector: Which lines.
        names: Pseudonyms for the tombstones; None only counts.
        prefixes: Prefixes of the keys to read.
        on_object: Called after each object.
    Raises:
        StoreUnavailableError: The store does not answer; run it again.
    """
    removed = Removed()
    for key, versions in _keys(store, prefixes, on_object):
        found = _selected(store, key, versions, selector, removed)
        if found is None or names is None:
            continue
        if any(version.is_live for version in versions):
            for new, body in _rewritten(key, *found, names):
                store.put(new, body)
        store.erase(versions)
    return removed


def find_lines(
    store: VersionedStore,
    selector: LineSelector,
    found: Removed,
    *,
    prefixes: Iterable[str] = PREFIXES,
    on_object: Callable[[], None] = lambda: None,
) -> Iterator[list[bytes]]:
    """Yield the lines that `remove_lines` would remove, object by object, and count them in ``found``."""
    for key, versions in _keys(store, prefixes, on_object):
        selected = _selected(store, key, versions, selector, found)
        if selected is not None:
            lines, chosen = selected
            yield [lines[index] for index in sorted(chosen)]


def _keys(
    store: VersionedStore, prefixes: Iterable[str], on_object: Callable[[], None]
) -> Iterator[tuple[str, list[StoredVersion]]]:
    for prefix in prefixes:
        # Listed first, so that objects written meanwhile are not read again.
        versions = sorted(store.versions(prefix), key=_key)
        for key, of_key in groupby(versions, key=_key):
            yield key, list(of_key)
            on_object()


def purge_old_versions(store: VersionedStore, prefix: str) -> int:
    """Remove every version that no listing shows, and the delete markers; return their number."""
    old = [version for version in store.versions(prefix) if not version.is_live]
    store.erase(old)
    return len(old)


def _key(version: StoredVersion) -> str:
    return version.key


def _selected(
    store: VersionedStore, key: str, versions: Sequence[StoredVersion], selector: LineSelector, removed: Removed
) -> tuple[list[bytes], set[int]] | None:
    """Find lines of an object: all its lines, and the places of those that are selected; None where none is."""
    text = _text_of(store, key, versions, selector, removed)
    if text is None:
        return None
    zone: Zone = "bad" if key.startswith("bad/") else "raw"
    if isinstance(selector, Person) and zone == "raw" and selector.fragment not in text:
        return None
    lines = text.splitlines()
    selected = {index for index, line in enumerate(lines) if selector.is_in(zone, line)}
    if not selected:
        return None
    removed.objects += 1
    removed.lines[key.partition("/")[0]] += len(selected)
    return lines, selected


def _text_of(
    store: VersionedStore, key: str, versions: Sequence[StoredVersion], selector: LineSelector, removed: Removed
) -> bytes | None:
    """Read an object's text; None when it has none, added to ``damaged`` when it may hold the person."""
    # Keys are content addresses, so all versions of a key hold the same.
    content = next((version for version in versions if not version.is_mark), None)
    if content is None:
        return None
    try:
        body = store.get_version(content)
    except KeyError:
        return None  # Expired since it was listed.
    if not key.endswith(".gz"):
        if isinstance(selector, Person) and selector.value.encode() in body:
            removed.damaged.append(key)
        return None
    text = decompress(body)
    if text is None:
        removed.damaged.append(key)
    return text


def _rewritten(key: str, lines: list[bytes], selected: set[int], names: Pseudonyms) -> Iterator[tuple[str, bytes]]:
    """Yield the object that replaces another; nothing when no line would be left."""
    try:
        name = parse_key(key)
    except ValueError:
        # Loaded or foreign data, whose lines no ledger counts: no tombstones.
        kept = [line for index, line in enumerate(lines) if index not in selected]
        if kept:
            text = b"\n".join(kept) + b"\n"
            yield f"{key.rpartition('/')[0]}/{hashlib.sha256(text).hexdigest()}.jsonl.gz", compress(text)
        return
    clean = [
        tombstone(name.zone, name.day, line, names) if index in selected else line for index, line in enumerate(lines)
    ]
    built = build_object(name.zone, name.day, clean)
    yield built.key, built.body


def days_of(zones: Iterable[Zone], days: Iterable[date]) -> list[str]:
    """Prefixes of the given days in the given zones."""
    chosen = list(days)
    return [day_prefix(zone, day) for zone in zones for day in chosen]
