"""Whom a channel without a page may reach: messages, exports, segments. All of them ask the same policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from logdig.config.apps import App
from logdig.config.offers import OfferSettings
from logdig.decide.budgets import most_showings
from logdig.decide.interests import Listen
from logdig.decide.policy import Decision, decide
from logdig.decide.profiles import person_key
from logdig.decide.stores.profile_store import ProfileStore
from logdig.decide.stores.readings import Reading


def channel_decision(reading: Reading, offer: OfferSettings, local_now: datetime) -> Decision:
    """Decide for a channel in which nobody explores.

    Args:
        reading: Of a person, with the offer's budget where it has one.
        offer: The one that the channel brings.
        local_now: In the app's zone.
    """
    only_best = msgspec.structs.replace(offer, explore_share=0.0)
    over = [name for name, shown in reading.spent.items() if shown >= most_showings(offer)]
    # Only people who allow ads have a profile.
    return decide(reading.profile, [only_best], local_now, ads_consent=True, counts=reading.counts, over_budget=over)


def reached(
    store: ProfileStore, app: App, offer: OfferSettings, customers: Iterable[str], now: datetime
) -> Iterator[tuple[str, bool]]:
    """Tell of each customer whether a channel may reach them now; nobody who is held out is reached.

    Args:
        store: What is known of people.
        app: Whose customers.
        offer: The one that the channel brings.
        customers: Their ids.
        now: UTC.
    Raises:
        ProfileUnavailableError: The store did not answer.
    """
    local = now.astimezone(ZoneInfo(app.timezone))
    budgets = budgets_of(offer)
    for customer in customers:
        person = person_key(app.name, customer_id=customer, user_key=None)
        reading = store.read(person, app.name, local.date(), budgets)
        yield customer, channel_decision(reading, offer, local).decision == "show"


class Segments(Protocol):
    """The part of the segments of 2016 that listens change."""

    def place(self, customers: Iterable[tuple[str, bool]], now: datetime) -> None:
        """Put customers in or take them out."""


class ListenSegment:
    """The flush's reaction to listens for older clients: whether a customer who listens is in their segment now."""

    def __init__(self, store: ProfileStore, segments: Segments, app: App, offer: OfferSettings) -> None:
        """Take the store, the segments, and whose customers they hold for which offer."""
        self._store, self._segments, self._app, self._offer = store, segments, app, offer

    def __call__(self, listens: Sequence[Listen], now: datetime) -> None:
        """Place the customers of the app whose consent allowed ads; the daily run places all.

        Raises:
            ProfileUnavailableError: A store failed; a repetition is harmless.
        """
        customers = sorted(
            {
                one.customer_id
                for one in listens
                if one.app == self._app.name and one.ads and one.customer_id is not None
            }
        )
        self._segments.place(reached(self._store, self._app, self._offer, customers, now), now)


def budgets_of(offer: OfferSettings) -> list[str]:
    """Names of the budgets to read for an offer."""
    return [offer.name] if offer.daily_budget is not None else []
