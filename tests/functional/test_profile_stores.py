"""One contract for the three profile stores: a DynamoDB table of the emulator, a real Redis, memory."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
import redis

from logdig.aws.clients import loop_profile_store, profile_store, redis_client
from logdig.config.apps import App
from logdig.config.offers import OfferSettings
from logdig.config.settings import Settings
from logdig.decide.channels import ListenSegment
from logdig.decide.interests import Listen
from logdig.decide.profiles import Contact, Counts, OfferScore, Profile, personal_keys
from logdig.decide.stores.loop_store import LoopStore
from logdig.decide.stores.memory_items import MemoryItems
from logdig.decide.stores.profile_store import ProfileStore
from logdig.decide.stores.readings import Reading
from logdig.decide.stores.redis_items import PREDICTION, SEGMENT, Segments2016
from logdig.errors import ProfileUnavailableError

NOW = datetime.now(UTC).replace(microsecond=0)
DAY, NEXT_DAY = date(2026, 11, 24), date(2026, 11, 25)
PERSON = "shop#c#7 손님|#c#"
CLIENTS = 50


class OnLoop(ProfileStore):
    """Reads and counts as the server does, each call on an event loop of its own."""

    def __init__(self, store: ProfileStore, settings: Settings) -> None:
        super().__init__(store._items, store._clock)
        self._settings = settings

    def read(self, person: str, app: str = "", day: date | None = None, budgets: Sequence[str] = ()) -> Reading:
        return asyncio.run(self._loop().read(person, app, day or DAY, budgets))

    def count_show(self, *arguments: Any, **caps: Any) -> bool:
        return asyncio.run(self._loop().count_show(*arguments, **caps))

    def spend(self, *arguments: Any) -> None:
        asyncio.run(self._loop().spend(*arguments))

    def _loop(self) -> LoopStore:
        found = loop_profile_store(self._settings)
        assert found is not None
        return found


@pytest.fixture(params=["memory", "dynamodb", "dynamodb on a loop", "redis"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ProfileStore:
    if request.param == "memory":
        return ProfileStore(MemoryItems(), lambda: datetime.now(UTC))
    service: str = request.getfixturevalue("service")
    if request.param == "redis":
        monkeypatch.setenv("LOGDIG_REDIS_URL", request.getfixturevalue("redis_url"))
        return profile_store(Settings(service=service, profile_store="redis"), waits=False)
    settings = Settings(service=service)
    create_table(settings, request.getfixturevalue("moto_url"))
    found = profile_store(settings)
    return OnLoop(found, settings) if request.param == "dynamodb on a loop" else found


def create_table(settings: Settings, url: str) -> None:
    boto3.client("dynamodb", region_name=settings.region, endpoint_url=url).create_table(
        TableName=settings.profile_table_name,
        KeySchema=[{"AttributeName": "person", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "person", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def profiles(count: int) -> list[Profile]:
    score = partial(OfferScore, model_version="m1", target=False, band=3, holdout_share=0.25)
    return [Profile(f"shop#c#{n} 손님", NOW, {"UP:GRADE #1": score(n / 60)}, level=1, status=1) for n in range(count)]


def count(store: ProfileStore, day: date = DAY, daily_cap: int = 2, total_cap: int | None = None) -> bool:
    return store.count_show(PERSON, "UP:GRADE", day, daily_cap=daily_cap, total_cap=total_cap)


def test_store_holds_exactly_what_remains_when_profiles_are_written_and_removed(store: ProfileStore) -> None:
    people = profiles(60)

    written = store.put(people)
    store.put(people[:1])
    removed = store.remove([people[5].person, people[5].person, people[6].person, "shop#c#nobody"])

    assert (written, removed) == (60, 3)
    assert [store.get(one.person) for one in people[:5]] == people[:5]
    assert [store.get(one.person) for one in people[5:7]] == [None, None]


def test_store_gives_profile_counts_and_budgets_in_one_read(store: ProfileStore) -> None:
    person = Profile(PERSON, NOW, {"UP:GRADE": OfferScore(0.5, "m1")})
    store.put([person])
    assert [count(store), count(store, daily_cap=3)] == [True, True]
    for _ in range(5):
        store.spend("shop", "UP:GRADE", DAY)
    store.spend("shop", "OTHER", DAY)

    reading = store.read(PERSON, "shop", DAY, ["UP:GRADE", "UNUSED"])

    assert reading.profile == person
    assert reading.counts == Counts({"UP:GRADE": 2}, {"UP:GRADE": ("2026-11-24", 2)})
    assert reading.spent == {"UP:GRADE": 5, "UNUSED": 0}
    assert store.read(PERSON, "shop", NEXT_DAY, ["UP:GRADE"]).spent == {"UP:GRADE": 0}
    assert store.read("shop#c#nobody") == (None, Counts(), {})


def test_store_counts_up_to_the_cap_of_the_day_and_begins_anew_the_next_day(store: ProfileStore) -> None:
    today = [count(store) for _ in range(3)]
    tomorrow = [count(store, NEXT_DAY) for _ in range(3)]

    assert (today, tomorrow) == ([True, True, False], [True, True, False])
    assert store.read(PERSON).counts == Counts({"UP:GRADE": 4}, {"UP:GRADE": ("2026-11-25", 2)})


def test_store_counts_up_to_the_cap_in_all_and_never_with_a_cap_of_0(store: ProfileStore) -> None:
    assert [count(store, day, total_cap=2) for day in (DAY, NEXT_DAY, NEXT_DAY)] == [True, True, False]
    assert not count(store, daily_cap=0)
    assert store.read(PERSON).counts.shown("UP:GRADE") == 2


def test_store_keeps_a_cap_exactly_when_50_clients_count_at_once(store: ProfileStore) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        shown = list(clients.map(lambda _: count(store, daily_cap=3), range(CLIENTS)))

    assert sum(shown) == 3
    assert store.read(PERSON).counts.shown("UP:GRADE") == 3


def test_store_keeps_every_showing_of_a_budget_when_50_clients_spend_at_once(store: ProfileStore) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda _: store.spend("shop", "UP:GRADE", DAY), range(CLIENTS)))

    assert store.read(PERSON, "shop", DAY, ["UP:GRADE"]).spent == {"UP:GRADE": CLIENTS}


def test_store_lets_one_of_many_claim_a_message_for_good(store: ProfileStore) -> None:
    with ThreadPoolExecutor(10) as clients:
        claimed = list(clients.map(lambda _: store.claim_message(PERSON, "SPRING", DAY), range(10)))

    assert sum(claimed) == 1
    assert not store.claim_message(PERSON, "SPRING", NEXT_DAY)
    assert store.claim_message(PERSON, "AUTUMN", DAY)


def test_store_keeps_a_stop_until_loads_opt_the_customer_out_and_in_again(store: ProfileStore) -> None:
    def load(phone: str, opt_in: bool) -> bool | None:
        store.put_contacts({PERSON: Contact(phone, opt_in)})
        contact = store.read_for_message(PERSON, "shop", DAY, []).contact
        return None if contact is None else contact.sms_opt_in and not contact.stopped

    assert (load("", False), store.stop_messages(PERSON)) == (None, False)
    assert load("+15550100", True)
    assert store.stop_messages(PERSON)
    assert [load("+15550100", True), load("+15550100", False), load("+15550100", True)] == [False, False, True]
    assert load("", False) is False


def test_store_keeps_contacts_and_states_until_they_expire(store: ProfileStore) -> None:
    contact = Contact("+15550100", True, "Asia/Seoul")
    store.put_contacts({PERSON: contact})
    store.put_state(PERSON, "interests", {"rock": [1, 2]}, NOW + timedelta(hours=1))
    reading = store.read_for_message(PERSON, "shop", DAY, [])
    assert (reading.contact, store.state(PERSON, "interests")) == (contact, {"rock": [1, 2]})

    store.put_state(PERSON, "interests", {"rock": []}, NOW - timedelta(minutes=1))

    assert store.state(PERSON, "interests") is None
    with pytest.raises(ValueError, match="one of interests"):
        store.put_state(PERSON, "other", 1, NOW)


def test_store_gives_no_profile_seven_days_after_its_features(store: ProfileStore) -> None:
    store.put([Profile(PERSON, NOW - timedelta(days=7, seconds=1), {})])

    assert store.get(PERSON) is None


def test_store_shows_and_forgets_everything_of_a_person_and_of_nobody_else(store: ProfileStore) -> None:
    other = profiles(1)[0]
    store.put([Profile(PERSON, NOW, {}), other])
    count(store)
    store.claim_message(PERSON, "SPRING", DAY)
    store.put_contacts({PERSON: Contact("+15550100", True)})
    store.put_state(PERSON, "interests", [], NOW + timedelta(hours=1))
    assert sorted(store.known_of(PERSON)) == sorted(personal_keys(PERSON))

    store.forget([PERSON])

    assert store.known_of(PERSON) == {}
    assert store.get(other.person) == other


@pytest.mark.parametrize("kind", ["dynamodb", "redis"])
def test_store_is_unavailable_when_it_does_not_exist(kind: Any, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGDIG_REDIS_URL", "redis://127.0.0.1:1/0")
    table = profile_store(Settings(service=service, profile_store=kind), waits=False)
    calls: tuple[Callable[[], object], ...] = (
        lambda: table.get("a"),
        lambda: table.put(profiles(1)),
        lambda: table.remove(["a"]),
        lambda: count(table),
    )

    for call in calls:
        with pytest.raises(ProfileUnavailableError):
            call()


def test_segments_of_2016_are_read_by_the_commands_of_then(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGDIG_REDIS_URL", redis_url)
    segments, older = Segments2016(redis_client()), redis.Redis.from_url(redis_url)
    segments.write([("7", True), ("8", True), ("9", False)], NOW)

    shown = segments.write([("7", True), ("8", False), ("9", False)], NOW)

    assert shown == 1
    assert [older.get(f"{PREDICTION}{customer}") for customer in (7, 8, 9)] == [b"1", b"0", b"0"]
    assert older.smembers(SEGMENT) == {b"7"}
    assert 0 < older.ttl(SEGMENT) <= 48 * 3600
    assert segments.write([("7", False)], NOW) == 0
    assert not older.exists(SEGMENT)


def test_listener_is_in_the_segment_when_the_policy_shows_the_offer_now(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGDIG_REDIS_URL", redis_url)
    segments, older = Segments2016(redis_client()), redis.Redis.from_url(redis_url)
    app, offer = App("shop", "pk_shop_1"), OfferSettings(name="GOLD", holdout_share=0.0, explore_share=0.0)
    store = ProfileStore(MemoryItems(), lambda: NOW)
    targets = {"x1": True, "x2": True, "x3": False, "x9": True}
    store.put(
        Profile(f"shop#c#{who}", NOW, {"GOLD": OfferScore(0.5, "m", target=is_one)}) for who, is_one in targets.items()
    )
    segments.write([("x3", True), ("x4", True)], NOW)
    older.expire(SEGMENT, 1000)

    def listen(customer: str | None, app: str = "shop", *, ads: bool = True) -> Listen:
        return Listen(app, f"e{customer}", NOW, customer, "u", "7", ads=ads)

    reaction = ListenSegment(store, segments, app, offer)
    reaction(
        [listen("x1"), listen("x1"), listen("x2", ads=False), listen("x3"), listen(None), listen("x9", "other")], NOW
    )

    # The others stay as the daily run wrote them, and as long.
    assert older.smembers(SEGMENT) == {b"x1", b"x4"}
    assert [older.get(f"{PREDICTION}{customer}") for customer in ("x1", "x2", "x3")] == [b"1", None, b"0"]
    assert older.ttl(SEGMENT) <= 1000
    older.delete(SEGMENT)
    reaction([listen("x1")], NOW)
    assert older.ttl(SEGMENT) > 1000
