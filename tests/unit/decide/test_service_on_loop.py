"""The decision service on an event loop: the same answers, caps and lost counts as with threads."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from logdig.counters import Counters
from logdig.decide.profiles import Counts, Profile
from logdig.decide.service import Decider
from logdig.decide.stores.loop_store import LoopItems, LoopStore
from logdig.decide.stores.memory_items import InMemoryProfiles, MemoryItems
from logdig.errors import ProfileUnavailableError
from tests.fakes.loop_items import LoopItemsOf
from tests.unit.decide.test_service import DRAIN_SECONDS, NOW, SinkFake, app, ask, body, context, offer, profile

CLIENTS = 50


def stored(*people: Profile) -> MemoryItems:
    profiles = InMemoryProfiles(people, lambda: NOW)
    items = profiles._items
    assert isinstance(items, MemoryItems)
    return items


def service_of(items: LoopItems, counters: Counters | None = None, **changes: Any) -> Decider:
    # The store of the threads is empty: an answer from it would be `unknown`.
    return Decider(
        InMemoryProfiles((), lambda: NOW), SinkFake(), [offer(**changes)], lambda: NOW, lambda: "decision-1",
        counters=counters, loop_profiles=LoopStore(items, lambda: NOW),
    )  # fmt: skip


def ask_on_loop(service: Decider, times: int = 1, payload: bytes | None = None) -> list[dict[str, Any]]:
    async def one() -> dict[str, Any]:
        asked = service.begin(app(), payload or body(), context(signed=True))
        looking = service.look_up_on_loop(asked)
        assert looking is not None
        return service.finish(asked, await looking)

    async def all_of_them() -> list[dict[str, Any]]:
        answers = await asyncio.gather(*(one() for _ in range(times)))
        assert await asyncio.to_thread(service.drain, DRAIN_SECONDS)
        return answers

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("customer", ["7", "nobody"])
@pytest.mark.parametrize(
    "changes", [{}, {"daily_cap": 1}, {"holdout_share": 1.0}, {"daily_budget": 1.0, "ad_cost": 0.5}]
)
def test_answer_on_a_loop_is_that_of_a_thread(customer: str, changes: dict[str, Any]) -> None:
    payload = body(customer_id=customer)
    in_threads = Decider(
        InMemoryProfiles([profile()], lambda: NOW), SinkFake(), [offer(**changes)], lambda: NOW, lambda: "decision-1"
    )

    on_loop = ask_on_loop(service_of(LoopItemsOf(stored(profile())), **changes), payload=payload)

    assert on_loop == [ask(in_threads, payload)]


def test_caps_are_kept_on_a_loop_when_50_clients_ask_at_once() -> None:
    for cap, least, most in ((1, 1, 1), (3, 3, CLIENTS)):
        items = stored(profile())
        service = service_of(LoopItemsOf(items), daily_cap=cap)

        first, second = ask_on_loop(service, CLIENTS), ask_on_loop(service, CLIENTS)

        assert least <= sum(answer["decision"] == "show" for answer in first) <= most
        assert {answer["reason"] for answer in second} == {"capped"}
        assert items.get([], ["counts:shop#c#7"])[1]["counts:shop#c#7"].shown("UPGRADE") == cap


class Refusing:
    """Reads what is there and counts nothing, as a role without ``dynamodb:UpdateItem``; or reads nothing either."""

    def __init__(self, items: MemoryItems, *, reads: bool) -> None:
        self._items, self._reads = items, reads

    async def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        if not self._reads:
            raise ProfileUnavailableError("AccessDeniedException: dynamodb:BatchGetItem")
        return self._items.get(values, counts)

    async def add(self, *_: Any, **__: Any) -> bool:
        raise ProfileUnavailableError("AccessDeniedException: dynamodb:UpdateItem")


@pytest.mark.parametrize(
    ("reads", "cap", "reason", "lost"),
    [(True, 9, "eligible", 1), (True, 1, "unavailable", 0), (False, 9, "unavailable", 0)],
)
def test_answer_comes_and_says_why_when_the_store_refuses(reads: bool, cap: int, reason: str, lost: int) -> None:
    counters = Counters()
    service = service_of(Refusing(stored(profile()), reads=reads), counters, daily_cap=cap)

    (answer,) = ask_on_loop(service)

    assert answer["reason"] == reason
    assert counters.total("logdig_count_lost_total") == lost
