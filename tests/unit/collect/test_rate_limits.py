"""Rate limits and counters of the collector: who is told to wait, and what is counted under which word."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from logdig.collect.collector import Collector
from logdig.collect.http import Request
from logdig.collect.rate_limits import CustomerLimits, RateLimits, TooManyRequestsError
from logdig.config.apps import App, Apps
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings, PreviousToken, Settings
from logdig.counters import COUNTERS, Counters
from logdig.decide.profiles import OfferScore, Profile
from logdig.decide.service import Decider
from logdig.decide.stores.memory_items import InMemoryProfiles
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, NOW, ORIGIN, SECRET, TOKEN, body, collector, event, post, signed, signed_event

PUBLIC = "203.0.113.9"
# Documentation networks are no public addresses to Python; these are.
VISITOR, NEIGHBOUR = "8.8.8.8", "8.8.4.4"
HOUSE, SAME_HOUSE, OTHER_HOUSE = "2a00:1450:4001::1", "2a00:1450:4001::2", "2a00:1450:4002:1::1"


def app(name: str = "shop", *, requests: int = 0, address: int = 0) -> App:
    return App(name, TOKEN, requests_per_minute=requests, address_requests_per_minute=address)


def test_app_waits_when_its_bucket_is_empty_and_no_other_app_with_it() -> None:
    limits, slow = RateLimits(), app(requests=1)

    limits.check(slow, VISITOR, signed=False)
    with pytest.raises(TooManyRequestsError, match="app shop sends more than 1 requests a minute") as refused:
        limits.check(slow, NEIGHBOUR, signed=True)
    limits.check(app("blog", requests=1), VISITOR, signed=False)

    (header,) = refused.value.headers
    assert header[0] == "Retry-After"
    assert 1 <= int(header[1]) <= 60


def test_bucket_holds_ten_seconds_worth() -> None:
    limits, steady = RateLimits(), app(requests=12)

    limits.check(steady, None, signed=False)
    limits.check(steady, None, signed=False)
    with pytest.raises(TooManyRequestsError):
        limits.check(steady, None, signed=False)


def test_address_waits_alone_and_an_ipv6_household_waits_together() -> None:
    limits, slow = RateLimits(), app(address=1)

    for address in (VISITOR, HOUSE):
        limits.check(slow, address, signed=False)
    for address in (VISITOR, SAME_HOUSE):
        with pytest.raises(TooManyRequestsError, match="this address"):
            limits.check(slow, address, signed=False)
    for address in (NEIGHBOUR, OTHER_HOUSE):
        limits.check(slow, address, signed=False)


def test_address_that_must_wait_uses_nothing_of_its_app_up() -> None:
    limits, busy = RateLimits(), app(requests=12, address=1)

    limits.check(busy, VISITOR, signed=False)
    for _ in range(20):
        with pytest.raises(TooManyRequestsError, match="this address"):
            limits.check(busy, VISITOR, signed=False)
    limits.check(busy, NEIGHBOUR, signed=False)
    with pytest.raises(TooManyRequestsError, match="app shop"):
        limits.check(busy, HOUSE, signed=False)


def test_address_of_ipv4_waits_alone_when_the_server_speaks_ipv6_too() -> None:
    limits, slow = RateLimits(), app(address=1)

    limits.check(slow, f"::ffff:{VISITOR}", signed=False)
    limits.check(slow, f"::ffff:{NEIGHBOUR}", signed=False)
    with pytest.raises(TooManyRequestsError, match="this address"):
        limits.check(slow, VISITOR, signed=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "::1", "fd00::1", "::ffff:10.0.0.7", None, "no address"])
def test_address_that_is_not_public_has_no_bucket(address: str | None) -> None:
    limits, slow = RateLimits(), app(address=1)

    for _ in range(3):
        limits.check(slow, address, signed=False)


def test_signed_sender_has_no_address_bucket() -> None:
    limits, slow = RateLimits(), app(address=1)

    for _ in range(3):
        limits.check(slow, VISITOR, signed=True)


def test_address_may_ask_for_so_many_customers_an_hour_and_again_for_the_same() -> None:
    shop, limits, later = App("shop", TOKEN, address_customers_per_hour=2), CustomerLimits(), NOW + timedelta(hours=1)

    def asks(customer: str | None, address: str | None = "8.8.8.8", now: datetime = NOW) -> bool:
        return limits.is_over(shop, address, customer, now)

    assert [asks(customer) for customer in ("1", "2", "3", "1", "2")] == [False, False, True, False, False]
    assert [asks("3", "8.8.4.4"), asks("3", "10.0.0.1"), asks("3", None), asks(None)] == [False] * 4
    assert [asks(customer, now=later) for customer in ("3", "4", "1")] == [False, False, True]
    assert not any(limits.is_over(App("blog", TOKEN), "8.8.8.8", str(n), NOW) for n in range(9))


def test_browser_that_asks_for_too_many_customers_sees_no_offer_and_a_signed_server_does() -> None:
    apps = Apps([App("shop", TOKEN, frozenset([ORIGIN]), address_customers_per_hour=2)], {"shop": [SECRET]})
    profiles = InMemoryProfiles(
        [Profile(f"shop#c#{n}", NOW, {"UP": OfferScore(0.9, "m")}) for n in range(3)], lambda: NOW
    )
    offer = OfferSettings(name="UP", placement="p", holdout_share=0.0)
    decider = Decider(
        profiles, MemorySink(), [offer], lambda: NOW, lambda: "decision-00000000", read_deadline_seconds=10
    )
    served = Collector(apps, MemorySink(), lambda: NOW, lambda: "id", decider)

    def decision(customer: int, *, is_signed: bool = False) -> str:
        consent = {"analytics": True, "ads": True}
        payload = json.dumps(
            {"token": TOKEN, "customer_id": str(customer), "placement": "p", "consent": consent}
        ).encode()
        asked = signed(payload, "/v1/decide") if is_signed else post(payload, "/v1/decide")
        found: str = json.loads(served.handle(msgspec.structs.replace(asked, remote_addr="8.8.8.8")).body)["decision"]
        return found

    assert [decision(n) for n in range(3)] == ["show", "show", "suppress"]
    assert decision(2, is_signed=True) == "show"


def test_collector_answers_429_with_retry_after_and_stores_nothing_of_it() -> None:
    sink = MemorySink()
    apps = Apps([App("shop", TOKEN, frozenset({ORIGIN}), address_requests_per_minute=1)])
    tested = Collector(apps, sink, lambda: NOW, lambda: "id-0000000000000000000")
    asked = Request("POST", "/v1/events", "", BROWSER, body(event()), VISITOR)

    answers = [tested.handle(asked) for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 429]
    headers = dict(answers[1].headers)
    assert int(headers["Retry-After"]) >= 1
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert len(sink.batches) == 1
    assert tested.counters.total("logdig_refused_requests_total", reason="rate_address") == 1


def test_events_are_counted_only_when_they_are_durable() -> None:
    sink = MemorySink()
    tested = collector(sink)
    payload = body(event(), event(), b"NaN", event(seq=-1), event(colour="red"), {"type": "click"})

    tested.handle(post(payload))
    sink.is_down = True
    tested.handle(post(payload))

    counters = tested.counters
    assert counters.total("logdig_accepted_events_total", app="shop") == 2
    assert counters.total("logdig_rejected_events_total") == 4
    assert counters.total("logdig_rejected_events_total", reason="unknown_field") == 1
    assert counters.total("logdig_rejected_events_total", reason="missing") == 1
    assert counters.total("logdig_rejected_events_total", reason="wrong_value") == 2
    assert counters.total("logdig_refused_requests_total", reason="queue") == 1
    assert counters.total("logdig_received_bytes_total") == 2 * len(payload)
    assert counters.total("logdig_requests_total", path="/v1/events", status="202") == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seq": None}, "wrong_value"),
        ({"colour": 1}, "unknown_field"),
        ({"current_page": "a\0b"}, "unwritable_text"),
        ({"timestamp": (NOW - timedelta(days=31)).isoformat()}, "too_old"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "wrong_value"),
        ({"current_page": "한" * 20_000}, "too_large"),
        ({"view": [[[[[[[1]]]]]]]}, "too_deep"),
    ],
)
def test_rejected_event_is_counted_under_the_word_of_its_first_fault(changes: dict[str, object], reason: str) -> None:
    tested = collector()

    tested.handle(post(body(event(**changes))))

    assert tested.counters.total("logdig_rejected_events_total") == 1
    assert tested.counters.total("logdig_rejected_events_total", reason=reason) == 1


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Request("POST", "/nowhere"), "path"),
        (Request("PUT", "/v1/events"), "method"),
        (post(b"x" * ((1 << 20) + 1)), "too_large"),
        (post(body(), headers=(("content-type", "text/html"),)), "type"),
        (post(body(), headers=()), "no_origin"),
        (post(body(), headers=(("origin", "https://evil.example"),)), "origin_unknown"),
        (signed(body(), secret=b"other"), "signature"),
        (post(b"{"), "unreadable"),
        (post(gzip.compress(b"x"), headers=BROWSER), "unreadable"),
        (post(body(token="nobody")), "token_unknown"),
        (post(body(token="pk_blog_1")), "origin_other_app"),
        (signed(body(signed_event("page"), token="pk_blog_1")), "token_other_app"),
    ],
)
def test_refused_request_is_counted_under_one_word(asked: Request, reason: str) -> None:
    tested = collector()

    tested.handle(asked)

    assert tested.counters.total("logdig_refused_requests_total") == 1
    assert tested.counters.total("logdig_refused_requests_total", reason=reason) == 1


def test_token_that_was_rotated_or_disabled_is_counted_as_such() -> None:
    until = datetime(2026, 11, 1, tzinfo=UTC)
    rotated = AppSettings("shop", TOKEN, (ORIGIN,), previous_tokens=(PreviousToken("pk_shop_0", until),))
    gone = AppSettings("gone", "pk_gone_1", (ORIGIN,), disabled=True)
    apps = Apps.from_settings(Settings(apps=(rotated, gone)), {"LOGDIG_SIGNING_SECRET_SHOP": SECRET.decode()})

    assert apps.token_fault("pk_shop_0", NOW) == "token_expired"
    assert apps.token_fault("pk_gone_1", NOW) == "token_disabled"
    assert apps.token_fault("pk_else_1", NOW) == "token_unknown"


def test_no_label_holds_anything_that_a_request_brought() -> None:
    tested = collector()

    tested.handle(post(body(event(colour="red-7719"), token="nobody-7719")))
    tested.handle(post(body(event(seq="no-7719"), {"type": "own-7719"})))
    tested.handle(Request("BREW-7719", "/path-7719", "q-7719", (("user-agent", "agent-7719"),), b"7719", "1.2.3.4"))

    sums = tested.counters.sums()
    assert {name for name, _ in sums} <= set(COUNTERS)
    assert "7719" not in json.dumps([list(map(str, key)) for key in sums])


def test_sends_are_sorted_into_buckets_of_seconds() -> None:
    counters = Counters()

    for seconds in (0.004, 0.005, 0.3, 99):
        counters.observe_send(seconds)

    counts, total = counters.sends()
    assert (counts[0], counts[6], counts[-1]) == (2, 1, 1)
    assert total == pytest.approx(99.309)
