"""Listens that a flush has written reach the reactions; whatever these do, the flush is as well as without them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from logdig.config.offers import OfferSettings, SmsSettings
from logdig.config.settings import AppSettings, FlushSettings, Settings
from logdig.decide.interests import Listen
from logdig.errors import ProfileUnavailableError
from logdig.flush.flusher import flush
from logdig.flush.on_listen import Reaction, listen_of, reactions_of
from logdig.flush.report import FlushReport
from logdig.queue.packs import EventBatch, pack
from logdig.times import wire_time
from tests.fakes.flushed import LIMITS, FlushSetup


def line(setup: FlushSetup, event_id: str = "e", **changes: Any) -> bytes:
    at = wire_time(setup.clock())
    event = {
        "received_at": at, "type": "listen", "app": "shop", "event_id": event_id, "occurred_at": at,
        "customer_id": "0", "user_key": None, "listen": {"track_id": "7", "mobile": True},
        "consent": {"analytics": True, "ads": True}, "bot": False,
    }  # fmt: skip
    return json.dumps(event | changes, separators=(",", ":")).encode()


def run(setup: FlushSetup, *reactions: Reaction, seconds: float = 240) -> FlushReport:
    deadline = setup.clock() + timedelta(seconds=seconds)
    return flush(setup.queue, setup.store, LIMITS, setup.clock, deadline=deadline, force=True, on_listen=reactions)


def send(setup: FlushSetup, *lines: bytes) -> None:
    for place, one in enumerate(lines):
        for body in pack(EventBatch("shop", setup.clock(), (one,), ()), lambda place=place: f"p{place}"):  # type: ignore[misc]
            setup.queue.send(body)


def test_reaction_gets_every_listen_once_when_it_is_written() -> None:
    setup, got = FlushSetup(), list[Listen]()
    send(setup, line(setup, "a"), line(setup, "b", type="page", listen=None), line(setup, "c"))

    report = run(setup, lambda listens, _now: got.extend(listens))

    assert sorted(one.event_id for one in got) == ["a", "c"]
    assert (report.listens, report.reactions_failed, report.errors) == (2, 0, [])


def test_reaction_gets_nothing_when_nothing_was_written() -> None:
    setup, got = FlushSetup(), list[Listen]()
    send(setup, line(setup))
    setup.store.put = _down  # type: ignore[method-assign]

    report = run(setup, lambda listens, _now: got.extend(listens))

    assert got == []
    assert report.left == 1


def _down(*_: Any) -> bool:
    from logdig.errors import StoreUnavailableError

    raise StoreUnavailableError("S3 is down")


@pytest.mark.parametrize("error", [ProfileUnavailableError("the table is throttled"), ValueError("a fault")])
def test_flush_is_well_when_a_reaction_fails_and_the_next_one_still_runs(error: Exception) -> None:
    setup, got = FlushSetup(), list[Listen]()
    send(setup, line(setup))

    def fails(_listens: Sequence[Listen], _now: datetime) -> None:
        raise error

    report = run(setup, fails, lambda listens, _now: got.extend(listens))

    assert (report.errors, report.left, setup.queue.bodies) == ([], 0, [])
    assert (report.listens, report.reactions_failed, len(got)) == (1, 1, 1)
    assert str(error) in report.reaction_errors[0]


def test_reactions_stop_when_the_deadline_comes() -> None:
    setup, calls = FlushSetup(), list[int]()
    send(setup, line(setup))

    def slow(listens: Sequence[Listen], _now: datetime) -> None:
        calls.append(len(listens))
        setup.clock.now += timedelta(seconds=300)

    report = run(setup, slow, slow)

    assert (calls, report.reactions_failed, report.errors) == ([1], 1, [])


@pytest.mark.parametrize(
    "changes",
    [{"bot": True}, {"staff": True}, {"consent": {"analytics": False}}, {"type": "page"}, {"occurred_at": "x"}],
)
def test_line_is_no_listen_when_it_does_not_count(changes: dict[str, Any]) -> None:
    assert listen_of(line(FlushSetup(), **changes)) is None


@pytest.mark.parametrize(("consent", "ads"), [({"ads": True}, True), ({"ads": False}, False), (None, False)])
def test_listen_may_be_used_when_the_consent_allowed_ads(consent: Any, ads: bool) -> None:
    listen = listen_of(line(FlushSetup(), consent=consent))

    assert listen is not None
    assert listen.ads is ads


def test_nothing_is_done_when_on_listen_is_off() -> None:
    assert reactions_of(Settings()) == []


def test_messages_to_listeners_are_sent_only_when_an_offer_has_them() -> None:
    offer = OfferSettings(name="UPGRADE", sms=SmsSettings(text="Hello. Stop: reply STOP", when="listen"))
    settings = Settings(flush=FlushSettings(on_listen=True))

    assert [len(reactions_of(one)) for one in (settings, msgspec.structs.replace(settings, offers=(offer,)))] == [1, 2]


def test_flush_is_well_when_the_store_of_a_reaction_cannot_even_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGDIG_REDIS_URL", raising=False)
    setup = FlushSetup()
    send(setup, line(setup))
    apps = (AppSettings(name="shop", token="pk_shop_12345678"),)
    offer = OfferSettings(name="GOLD", segments_app="shop")
    older = Settings(apps=apps, offers=(offer,), flush=FlushSettings(on_listen=True), profile_store="redis")

    report = run(setup, *reactions_of(older))

    assert (report.errors, report.left, setup.queue.bodies) == ([], 0, [])
    # Interests and the segment.
    assert (report.listens, report.reactions_failed) == (1, 2)
    assert all("LOGDIG_REDIS_URL" in reason for reason in report.reaction_errors)
