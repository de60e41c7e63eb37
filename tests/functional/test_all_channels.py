"""A month of every channel on one store: nobody who is held out is reached by any of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from logdig.aws.clients import profile_store, redis_client
from logdig.config.apps import App
from logdig.config.offers import OfferSettings, SmsSettings
from logdig.config.settings import AppSettings, FlushSettings, Settings
from logdig.decide.channels import ListenSegment, reached
from logdig.decide.exposures import Exposure
from logdig.decide.hashes import is_held_out
from logdig.decide.interests import Listen
from logdig.decide.profiles import Contact, OfferScore, Profile
from logdig.decide.service import Decider
from logdig.decide.sms import Messages
from logdig.decide.stores.profile_store import ProfileStore
from logdig.decide.stores.redis_items import PREDICTION, SEGMENT, Segments2016
from logdig.events.lines import RequestContext
from logdig.flush.on_listen import reactions_of
from tests.fakes.sinks import MemorySink

DAYS, CUSTOMERS = 30, 40
APP = App("shop", "pk_shop_1")
OFFER = OfferSettings(
    name="GOLD", holdout_share=0.3, explore_share=0.2, daily_cap=9,
    sms=SmsSettings(text="Gold for a day", dry_run=False, quiet_from="00:00", quiet_until="00:00"),
)  # fmt: skip
PEOPLE = [f"shop#c#{number}" for number in range(CUSTOMERS)]


class Month:
    """The channels on one store, and whom each of them reached."""

    def __init__(self, store: ProfileStore, url: str) -> None:
        self.store, self.older = store, redis.Redis.from_url(url, decode_responses=True)
        self.sink, self.exposures = MemorySink(), list[Exposure]()
        ids = iter(range(1_000_000))
        self.now = datetime.now(UTC)
        self.decider = Decider(
            store, self.sink, [OFFER], lambda: self.now, lambda: f"decision-{next(ids):010}", read_deadline_seconds=10
        )
        self.messages = Messages(
            store, lambda phone, _: self.reach("sms", phone.removeprefix("+1555010")), self.exposures.append,
            lambda: self.now, lambda: f"message-{next(ids):010}",
        )  # fmt: skip
        self.reached: dict[str, set[str]] = {}

    def reach(self, channel: str, customer: str) -> None:
        self.reached.setdefault(channel, set()).add(customer)

    def live(self, day: int) -> None:
        # Every day others are targets.
        known = [{"GOLD": OfferScore(0.5, "m", target=(n + day) % 4 > 0, band=n % 5)} for n in range(CUSTOMERS)]
        self.store.put(Profile(person, self.now, scores) for person, scores in zip(PEOPLE, known, strict=True))
        customers = [str(number) for number in range(CUSTOMERS)]
        for customer in customers:
            self.ask_page(customer)
            self.messages.offer_to(APP, OFFER, customer)
        for customer, is_reached in reached(self.store, APP, OFFER, customers, self.now):
            if is_reached:
                self.reach("export", customer)
        segments = Segments2016(redis_client())
        segments.write(reached(self.store, APP, OFFER, customers, self.now), self.now)
        heard = [Listen("shop", f"e{customer}", self.now, customer, None, "7", ads=True) for customer in customers]
        ListenSegment(self.store, segments, APP, OFFER)(heard, self.now)
        for customer in customers:
            if self.older.get(f"{PREDICTION}{customer}") == "1":
                self.reach("pred_event", customer)
        for customer in self.older.smembers(SEGMENT):
            self.reach("1_day_event_users", customer)

    def ask_page(self, customer: str) -> None:
        body = {"token": "pk_shop_1", "customer_id": customer, "placement": "before-song"}
        payload = json.dumps(body | {"consent": {"analytics": True, "ads": True}}).encode()
        context = RequestContext(self.now, "shop", "pk_shop_1", None, bot=False)
        if self.decider.answer(APP, payload, context)["decision"] == "show":
            self.reach("page", customer)


def test_nobody_who_is_held_out_is_reached_by_any_channel_in_a_month(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGDIG_REDIS_URL", redis_url)
    month = Month(profile_store(Settings(service="month", profile_store="redis")), redis_url)
    month.store.put_contacts({person: Contact(f"+1555010{n}", True) for n, person in enumerate(PEOPLE)})
    begin = month.now

    for day in range(DAYS):
        month.now = begin + timedelta(days=day)
        month.live(day)
    assert month.decider.drain(10)

    held = {person.rpartition("#")[2] for person in PEOPLE if is_held_out(person, "GOLD", 0.3)}
    others = {str(number) for number in range(CUSTOMERS)} - held
    assert 4 < len(held) < 25
    assert sorted(month.reached) == ["1_day_event_users", "export", "page", "pred_event", "sms"]
    # Each of the others is a target on some day.
    assert month.reached == dict.fromkeys(month.reached, others)
    _check_exposures(month, held)


def _check_exposures(month: Month, held: set[str]) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in month.sink.events]
    lines += [json.loads(exposure.line) for exposure in month.exposures]
    would = [(line["customer_id"], line["custom"]["props"]) for line in lines if line["custom"]["props"]["would_show"]]
    assert {props["channel"] for _, props in would} == {"page", "sms"}
    assert {customer for customer, props in would if props["decision"] == "holdout"} == held
    assert not held & {customer for customer, props in would if props["decision"] == "show"}


def test_flush_puts_a_listener_into_the_segment_when_the_settings_name_its_app(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGDIG_REDIS_URL", redis_url)
    offer = OfferSettings(name="GOLD", holdout_share=0.0, explore_share=0.0, segments_app="shop")
    apps = tuple(AppSettings(name=name, token=f"pk_{name}_12345678") for name in ("blog", "shop"))
    settings = Settings(
        service="segment", apps=apps, offers=(offer,), flush=FlushSettings(on_listen=True), profile_store="redis"
    )
    now = datetime.now(UTC)
    profile_store(settings).put([Profile("shop#c#y1", now, {"GOLD": OfferScore(0.5, "m", target=True)})])
    older = redis.Redis.from_url(redis_url, decode_responses=True)
    older.delete(SEGMENT)

    heard = [Listen("shop", f"e{who}", now, who, None, "7", ads=True) for who in ("y1", "y2")]
    for reaction in reactions_of(settings):
        reaction(heard, now)

    assert older.smembers(SEGMENT) == {"y1"}
    assert (older.get(f"{PREDICTION}y1"), older.get(f"{PREDICTION}y2")) == ("1", "0")
