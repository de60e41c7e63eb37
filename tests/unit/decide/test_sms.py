"""One message a person: to whom, when, once, and what is left of a run that is killed."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from logdig.config.apps import App
from logdig.config.offers import OfferSettings, SmsSettings
from logdig.decide.exposures import Exposure
from logdig.decide.profiles import Contact, OfferScore, Profile
from logdig.decide.sms import ListenMessages, Messages, is_quiet
from logdig.decide.stores.memory_items import InMemoryProfiles
from logdig.errors import MessageUnavailableError, ProfileUnavailableError

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
APP = App("shop", "pk_shop_1", timezone="Asia/Seoul")
TEXT = "One day of Gold. Stop: https://shop.example/stop"
PHONE = "+12015550107"


def offer(**changes: Any) -> OfferSettings:
    sms = SmsSettings(text=TEXT, dry_run=False, **changes.pop("sms", {}))
    return OfferSettings(**({"name": "GOLD", "holdout_share": 0.0, "sms": sms} | changes))


class Sms:
    """Messages with a phone that remembers; ``at`` is the time."""

    def __init__(self, customers: int = 1, *, at: datetime = NOW, target: bool = True, **contact: Any) -> None:
        self.at, self.sent, self.exposures = at, list[tuple[str, str]](), list[Exposure]()
        self.fails: Exception | None = None
        known = {"GOLD": OfferScore(0.7, "m1", target=target)}
        people = [Profile(f"shop#c#{number}", at, known) for number in range(customers)]
        self.store = InMemoryProfiles(people, lambda: self.at)
        settings = {"phone": PHONE, "sms_opt_in": True} | contact
        self.store.put_contacts({person.person: Contact(**settings) for person in people})
        self.messages = Messages(
            self.store, self.publish, self.exposures.append, lambda: self.at, lambda: "decision-00000000"
        )

    def publish(self, phone: str, text: str) -> None:
        if self.fails:
            raise self.fails
        self.sent.append((phone, text))

    def ask(self, settings: OfferSettings | None = None, customer: int = 0) -> str:
        return self.messages.offer_to(APP, settings or offer(), str(customer))

    @property
    def props(self) -> list[dict[str, Any]]:
        return [json.loads(exposure.line)["custom"]["props"] for exposure in self.exposures]


def test_message_goes_once_and_is_an_exposure_of_its_channel() -> None:
    sms = Sms()

    outcomes = [sms.ask(), sms.ask()]
    sms.at += timedelta(days=30)
    sms.store.put([Profile("shop#c#0", sms.at, {"GOLD": OfferScore(0.7, "m1")})])

    assert [*outcomes, sms.ask()] == ["sent", "sent_before", "sent_before"]
    assert sms.sent == [(PHONE, TEXT)]
    (line,) = [json.loads(exposure.line) for exposure in sms.exposures]
    props = line["custom"]["props"]
    assert (line["type"], line["customer_id"], line["user_key"]) == ("custom", "0", None)
    assert (props["channel"], props["decision"], props["would_show"], props["p_show"]) == ("sms", "show", True, 1.0)
    assert PHONE not in json.dumps(line)


def test_message_of_a_new_campaign_goes_again() -> None:
    sms = Sms()

    assert [sms.ask(), sms.ask(offer(sms={"campaign": "SPRING"}))] == ["sent", "sent"]


def test_message_goes_to_one_of_many_that_send_at_once() -> None:
    sms = Sms()

    with ThreadPoolExecutor(16) as senders:
        outcomes = list(senders.map(lambda _: sms.ask(), range(50)))

    assert (outcomes.count("sent"), len(sms.sent)) == (1, 1)


@pytest.mark.parametrize("where", ["count_show", "publish", "exposure"])
def test_kill_costs_a_message_at_most_and_never_sends_two(where: str) -> None:
    class KilledError(BaseException):
        """The process ends here."""

    def die(*_: Any, **__: Any) -> None:
        raise KilledError

    sms = Sms()
    if where == "count_show":
        sms.store.count_show = die  # type: ignore[method-assign]
    messages = Messages(
        sms.store,
        die if where == "publish" else sms.publish,
        die if where == "exposure" else sms.exposures.append,
        lambda: NOW,
        lambda: "decision-00000000",
    )

    with pytest.raises(KilledError):
        messages.offer_to(APP, offer(), "0")
    if where == "count_show":
        del sms.store.count_show
    again = sms.ask()

    assert again == "sent_before"
    assert len(sms.sent) <= 1


def test_message_that_sns_refuses_is_lost_and_no_exposure() -> None:
    sms = Sms()
    sms.fails = MessageUnavailableError("SNS refused it: Throttling")

    assert [sms.ask(), sms.ask()] == ["failed", "sent_before"]
    assert (sms.sent, sms.exposures) == ([], [])


def test_nothing_is_sent_or_claimed_when_the_store_is_down() -> None:
    sms = Sms()

    def fail(*_: Any, **__: Any) -> bool:
        raise ProfileUnavailableError("the table is gone")

    sms.store.claim_message = fail  # type: ignore[method-assign]
    with pytest.raises(ProfileUnavailableError):
        sms.ask()

    assert sms.sent == []


@pytest.mark.parametrize(
    "contact, expected",
    [
        ({"sms_opt_in": False}, "opted_out"),
        ({"stopped": True}, "opted_out"),
        ({"phone": "", "sms_opt_in": False}, "no_contact"),
    ],
)
def test_message_needs_a_number_and_the_persons_yes(contact: dict[str, Any], expected: str) -> None:
    sms = Sms(**contact)
    if contact.get("stopped"):
        sms.store.stop_messages("shop#c#0")

    assert sms.ask() == expected
    assert (sms.sent, sms.exposures) == ([], [])


def test_message_needs_the_policy() -> None:
    assert Sms(target=False).ask() == "not_shown"
    # Whoever explores this month gets no message, either.
    assert Sms(target=False).ask(offer(explore_share=1.0)) == "not_shown"
    assert Sms().ask(offer(total_cap=0)) == "not_shown"
    assert Sms().ask(OfferSettings(name="GOLD")) == "not_shown"


def test_held_out_person_gets_no_message_and_one_exposure() -> None:
    sms = Sms()
    held = offer(holdout_share=1.0)

    assert [sms.ask(held), sms.ask(held)] == ["held_out", "sent_before"]
    assert sms.sent == []
    assert [(one["decision"], one["would_show"]) for one in sms.props] == [("holdout", True)]


@pytest.mark.parametrize(
    "zone, hour, expected",
    [
        ("", 3, "sent"),  # 12:00 in Seoul, the app's zone
        ("", 12, "quiet"),  # 21:00
        ("", 11, "sent"),  # 20:00
        ("Europe/Berlin", 3, "quiet"),  # 04:00
        ("Europe/Berlin", 8, "sent"),  # 09:00
        ("America/New_York", 3, "quiet"),  # 22:00
    ],
)
def test_message_waits_for_the_day_where_the_person_is(zone: str, hour: int, expected: str) -> None:
    sms = Sms(at=NOW.replace(hour=hour), timezone=zone)

    outcome = sms.ask()

    assert outcome == expected
    sms.at += timedelta(hours=13)
    assert outcome != "quiet" or sms.ask() == "sent"


@pytest.mark.parametrize(
    "start, end, quiet",
    [("21:00", "09:00", [0, 1, 2, 8, 21, 23]), ("01:00", "03:00", [1, 2]), ("09:00", "09:00", [])],
)
def test_quiet_hours_may_span_midnight(start: str, end: str, quiet: list[int]) -> None:
    sms = SmsSettings(text=TEXT, quiet_from=start, quiet_until=end)

    assert [hour for hour in (0, 1, 2, 8, 9, 12, 21, 23) if is_quiet(sms, NOW.replace(hour=hour, minute=0))] == quiet


def test_dry_run_is_the_default_and_leaves_nothing_behind() -> None:
    sms = Sms()
    careful = offer()
    careful = msgspec.structs.replace(careful, sms=SmsSettings(text=TEXT))

    assert [sms.ask(careful), sms.ask(careful)] == ["would_send", "would_send"]
    assert (sms.sent, sms.exposures) == ([], [])
    assert sms.ask() == "sent"


def test_campaign_sends_its_most_of_the_day_and_goes_on_the_next() -> None:
    sms = Sms(5)
    few = offer(sms={"most_a_day": 2})

    first = [sms.ask(few, customer) for customer in range(5)]
    sms.at += timedelta(days=1)
    second = [sms.ask(few, customer) for customer in range(5)]

    assert first == ["sent", "sent", "day_full", "day_full", "day_full"]
    assert second == ["sent_before", "sent_before", "sent", "sent", "day_full"]


def test_message_counts_for_the_caps_and_the_budget_of_pages() -> None:
    sms = Sms(3)
    budgeted = offer(daily_cap=1, ad_cost=0.1, daily_budget=0.2)

    assert [sms.ask(budgeted, customer) for customer in range(3)] == ["sent", "sent", "not_shown"]
    assert sms.store.read("shop#c#0").counts.shown("GOLD") == 1


@dataclass(frozen=True)
class Listen:
    app: str
    customer_id: str | None
    ads: bool


def test_listener_gets_the_message_of_offers_for_listeners_only() -> None:
    sms = Sms(4)
    react: Callable[..., None] = ListenMessages(
        sms.messages, [APP], [offer(sms={"when": "listen"}), offer(name="OTHER")]
    )
    heard = [
        Listen("shop", "0", True),
        Listen("shop", "0", True),
        Listen("shop", "1", False),
        Listen("shop", None, True),
    ]

    react([*heard, Listen("elsewhere", "2", True)], NOW)
    react(heard, NOW)

    assert len(sms.sent) == 1
    assert [json.loads(exposure.line)["customer_id"] for exposure in sms.exposures] == ["0"]
