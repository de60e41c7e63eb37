"""One message a person and campaign: decided by the policy, claimed before it goes, never in the person's night.

Source: docs/sms.md.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from logdig.config.apps import App
from logdig.config.offers import OfferSettings, SmsSettings
from logdig.decide.channels import budgets_of, channel_decision
from logdig.decide.exposures import Exposure, exposure
from logdig.decide.policy import Decision
from logdig.decide.profiles import Contact, customer_of, person_key
from logdig.decide.stores.profile_store import ProfileStore
from logdig.decide.stores.readings import MessageReading, Reading
from logdig.errors import MessageUnavailableError
from logdig.events.lines import RequestContext
from logdig.events.parts import Consent
from logdig.times import Clock

CHANNEL = "sms"
Outcome = Literal[
    "sent",
    "would_send",
    "held_out",
    "not_shown",
    "no_contact",
    "opted_out",
    "quiet",
    "sent_before",
    "day_full",
    "failed",
]
Publish = Callable[[str, str], None]
"""Sends a text to a phone number; raises MessageUnavailableError."""

_log = logging.getLogger(__name__)


class _Who(NamedTuple):
    """Whom an exposure of this channel is about."""

    user_key: str | None
    customer_id: str | None
    placement: str
    consent: Consent


@dataclass(frozen=True, slots=True)
class Messages:
    """Sends an offer's message to people, one after the other; safe to use from many threads at once.

    Args:
        store: What is known of people.
        publish: See `Publish`.
        on_exposure: Takes the exposure of each message, and of each person held out.
        clock: UTC.
        new_id: Gives ids of decisions.
        dry_run: Send nothing, whatever the offer says.
    """

    store: ProfileStore
    publish: Publish
    on_exposure: Callable[[Exposure], None]
    clock: Clock
    new_id: Callable[[], str]
    dry_run: bool = False

    def offer_to_all(self, app: App, offer: OfferSettings, customers: Iterable[str]) -> Counter[str]:
        """Offer it to customers; return how many had each outcome."""
        return Counter(self.offer_to(app, offer, customer) for customer in customers)

    def offer_to(self, app: App, offer: OfferSettings, customer_id: str) -> Outcome:
        """Send the offer's message to a customer, if the policy and the person's settings allow it now.

        Raises:
            ProfileUnavailableError: The store did not answer; nothing was sent, or the message is claimed and lost.
        """
        sms = offer.sms
        if sms is None:
            return "not_shown"
        now = self.clock().astimezone(ZoneInfo(app.timezone))
        person = person_key(app.name, customer_id=customer_id, user_key=None)
        reading = self.store.read_for_message(person, app.name, now.date(), budgets_of(offer))
        decision = channel_decision(Reading(*reading[:3]), offer, now)
        hindrance = _hindrance(reading, sms, decision, now)
        if hindrance is not None:
            return hindrance
        if sms.dry_run or self.dry_run:
            return "would_send" if decision.decision == "show" else "held_out"
        return self._carry_out(app, offer, sms, person, reading.contact, decision, now)

    def _carry_out(
        self,
        app: App,
        offer: OfferSettings,
        sms: SmsSettings,
        person: str,
        contact: Contact | None,
        decision: Decision,
        now: datetime,
    ) -> Outcome:
        """Claim, then send; a process that dies in between loses this message, and nobody gets it twice."""
        day, campaign, shows = now.date(), campaign_of(offer), decision.decision == "show"
        if shows and not self.store.count_message(app.name, campaign, day, sms.most_a_day):
            return "day_full"
        if not self.store.claim_message(person, campaign, day):
            return "sent_before"
        if shows and contact is not None:
            self.store.count_show(person, offer.name, day, daily_cap=offer.daily_cap, total_cap=offer.total_cap)
            if offer.daily_budget is not None:
                self.store.spend(app.name, offer.name, day)
            try:
                self.publish(contact.phone, sms.text)
            except MessageUnavailableError as err:
                _log.warning("a message was not sent: %s", err)
                return "failed"
        self.on_exposure(self._exposure(app, offer, person, decision))
        return "sent" if shows else "held_out"

    def _exposure(self, app: App, offer: OfferSettings, person: str, decision: Decision) -> Exposure:
        now = self.clock()
        who = _Who(None, customer_of(person), offer.placement, Consent(analytics=True, ads=True))
        context = RequestContext(now, app.name, app.token, user_agent=None, bot=False)
        return exposure(app, context, who, decision, self.new_id(), now, CHANNEL)


class Listened(Protocol):
    """A listen that was stored; ``ads`` tells the consent."""

    @property
    def app(self) -> str: ...
    @property
    def customer_id(self) -> str | None: ...
    @property
    def ads(self) -> bool: ...


class ListenMessages:
    """Reacts to listens: who listens and is a target gets the message of each offer with ``when = "listen"``."""

    def __init__(self, messages: Messages, apps: Sequence[App], offers: Sequence[OfferSettings]) -> None:
        self._messages = messages
        self._apps = {app.name: app for app in apps}
        self._offers = [offer for offer in offers if offer.sms is not None and offer.sms.when == "listen"]

    def __call__(self, listens: Sequence[Listened], now: datetime) -> None:  # noqa: ARG002 (every reaction's shape)
        """Take listens, some perhaps once more.

        Raises:
            ProfileUnavailableError: The store did not answer.
        """
        people = dict.fromkeys((one.app, one.customer_id) for one in listens if one.ads and one.customer_id)
        for name, customer in people:
            app = self._apps.get(name)
            if app is not None and customer is not None:
                for offer in self._offers:
                    self._messages.offer_to(app, offer, customer)


def campaign_of(offer: OfferSettings) -> str:
    """Name by which a person gets one message."""
    return (offer.sms.campaign if offer.sms else "") or offer.name


def is_quiet(sms: SmsSettings, local: datetime) -> bool:
    """Tell whether a local time lies in the quiet hours: from ``quiet_from`` to before ``quiet_until``."""
    start, end = time.fromisoformat(sms.quiet_from), time.fromisoformat(sms.quiet_until)
    clock = local.time()
    return start <= clock < end if start <= end else clock >= start or clock < end


def _hindrance(reading: MessageReading, sms: SmsSettings, decision: Decision, now: datetime) -> Outcome | None:
    """Say why neither a message nor a holdout is due now; people held out are hindered by the same as others."""
    if not decision.would_show or decision.offer is None:
        return "not_shown"
    if reading.contact is None or not reading.contact.phone:
        return "no_contact"
    if not reading.contact.sms_opt_in or reading.contact.stopped:
        return "opted_out"
    if reading.sent.shown(sms.campaign or decision.offer):
        return "sent_before"
    zone = reading.contact.timezone
    return "quiet" if is_quiet(sms, now.astimezone(ZoneInfo(zone)) if zone else now) else None
