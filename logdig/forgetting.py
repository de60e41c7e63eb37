"""A person's lines out of the objects of both zones: each object written again without them under its new name.

The new object is written before the old one is deleted, so that an interrupted run loses nobody else's lines; run
again, it makes the same objects and deletes what is left. Copies between the two steps merge into the same rows.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from logdig.keys import ZONES, ObjectKey, parse_key
from logdig.objects import build_object
from logdig.stores import EventStore


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to forget: a visitor by ``user_key``, or a customer by ``customer_id``; ``app`` None means every app."""

    field: str
    value: str
    app: str | None = None

    def is_in(self, line: bytes) -> bool:
        """Tell whether a stored line is about the person; of a rejected event its text is searched."""
        found = json.loads(line)
        if self.app is not None and found.get("app") not in (self.app, None):
            return False
        return found.get(self.field) == self.value or self._in_text(str(found.get("text", "")))

    def _in_text(self, text: str) -> bool:
        # The text need not be JSON, and may be cut; so the field is looked for as it would be written.
        written = {json.dumps(self.value), json.dumps(self.value, ensure_ascii=False)}
        return any(re.search(rf'"{self.field}"\s*:\s*{re.escape(one)}', text) for one in written)


@dataclass(slots=True)
class Removed:
    """Lines of the person by zone, app and day of arrival, and the objects that held them."""

    lines: Counter[tuple[str, str, date]] = field(default_factory=Counter)
    objects: int = 0


def remove_lines(store: EventStore, person: Person, *, acts: bool) -> Removed:
    """Find a person's lines in both zones and, when it ``acts``, take them out.

    Raises:
        StoreUnavailableError: The store does not answer; run it again.
    """
    removed = Removed()
    for zone in ZONES:
        # Listed first: what is written on the way must not be met again.
        for key in [entry.key for entry in store.list(f"{zone}/")]:
            _rewrite(store, parse_key(key), key, person, removed, acts=acts)
    return removed


def _rewrite(store: EventStore, name: ObjectKey, key: str, person: Person, removed: Removed, *, acts: bool) -> None:
    lines = gzip.decompress(store.get(key)).splitlines()
    theirs = [line for line in lines if person.is_in(line)]
    if not theirs:
        return
    removed.objects += 1
    for line in theirs:
        removed.lines[name.zone, json.loads(line).get("app") or "", name.day] += 1
    if acts:
        kept = [line for line in lines if not person.is_in(line)]
        if kept:
            built = build_object(name.zone, name.day, kept)
            store.put(built.key, built.body)
        store.delete([key])
