"""The decision service: strict about its body, quick, and without errors of its own."""

import json
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.config.apps import App
from logdig.config.offers import OfferSettings
from logdig.decide.profiles import InMemoryProfiles, OfferScore, Profile
from logdig.decide.service import Decider, parse
from logdig.errors import InputError, InvalidEventError, ProfileUnavailableError, QueueUnavailableError
from logdig.queue.packs import EventBatch, pack, read_pack

NOW = datetime(2026, 11, 24, 13, 0, 0, 123456, tzinfo=UTC)
OFFER = OfferSettings(name="UPGRADE", placement="before-song", holdout_share=0.0)
DRAIN_SECONDS = 10.0


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
        super().__init__(profiles)
        self.asked: list[str] = []
        self._before_read = before_read

    def get(self, person: str) -> Profile | None:
        self.asked.append(person)
        self._before_read()
        return super().get(person)


def profile(person: str = "shop#c#7", score: float = 0.8) -> Profile:
    return Profile(person, NOW - timedelta(hours=1), {"UPGRADE": OfferScore(score, "m1")})


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
    return App(name="shop", token="pk_shop_1")


def test_decider_tells_a_signed_sender_everything_when_it_shows() -> None:
    status, answer = decider().answer(app(), body(), signed=True)

    assert status == 200
    assert answer == {
        "decision_id": "decision-00000000",
        "decision": "show",
        "ad": "UPGRADE",
        "score": 0.8,
        "reason": "eligible",
        "model_version": "m1",
        "features_as_of": "2026-11-24T12:00:00.123Z",
        "ttl_s": 300,
    }


def test_decider_tells_a_browser_nothing_about_the_person_when_it_answers() -> None:
    answers = [
        decider(ProfilesFake([profile(score=score)])).answer(app(), body(), signed=False)[1] for score in (0.8, 0.1)
    ]
    answers.append(decider(ProfilesFake()).answer(app(), body(), signed=False)[1])

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

    decider(profiles).answer(app(), body(**changes), signed=True)

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

    _, answer = decider(profiles).answer(app(), body(**changes), signed=True)

    assert profiles.asked == []
    assert (answer["decision"], answer["reason"], answer["ad"]) == ("suppress", reason, None)


def test_decider_suppresses_when_the_profile_comes_after_the_deadline() -> None:
    release = threading.Event()
    slow = ProfilesFake([profile()], before_read=lambda: release.wait(DRAIN_SECONDS) and None)

    status, answer = decider(slow, read_deadline_seconds=0.01).answer(app(), body(), signed=False)
    release.set()

    assert status == 200
    assert (answer["decision"], answer["reason"], answer["ttl_s"]) == ("suppress", "timeout", 0)


def test_decider_suppresses_when_the_store_fails() -> None:
    def fail() -> None:
        raise ProfileUnavailableError("the table is gone")

    _, answer = decider(ProfilesFake(before_read=fail)).answer(app(), body(), signed=False)

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
        service.answer(app(), bad, signed=False)

    assert caught.value.field == field
    assert "regex" not in caught.value.reason
    assert service.drain(DRAIN_SECONDS)
    assert sink.batches == []


@pytest.mark.parametrize("bad", [b"", b"{", b"\xff", b'{"token": "\xff"}', b"{} x", b"[" * 1_000_000])
def test_decider_refuses_when_the_body_is_no_json(bad: bytes) -> None:
    with pytest.raises(InputError):
        decider().answer(app(), bad, signed=False)


@given(st.binary(max_size=300))
def test_parse_never_raises_anything_but_input_errors_when_bytes_are_random(noise: bytes) -> None:
    with pytest.raises(InputError):
        parse(noise)


def test_decider_logs_each_answer_as_one_exposure_when_it_answers() -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    service.answer(app(), body(), signed=False)
    service.answer(app(), body(placement="elsewhere"), signed=False)

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
            "decision": "show",
            "reason": "eligible",
            "offer": "UPGRADE",
            "placement": "before-song",
            "model_version": "m1",
            "score": 0.8,
        },
    }
    assert second["custom"]["props"]["offer"] is None
    assert second["event_id"] == "decision-00000001"


def test_exposures_survive_the_queue_when_packed() -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    service.answer(app(), body(customer_id="손님|7"), signed=False)
    assert service.drain(DRAIN_SECONDS)
    (message,) = pack(sink.batches[0], lambda: "pack-1")
    (line,) = read_pack(message, "message-1").event_lines()

    assert json.loads(line)["customer_id"] == "손님|7"
    assert json.loads(line)["pack_id"] == "pack-1"


def test_exposure_names_nobody_when_analytics_is_refused() -> None:
    sink = SinkFake()
    service = decider(sink=sink)

    service.answer(app(), body(consent={"analytics": False, "ads": False}), signed=False)

    assert service.drain(DRAIN_SECONDS)
    assert sink.lines[0]["user_key"] is None
    assert sink.lines[0].get("customer_id") is None


def test_exposures_are_counted_as_lost_when_the_queue_is_down() -> None:
    service = decider(sink=SinkFake(broken=True))

    answers = [service.answer(app(), body(), signed=False) for _ in range(3)]

    assert service.drain(DRAIN_SECONDS)
    assert service.exposure_lost == 3
    assert {status for status, _ in answers} == {200}


def test_exposures_travel_together_when_they_come_faster_than_the_queue_takes_them() -> None:
    release = threading.Event()
    sink = SinkFake(gate=release)
    service = decider(sink=sink)

    for _ in range(50):
        service.answer(app(), body(), signed=False)
    release.set()

    assert service.drain(DRAIN_SECONDS)
    assert len(sink.lines) == 50
    assert len(sink.batches) <= 2


def test_answer_waits_a_moment_for_its_exposure_when_the_process_sleeps_afterwards() -> None:
    sink = SinkFake()

    decider(sink=sink, exposure_wait_seconds=DRAIN_SECONDS).answer(app(), body(), signed=False)

    assert len(sink.lines) == 1
