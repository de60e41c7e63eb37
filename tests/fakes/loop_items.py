"""Items of a process as a store on an event loop that never waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logdig.decide.profiles import Counts
from logdig.decide.stores.profile_store import Items


class LoopItemsOf:
    """Does what other items do, without a wait."""

    def __init__(self, items: Items) -> None:
        self._items = items

    async def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        return self._items.get(values, counts)

    async def add(self, *arguments: Any, **limits: Any) -> bool:
        return self._items.add(*arguments, **limits)
