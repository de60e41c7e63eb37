"""Items in the memory of this process: for tests, and for a site that is one small process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from logdig.decide.profiles import Counts, Profile
from logdig.decide.stores.profile_store import Item, ProfileStore
from logdig.times import Clock


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryItems:
    """See `Items`."""

    def __init__(self, clock: Clock = _now) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, Item] = {}
        self._counts: dict[str, tuple[dict[str, int], dict[str, tuple[str, int]], datetime]] = {}

    def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        now = self._clock()
        with self._lock:
            texts = {key: item.value for key in values if (item := self._values.get(key)) and item.expires_at > now}
            found = {key: row for key in counts if (row := self._counts.get(key)) and row[2] > now}
            return texts, {key: Counts(dict(total), dict(today)) for key, (total, today, _) in found.items()}

    def put(self, items: Iterable[Item]) -> int:
        new = {item.key: item for item in items}
        with self._lock:
            self._values.update(new)
        return len(new)

    def remove(self, keys: Iterable[str]) -> int:
        wanted = set(keys)
        with self._lock:
            for key in wanted:
                self._values.pop(key, None)
                self._counts.pop(key, None)
        return len(wanted)

    def add(
        self, key: str, name: str, day: date, expires_at: datetime, *, most_today: int | None, most: int | None
    ) -> bool:
        with self._lock:
            row = self._counts.get(key)
            total, today = row[:2] if row and row[2] > self._clock() else ({}, {})
            last, count = today.get(name, ("", 0))
            before = count if last == day.isoformat() else 0
            if (most_today is not None and before >= most_today) or (most is not None and total.get(name, 0) >= most):
                return False
            total[name] = total.get(name, 0) + 1
            today[name] = (day.isoformat(), before + 1)
            self._counts[key] = (total, today, expires_at)
            return True


class InMemoryProfiles(ProfileStore):
    """A profile store of this process."""

    def __init__(self, profiles: Iterable[Profile] = (), clock: Clock = _now) -> None:
        super().__init__(MemoryItems(clock), clock)
        self.put(profiles)
