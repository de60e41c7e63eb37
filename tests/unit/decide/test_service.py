"""The decision service: strict about its body, quick, and without errors of its own."""

import itertools
import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.config.apps import App
from logdig.config.offers import OfferSettings
from logdig.counters import Counters
from logdig.decide.profiles import Counts, OfferScore, Profile
from logdig.decide.request import parse
from logdig.decide.service import Decider
from logdig.decide.stores.memory_items import InMemoryProfiles
from logdig.decide.stores.readings import Reading
from logdig.errors import InputError, InvalidEventError, ProfileUnavailableError, QueueUnavailableError
from logdig.events.lines import RequestContext
from logdig.queue.packs import EventBatch, pack, read_pack

NOW = datetime(2026, 11, 24, 13, 0, 0, 123456, tzinfo=UTC)
OFFER = OfferSettings(name="UPGRADE", placement="before-song", holdout_share=0.0, explore_share=0.0)
DRAIN_SECONDS = 10.0
CLIENTS = 50


class SinkFake:
    """Keeps batches; fails while ``broken``; waits for ``gate`` if there is one."""

    def __init__(self, *, broken: bool = False, gate: threading.Event | None = None) -> None:
        self.batches: list[EventBatch] = []
        self._broken = broken
        self._gate = gate

    def commit(self, batch: EventBatch) -> None:
        if self._gate:
            self._gate.wait(DRAIN_SECONDS)
        if self._broken:
            raise QueueUnavailableError("the queue is down")
        self.batches.append(batch)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for batch in self.batches for line in batch.events]


class ProfilesFake(InMemoryProfiles):
    """Counts reads and does ``before_read`` first."""

    def __init__(self, profiles: Iterable[Profile] = (), before_read: Callable[[], None] = lambda: None) -> None:
        super().__init__(profiles, lambda: NOW)
        self.asked: list[str] = []
        self._before_read = before_read

    def read(self, person: str, *more: Any) -> Reading:
        self.asked.append(person)
        self._before_read()
        return super().read(person, *more)


def profile(person: str = "shop#c#7", score: float = 0.8) -> Profile:
    return Profile(person, NOW - timedelta(hours=1), {"UPGRADE": OfferScore(score, "m1", target=score > 0.5, band=5)})


def body(**changes: Any) -> bytes:
    fields = {
        "token": "pk_shop_1",
        "user_key": "visitor1",
        "customer_id": "7",
        "placement": "before-song",
        "consent": {"analytics": True, "ads": True},
    }
    return json.dumps({key: value for key, value in (fields | changes).items() if value != "absent"}).encode()


def decider(profiles: InMemoryProfiles | None = None, sink: SinkFake | None = None, **options: Any) -> Decider:
    # The deadline is far away unless a test is about it: a busy machine must not decide a test.
    options.setdefault("read_deadline_seconds", DRAIN_SECONDS)
    ids = (f"decision-{number:08}" for number in range(1_000_000))
    return Decider(
        profiles or ProfilesFake([profile()]), sink or SinkFake(), [OFFER], lambda: NOW, lambda: next(ids), **options
    )


def app() -> App:
    return App(name="shop", token="pk_shop_1", timezone="Asia/Seoul")


def context(**changes: Any) -> RequestContext:
    known = RequestContext(NOW, "shop", "pk_shop_1", "Firefox", bot=False)
    return msgspec.structs.replace(known, **changes)


def ask(service: Decider, payload: bytes | None = None, **changes: Any) -> dict[str, Any]:
    asked_by = context(**({"signed": True} | changes))
    return service.answer(app(), payload or body(), asked_by)


def ask_from_browser(service: Decider, payload: bytes | None = None) -> dict[str, Any]:
    return ask(service, payload, signed=False)


def test_decider_tells_a_signed_sender_everything_when_it_shows() -> None:
    answer = ask(decider())

    assert answer == {
        "decision_id": "decision-00000000",
        "decision": "show",
        "ad": "UPGRADE",
        "score": 0.8,
        "reason": "eligible",
        "model_version": "m1",
        "features_as_of": "2026-11-24T12:00:00.123Z",
        "ttl_s": 0,
    }


def test_decider_tells_a_browser_nothing_about_the_person_when_it_answers() -> None:
    answers = [ask_from_browser(decider(ProfilesFake([profile(score=score)]))) for score in (0.8, 0.1)]
    answers.append(ask_from_browser(decider(ProfilesFake())))

    assert [set(answer) for answer in answers] == [{"decision_id", "decision", "ad", "reason", "ttl_s"}] * 3
    assert [answer["reason"] for answer in answers] == ["offer", "not_selected", "not_selected"]
    assert answers[1] == answers[2]


@pytest.mark.parametrize(
    "changes, person",
    [
        ({}, "shop#c#7"),
        ({"customer_id": None}, "shop#v#visitor1"),
        ({"customer_id": "absent"}, "shop#v#visitor1"),
        ({"user_key": "absent"}, "shop#c#7"),
    ],
)
def test_decider_reads_one_profile_when_a_person_is_named(changes: dict[str, Any], person: str) -> None:
    profiles = ProfilesFake([profile()])

    ask(decider(profiles), body(**changes))

    assert profiles.asked == [person]


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"consent": {"analytics": True, "ads": False}}, "no_consent"),
        ({"placement": "elsewhere"}, "no_offer"),
    ],
)
def test_decider_reads_no_profile_when_it_cannot_show_anyway(changes: dict[str, Any], reason: str) -> None:
    profiles = ProfilesFake([profile()])

    answer = ask(decider(profiles), body(**changes))

    assert profiles.asked == []
    assert (answer["decision"], answer["reason"], answer["ad"]) == ("suppress", reason, None)


def test_decider_suppresses_when_the_profile_comes_after_the_deadline() -> None:
    release = threading.Event()
    slow = ProfilesFake([profile()], before_read=lambda: release.wait(DRAIN_SECONDS) and None)

    answer = ask_from_browser(decider(slow, read_deadline_seconds=0.01))
    release.set()

    assert (answer["decision"], answer["reason"], answer["ttl_s"]) == ("suppress", "timeout", 0)


def test_decider_suppresses_when_the_store_fails() -> None:
    def fail() -> None:
        raise ProfileUnavailableError("the table is gone")

    answer = ask_from_browser(decider(ProfilesFake(before_read=fail)))

    assert (answer["decision"], answer["reason"], answer["ttl_s"]) == ("suppress", "unavailable", 0)


@pytest.mark.parametrize(
    "bad, field",
    [
        (body(token="absent"), "token"),
        (body(placement="absent"), "placement"),
        (body(placement=""), "placement"),
        (body(placement="x" * 65), "placement"),
        (body(consent="absent"), "consent"),
        (body(consent={"ads": True}), "consent.analytics"),
        (body(consent={"analytics": True, "ads": 1}), "consent.ads"),
        (body(customer_id=7), "customer_id"),
        (body(customer_id="a\u0000b"), "customer_id"),
        (body(customer_id="x" * 129), "customer_id"),
        (body(user_key="a b"), "user_key"),
        (body(user_key=None, customer_id=None), "user_key"),
        (body(score=1), "score"),
        (b"[]", ""),
        (b"null", ""),
        (b"NaN", ""),
        (body().replace(b'"7"', b'"\\ud800"'), "customer_id"),
        (body().replace(b"true", b"NaN", 1), "consent.analytics"),
    ],
)
def test_decider_names_the_field_when_the_body_breaks_a_rule(bad: bytes, field: str) -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    with pytest.raises(InvalidEventError) as caught:
        ask(service, bad)

    assert caught.value.field == field
    assert "regex" not in caught.value.reason
    assert service.drain(DRAIN_SECONDS)
    assert sink.batches == []


@pytest.mark.parametrize("bad", [b"", b"{", b"\xff", b'{"token": "\xff"}', b"{} x", b"[" * 1_000_000])
def test_decider_refuses_when_the_body_is_no_json(bad: bytes) -> None:
    with pytest.raises(InputError):
        decider().begin(app(), bad, context())


@given(st.binary(max_size=300))
def test_parse_never_raises_anything_but_input_errors_when_bytes_are_random(noise: bytes) -> None:
    with pytest.raises(InputError):
        parse(noise)


def test_decider_logs_each_answer_as_one_exposure_when_it_answers() -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    ask_from_browser(service)
    ask_from_browser(service, body(placement="elsewhere"))

    assert service.drain(DRAIN_SECONDS)
    first, second = sink.lines
    assert next(iter(first)) == "received_at"
    assert (first["app"], first["type"], first["user_key"], first["customer_id"]) == ("shop", "custom", "visitor1", "7")
    assert first["received_at"] == first["occurred_at"] == first["timestamp"] == "2026-11-24T13:00:00.123Z"
    assert first["event_id"] == "decision-00000000"
    assert first["consent"] == {"analytics": True, "ads": True}
    assert first["custom"] == {
        "name": "$exposure",
        "props": {
            "decision_id": "decision-00000000",
            "channel": "page",
            "decision": "show",
            "reason": "eligible",
            "offer": "UPGRADE",
            "placement": "before-song",
            "would_show": True,
            "p_show": 1.0,
            "explore": False,
            "score": 0.8,
            "band": 5,
            "model_version": "m1",
            "features_as_of": "2026-11-24T12:00:00.123Z",
        },
    }
    assert second["custom"]["props"]["offer"] is None
    assert second["event_id"] == "decision-00000001"


def test_exposures_survive_the_queue_when_packed() -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    ask_from_browser(service, body(customer_id="손님|7"))
    assert service.drain(DRAIN_SECONDS)
    (message,) = pack(sink.batches[0], lambda: "pack-1")
    (line,) = read_pack(message, "message-1").event_lines()

    assert json.loads(line)["customer_id"] == "손님|7"
    assert json.loads(line)["pack_id"] == "pack-1"


def test_exposure_names_nobody_when_analytics_is_refused() -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    ask_from_browser(service, body(consent={"analytics": False, "ads": False}))

    assert service.drain(DRAIN_SECONDS)
    assert sink.lines[0]["user_key"] is None
    assert sink.lines[0].get("customer_id") is None


def test_exposures_are_counted_as_lost_when_the_queue_is_down() -> None:
    service = decider(sink=SinkFake(broken=True))

    answers = [ask_from_browser(service) for _ in range(3)]

    assert service.drain(DRAIN_SECONDS)
    assert service.exposure_lost == 3
    assert {answer["decision"] for answer in answers} == {"show"}


def test_exposures_travel_together_when_they_come_faster_than_the_queue_takes_them() -> None:
    release = threading.Event()
    sink = SinkFake(gate=release)
    service = decider(sink=sink)

    for _ in range(50):
        ask_from_browser(service)
    release.set()

    assert service.drain(DRAIN_SECONDS)
    assert len(sink.lines) == 50
    assert len(sink.batches) <= 2


def test_answer_waits_a_moment_for_its_exposure_when_the_process_sleeps_afterwards() -> None:
    sink = SinkFake()

    ask(decider(sink=sink, exposure_wait_seconds=DRAIN_SECONDS))

    assert len(sink.lines) == 1


def offer(**changes: Any) -> OfferSettings:
    return msgspec.structs.replace(OFFER, **changes)


def service_of(offered: OfferSettings, profiles: InMemoryProfiles, **options: Any) -> Decider:
    ids = itertools.count()
    return Decider(
        profiles, SinkFake(), [offered], lambda: NOW, lambda: f"decision-{next(ids):08}",
        read_deadline_seconds=DRAIN_SECONDS, **options,
    )  # fmt: skip


def shows(service: Decider, times: int, threads: int = CLIENTS) -> int:
    with ThreadPoolExecutor(threads) as clients:
        answers = list(clients.map(lambda _: ask(service), range(times)))
    assert service.drain(DRAIN_SECONDS)
    return sum(answer["decision"] == "show" for answer in answers)


def test_show_is_valid_once_and_other_answers_for_a_while() -> None:
    shown, unknown = ask(decider()), ask(decider(ProfilesFake()))

    assert (shown["ttl_s"], unknown["ttl_s"]) == (0, 300)


@pytest.mark.parametrize("cap", [{"daily_cap": 1}, {"daily_cap": 9, "total_cap": 1}])
def test_cap_of_one_is_kept_exactly_when_50_clients_ask_at_once(cap: dict[str, int]) -> None:
    service = service_of(offer(**cap), ProfilesFake([profile()]))

    assert shows(service, 200) == 1


def test_cap_is_passed_by_no_more_than_the_requests_in_flight() -> None:
    profiles = ProfilesFake([profile()])
    service = service_of(offer(daily_cap=3), profiles)

    first = shows(service, CLIENTS)
    after = shows(service, CLIENTS)

    assert 3 <= first <= 3 + CLIENTS - 1
    assert after == 0
    # The day of the app's zone, and never more than the cap.
    assert profiles.read("shop#c#7").counts == Counts({"UPGRADE": 3}, {"UPGRADE": ("2026-11-24", 3)})


def test_budget_ends_the_day_for_everybody() -> None:
    people = [profile(f"shop#c#{number}") for number in range(20)]
    profiles, counters = ProfilesFake(people), Counters()
    budgeted = offer(ad_cost=0.1, daily_budget=1.2)
    services = [service_of(budgeted, profiles, counters=counters) for _ in range(2)]

    answers = [ask(services[0], body(customer_id=str(number)))["reason"] for number in range(20)]
    assert services[0].drain(DRAIN_SECONDS)
    elsewhere = ask(services[1], body(customer_id="19"))

    assert answers == ["eligible"] * 12 + ["over_budget"] * 8
    assert elsewhere["reason"] == "over_budget"
    assert counters.total("logdig_decisions_total", decision="suppress", reason="over_budget") == 9


def test_counts_that_cannot_be_written_are_counted_as_lost() -> None:
    class Uncounted(ProfilesFake):
        def count_show(self, *_: Any, **__: Any) -> bool:
            raise ProfileUnavailableError("the table is gone")

    counters = Counters()
    service = service_of(OFFER, Uncounted([profile()]), counters=counters)

    assert shows(service, 3) == 3
    assert counters.total("logdig_count_lost_total") == 3


def test_cap_of_one_shows_nothing_when_it_cannot_be_counted() -> None:
    class Uncounted(ProfilesFake):
        def count_show(self, *_: Any, **__: Any) -> bool:
            raise ProfileUnavailableError("the table is gone")

    answer = ask(service_of(offer(daily_cap=1), Uncounted([profile()])))

    assert (answer["decision"], answer["reason"]) == ("suppress", "unavailable")


def test_decider_reads_nothing_for_bots() -> None:
    profiles = ProfilesFake([profile()])

    answer = ask(decider(profiles), bot=True, signed=False)

    assert profiles.asked == []
    assert (answer["decision"], answer["reason"]) == ("suppress", "not_selected")


def test_exposure_carries_what_the_server_knows_of_the_request() -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    ask(service, country="KR", staff=True, signed=True)

    assert service.drain(DRAIN_SECONDS)
    (line,) = sink.lines
    assert (line["user_agent"], line["country"], line["staff"], "signed" in line) == ("Firefox", "KR", True, False)


def test_decisions_are_counted_by_reason_when_the_store_is_down_slow_or_empty() -> None:
    def fail() -> None:
        raise ProfileUnavailableError("the table is gone")

    release, counters = threading.Event(), Counters()
    down, empty = ProfilesFake(before_read=fail), ProfilesFake()
    slow = ProfilesFake([profile()], before_read=lambda: release.wait(DRAIN_SECONDS) and None)
    for profiles, deadline in ((down, DRAIN_SECONDS), (slow, 0.01), (empty, DRAIN_SECONDS)):
        ask(decider(profiles, counters=counters, read_deadline_seconds=deadline))
    release.set()

    found = [
        counters.total("logdig_decisions_total", reason=reason) for reason in ("unavailable", "timeout", "unknown")
    ]
    assert found == [1, 1, 1]
