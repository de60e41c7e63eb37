"""A person's lines out of every stored object: each object written again without them under its new name.

The new object is written before the old one is removed, so that an interrupted run loses nobody else's lines; run
again, it makes the same objects and removes what is left. Copies between the two steps merge into the same rows.
Old versions go with the object, also of one that was deleted before.
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
PLACES = (*(f"{zone}/" for zone in ZONES), LOAD)
"""Prefixes of what holds people's lines."""


class Judge(Protocol):
    """Tells whose lines are to go: a `Person`, or the list of erasures."""

    def is_in(self, zone: Zone, line: bytes) -> bool: ...


@dataclass(slots=True)
class Removed:
    """Lines of the person by place (raw, bad, load), the objects that held them, and those that cannot be read."""

    lines: Counter[str] = field(default_factory=Counter)
    objects: int = 0
    damaged: list[str] = field(default_factory=list)


def remove_lines(
    store: VersionedStore,
    judge: Judge,
    names: Pseudonyms | None,
    *,
    prefixes: Iterable[str] = PLACES,
    seen: Callable[[], None] = lambda: None,
) -> Removed:
    """Find a person's lines and take them out.

    Args:
        store: Where the objects are.
        judge: Whose lines.
        names: Pseudonyms for what stays in their place; None only counts.
        prefixes: Beginnings of the keys to look at.
        seen: Called after each object.
    Raises:
        StoreUnavailableError: The store does not answer; run it again.
    """
    removed = Removed()
    for prefix in prefixes:
        # Listed first: what is written on the way must not be met again.
        versions = sorted(store.versions(prefix), key=lambda one: one.key)
        for key, found in groupby(versions, key=lambda one: one.key):
            _visit(store, key, list(found), judge, names, removed)
            seen()
    return removed


def purge_old_versions(store: VersionedStore, prefix: str) -> int:
    """Remove every version that no listing shows, and the marks; return how many."""
    old = [one for one in store.versions(prefix) if not one.is_live]
    store.erase(old)
    return len(old)


def _visit(
    store: VersionedStore,
    key: str,
    versions: Sequence[StoredVersion],
    judge: Judge,
    names: Pseudonyms | None,
    removed: Removed,
) -> None:
    text = _text_of(store, key, versions, judge, removed)
    if text is None:
        return
    zone: Zone = "bad" if key.startswith("bad/") else "raw"
    if isinstance(judge, Person) and zone == "raw" and judge.fragment not in text:
        return
    lines = text.splitlines()
    theirs = {index for index, line in enumerate(lines) if judge.is_in(zone, line)}
    if not theirs:
        return
    removed.objects += 1
    removed.lines[key.partition("/")[0]] += len(theirs)
    if names is None:
        return
    if any(one.is_live for one in versions):
        for new, body in _rewritten(key, lines, theirs, names):
            store.put(new, body)
    store.erase(versions)


def _text_of(
    store: VersionedStore, key: str, versions: Sequence[StoredVersion], judge: Judge, removed: Removed
) -> bytes | None:
    """Read an object's lines; None where there are none to be read, noted where they may hold the person."""
    # A name is that of its content, so any version tells what all hold.
    content = next((one for one in versions if not one.is_mark), None)
    if content is None:
        return None
    try:
        body = store.get_version(content)
    except KeyError:
        return None  # Expired since it was listed.
    if not key.endswith(".gz"):
        if isinstance(judge, Person) and judge.value.encode() in body:
            removed.damaged.append(key)
        return None
    text = decompress(body)
    if text is None:
        removed.damaged.append(key)
    return text


def _rewritten(key: str, lines: list[bytes], theirs: set[int], names: Pseudonyms) -> Iterator[tuple[str, bytes]]:
    """The object that takes the place of one; none where nothing would be left."""
    try:
        name = parse_key(key)
    except ValueError:
        # Loaded, or put there by somebody else: no count is kept of its lines.
        kept = [line for index, line in enumerate(lines) if index not in theirs]
        if kept:
            text = b"\n".join(kept) + b"\n"
            yield f"{key.rpartition('/')[0]}/{hashlib.sha256(text).hexdigest()}.jsonl.gz", compress(text)
        return
    clean = [
        tombstone(name.zone, name.day, line, names) if index in theirs else line for index, line in enumerate(lines)
    ]
    built = build_object(name.zone, name.day, clean)
    yield built.key, built.body


def days_of(zones: Iterable[Zone], days: Iterable[date]) -> list[str]:
    """Prefixes of some days of zones."""
    chosen = list(days)
    return [day_prefix(zone, day) for zone in zones for day in chosen]
