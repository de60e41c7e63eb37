"""What a decision needs of the profile store, on an event loop: no thread waits for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from logdig.decide.profiles import KEEP_COUNTS_FOR, Counts, budget_key, counts_key
from logdig.decide.stores.profile_store import KEEP_DAYS_FOR
from logdig.decide.stores.readings import BUDGET_SHARDS, Reading, read_counts, reading_of
from logdig.times import Clock


class LoopItems(Protocol):
    """The two methods of `Items` that a decision needs; both raise ProfileUnavailableError."""

    async def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        """See `Items.get`."""

    async def add(
        self, key: str, name: str, day: date, expires_at: datetime, *, most_today: int | None, most: int | None
    ) -> bool:
        """See `Items.add`."""


class LoopStore:
    """The methods of `ProfileStore` that a decision needs; every one raises ProfileUnavailableError."""

    def __init__(self, items: LoopItems, clock: Clock, choose_shard: Callable[[int], int] = random.randrange) -> None:
        """Take the same as `ProfileStore`."""
        self._items, self._clock, self._choose_shard = items, clock, choose_shard

    async def read(self, person: str, app: str, day: date, budgets: Sequence[str]) -> Reading:
        """Read a person's profile and counts, and budgets of a day, all in one call."""
        values, counts = await self._items.get([person], read_counts(person, app, budgets))
        return reading_of(values, counts, person, app, day, budgets)

    async def count_show(self, person: str, offer: str, day: date, *, daily_cap: int, total_cap: int | None) -> bool:
        """Count a showing; False when another one reached a cap meanwhile."""
        until = self._clock() + KEEP_COUNTS_FOR
        return await self._items.add(counts_key(person), offer, day, until, most_today=daily_cap, most=total_cap)

    async def spend(self, app: str, offer: str, day: date) -> None:
        """Count a showing for the budget of a day, in one of its shards."""
        key = budget_key(app, offer, self._choose_shard(BUDGET_SHARDS))
        await self._items.add(key, offer, day, self._clock() + KEEP_DAYS_FOR, most_today=None, most=None)
