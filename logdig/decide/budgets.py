"""What each offer's budget of the day has left, known to each process with at most a second's delay."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from logdig.config.offers import OfferSettings
from logdig.times import Clock

KNOWN_FOR = timedelta(seconds=1)
"""A number is read again after so long; what all processes show meanwhile may pass the budget."""


@dataclass(slots=True)
class _Known:
    shown: int
    asked_at: datetime


class Budgets:
    """Showings of the day by app and offer: the last number read, and this process's own since."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str, date], _Known] = {}
        self._lock = threading.Lock()

    def unknown(self, app: str, offers: Iterable[OfferSettings], day: date) -> list[str]:
        """Name the offers whose number this read should bring along: those not known, or for a second."""
        now = self._clock()
        names = []
        with self._lock:
            for offer in offers:
                known = self._known.get((app, offer.name, day))
                if known is None:
                    names.append(offer.name)
                elif now - known.asked_at >= KNOWN_FOR:
                    # The others go on with the old number while one asks.
                    known.asked_at = now
                    names.append(offer.name)
        return names

    def spent_ones(self, app: str, offers: Iterable[OfferSettings], day: date, read: Mapping[str, int]) -> list[str]:
        """Take in what was read, and name the offers whose budget is spent."""
        now = self._clock()
        spent = []
        with self._lock:
            for name, shown in read.items():
                self._known[app, name, day] = _Known(shown, now)
            for offer in offers:
                known = self._known.get((app, offer.name, day))
                if known is not None and known.shown >= most_showings(offer):
                    spent.append(offer.name)
        return spent

    def add(self, app: str, offer: str, day: date) -> None:
        """Add a showing of this process."""
        with self._lock:
            known = self._known.get((app, offer, day))
            if known is not None:
                known.shown += 1
            # Yesterday's numbers are of no use any more.
            for key in [key for key in self._known if key[2] < day - timedelta(days=1)]:
                del self._known[key]


def most_showings(offer: OfferSettings) -> int:
    """Showings a day that the budget pays; whole ones."""
    # 0.3 / 0.1 is a hair below 3.
    return math.floor((offer.daily_budget or 0.0) / offer.ad_cost + 1e-9)
