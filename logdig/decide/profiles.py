"""What the decision service knows of a person, each kind in an item of its own, and the names of these items. Pure.

A person is ``<app>#c#<customer_id>``, or ``<app>#v#<user_key>`` where no customer is known. The profile has that name;
the other items have a word and a colon in front, which no app's name holds, so no two names are ever equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

import msgspec

KEEP_FOR = timedelta(days=7)
"""Life of a profile after its features: long enough to tell ``stale`` (48 h) from ``unknown``, short for privacy."""
KEEP_COUNTS_FOR = timedelta(days=400)
"""Life of counts after the last showing, and of what says that a message was sent: as long as raw events by default."""
STATES = ("interests",)
"""Names of the small states that a person may have; each is erased with the person."""


class OfferScore(msgspec.Struct, frozen=True, omit_defaults=True):
    """Chance (0 to 1) that one person takes one offer, by one model.

    ``target``: among the best `target_share`, which decides where the offer has no value. ``band``: of the score, 1 is
    the lowest, 0 = none. ``holdout_share``: chosen by the job where the setting is ``auto``.
    """

    score: float
    model_version: str
    target: bool = True
    band: int = 0
    holdout_share: float | None = None


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the job `targets` writes of a person who is a target of some offer or explores this month.

    ``offers`` holds a score for every offer that the person is eligible for, whatever the score: how many they are
    decides how an explorer's is drawn. ``level`` and ``status`` are the customer's, None = not known.
    """

    person: str
    features_as_of: datetime
    offers: dict[str, OfferScore]
    level: int | None = None
    status: int | None = None


class Counts(NamedTuple):
    """Showings by offer: in all, and on the last day with any (``today`` by name: that day and its count)."""

    total: Mapping[str, int] = {}
    today: Mapping[str, tuple[str, int]] = {}

    def shown(self, offer: str) -> int:
        """Showings in all."""
        return self.total.get(offer, 0)

    def shown_on(self, offer: str, day: date) -> int:
        """Showings on a day of the app's zone, the last one that has any or a later one."""
        last, count = self.today.get(offer, ("", 0))
        return count if last == day.isoformat() else 0


NO_COUNTS = Counts()


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a customer may be reached by SMS: stored here only, never in a table or an event.

    ``phone`` in the form +1…; ``timezone`` an IANA name, empty = the app's; ``stopped``: no more messages were wanted.
    """

    phone: str
    sms_opt_in: bool
    timezone: str = ""
    stopped: bool = False


def person_key(app: str, *, customer_id: str | None, user_key: str | None) -> str:
    """Name the profile of a customer, or of a visitor where no customer is known.

    Returns:
        ``<app>#c#<customer_id>`` or ``<app>#v#<user_key>``; app names hold no ``#``, so two apps never share one.
    Raises:
        ValueError: Neither is given.
    """
    if customer_id is not None:
        return f"{app}#c#{customer_id}"
    if user_key is None:
        raise ValueError("customer_id and user_key are both None; a person needs one of them")
    return f"{app}#v#{user_key}"


def customer_of(person: str) -> str | None:
    """The customer id of a person's key, None of a visitor."""
    kind, _, identity = person.partition("#")[2].partition("#")
    return identity if kind == "c" else None


def keys_of(apps: Iterable[str], field: str, value: str) -> list[str]:
    """Name the profiles of a person in some apps.

    Args:
        apps: Their names.
        field: ``user_key`` or ``customer_id``.
        value: The person's.
    """
    keys: dict[str, str | None] = {"customer_id": None, "user_key": None, field: value}
    return [person_key(app, customer_id=keys["customer_id"], user_key=keys["user_key"]) for app in apps]


def counts_key(person: str) -> str:
    """Name a person's counts of showings."""
    return f"counts:{person}"


def contact_key(person: str) -> str:
    """Name a person's phone number and consent."""
    return f"contact:{person}"


def state_key(person: str, name: str) -> str:
    """Name one of a person's small states.

    Raises:
        ValueError: No such state, so an erasure would not find it.
    """
    if name not in STATES:
        raise ValueError(f"state {name!r}: one of {', '.join(STATES)}")
    return f"state-{name}:{person}"


def sent_key(person: str) -> str:
    """Name the counts of messages that a person was sent, by campaign."""
    return f"sent:{person}"


def budget_key(app: str, offer: str, shard: int) -> str:
    """Name one of the items that together count an offer's showings of a day."""
    return f"budget-{shard}:{app}#{quote(offer, safe='')}"


def messages_key(app: str, campaign: str) -> str:
    """Name the count of a campaign's messages of a day."""
    return f"messages:{app}#{quote(campaign, safe='')}"


def personal_keys(person: str) -> list[str]:
    """Name every item that says something of a person; what an erasure removes."""
    return [
        person,
        counts_key(person),
        contact_key(person),
        sent_key(person),
        *(state_key(person, name) for name in STATES),
    ]
