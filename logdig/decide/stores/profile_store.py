"""Profiles, counts, budgets, contacts and small states of people, on any of the three stores of items."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec

from logdig.decide.profiles import (
    KEEP_COUNTS_FOR,
    KEEP_FOR,
    NO_COUNTS,
    Contact,
    Counts,
    Profile,
    budget_key,
    contact_key,
    counts_key,
    messages_key,
    personal_keys,
    sent_key,
    state_key,
)
from logdig.decide.stores.readings import (
    BUDGET_SHARDS,
    MessageReading,
    Reading,
    decoded,
    read_counts,
    reading_of,
)
from logdig.times import Clock

READ_ITEMS = 100
"""Most items of one read (the service quota of BatchGetItem)."""
KEEP_DAYS_FOR = timedelta(days=3)
"""Life of what counts one day only."""


class Item(NamedTuple):
    """A JSON text by name, until ``expires_at``."""

    key: str
    value: str
    expires_at: datetime


class Items(Protocol):
    """A store of texts and counts by name; every method raises ProfileUnavailableError. Expired items are absent."""

    def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        """Read texts and counts in one call; absent ones are left out. At most 100 names."""

    def put(self, items: Iterable[Item]) -> int:
        """Write texts over what is there; return how many. The last of several of one name counts."""

    def remove(self, keys: Iterable[str]) -> int:
        """Remove texts or counts, absent ones too; return how many were asked for."""

    def add(
        self, key: str, name: str, day: date, expires_at: datetime, *, most_today: int | None, most: int | None
    ) -> bool:
        """Add 1 to a name's counts, of the day and in all, in one atomic step; another day's count begins at 0.

        Returns:
            False when a limit is reached; then nothing is added. None = no limit.
        """


class ProfileStore:
    """Items as what they mean; every method raises ProfileUnavailableError. Safe between threads if the items are."""

    def __init__(self, items: Items, clock: Clock, choose_shard: Callable[[int], int] = random.randrange) -> None:
        """Wrap a store of items.

        Args:
            items: One of the three.
            clock: Now, UTC: a show is counted until so long after it.
            choose_shard: Gives a number below the given one.
        """
        self._items, self._clock, self._choose_shard = items, clock, choose_shard

    def read(self, person: str, app: str = "", day: date | None = None, budgets: Sequence[str] = ()) -> Reading:
        """Read a person's profile and counts, and budgets of a day, all in one call.

        Args:
            person: Key of the profile.
            app: Whose budgets.
            day: Of the app's zone; needed with budgets.
            budgets: Names of offers.
        """
        return self._read(person, app, day, budgets)[0]

    def read_for_message(self, person: str, app: str, day: date, budgets: Sequence[str]) -> MessageReading:
        """Read the same, how the person may be reached, and what was sent, all in one call."""
        contact, sent = contact_key(person), sent_key(person)
        reading, values, counts = self._read(person, app, day, budgets, [contact], [sent])
        return MessageReading(*reading, decoded(values.get(contact), Contact), counts.get(sent, NO_COUNTS))

    def _read(
        self,
        person: str,
        app: str,
        day: date | None,
        budgets: Sequence[str],
        more_values: Sequence[str] = (),
        more_counts: Sequence[str] = (),
    ) -> tuple[Reading, Mapping[str, str], Mapping[str, Counts]]:
        values, counts = self._items.get([person, *more_values], [*read_counts(person, app, budgets), *more_counts])
        return reading_of(values, counts, person, app, day, budgets), values, counts

    def get(self, person: str) -> Profile | None:
        """Return the profile, None when the person is unknown."""
        return decoded(self._items.get([person])[0].get(person), Profile)

    def put(self, profiles: Iterable[Profile]) -> int:
        """Write profiles over what is there; each expires 7 days after its features."""
        return self._items.put(
            Item(profile.person, msgspec.json.encode(profile).decode(), profile.features_as_of + KEEP_FOR)
            for profile in profiles
        )

    def remove(self, persons: Iterable[str]) -> int:
        """Remove profiles, absent ones too; counts stay, or caps would begin anew."""
        return self._items.remove(persons)

    def forget(self, persons: Iterable[str]) -> int:
        """Remove everything that is known of people."""
        return self._items.remove([key for person in persons for key in personal_keys(person)])

    def known_of(self, person: str) -> dict[str, object]:
        """Everything that is known of a person, by name of the item, as JSON holds it."""
        keys = personal_keys(person)
        own = [counts_key(person), sent_key(person)]
        values, counts = self._items.get([key for key in keys if key not in own], own)
        found: dict[str, object] = {key: msgspec.json.decode(value) for key, value in values.items()}
        return found | {key: {"total": dict(one.total), "today": dict(one.today)} for key, one in counts.items()}

    def count_show(self, person: str, offer: str, day: date, *, daily_cap: int, total_cap: int | None) -> bool:
        """Count a showing; False when another one reached a cap meanwhile."""
        until = self._clock() + KEEP_COUNTS_FOR
        return self._items.add(counts_key(person), offer, day, until, most_today=daily_cap, most=total_cap)

    def spend(self, app: str, offer: str, day: date) -> None:
        """Count a showing for the budget of a day, in one of its shards."""
        key = budget_key(app, offer, self._choose_shard(BUDGET_SHARDS))
        self._items.add(key, offer, day, self._clock() + KEEP_DAYS_FOR, most_today=None, most=None)

    def claim_message(self, person: str, campaign: str, day: date) -> bool:
        """Note that a campaign's message goes to a person, before it goes; False when that was noted already."""
        until = self._clock() + KEEP_COUNTS_FOR
        return self._items.add(sent_key(person), campaign, day, until, most_today=None, most=1)

    def count_message(self, app: str, campaign: str, day: date, most_a_day: int) -> bool:
        """Count a message of a campaign; False when it sent its most of the day."""
        key = messages_key(app, campaign)
        return self._items.add(key, campaign, day, self._clock() + KEEP_DAYS_FOR, most_today=most_a_day, most=None)

    def put_contacts(self, contacts: Mapping[str, Contact]) -> int:
        """Write contacts by person; they expire with the counts.

        Whoever stopped messages gets none again until a load has said that they opted out, and a later one in.
        """
        written, people = 0, iter(contacts)
        while group := list(islice(people, READ_ITEMS)):
            known = self._items.get([contact_key(person) for person in group])[0]
            merged = {
                person: _merged(decoded(known.get(contact_key(person)), Contact), contacts[person]) for person in group
            }
            # An empty one only ends what is known.
            wanted = {person: one for person, one in merged.items() if one.phone or contact_key(person) in known}
            written += self._write_contacts(wanted)
        return written

    def _write_contacts(self, contacts: Mapping[str, Contact]) -> int:
        until = self._clock() + KEEP_COUNTS_FOR
        return self._items.put(
            Item(contact_key(person), msgspec.json.encode(contact).decode(), until)
            for person, contact in contacts.items()
        )

    def stop_messages(self, person: str) -> bool:
        """End all messages to a person; False when there is no contact, so that none could go."""
        key = contact_key(person)
        known = decoded(self._items.get([key])[0].get(key), Contact)
        if known is not None:
            self._write_contacts({person: msgspec.structs.replace(known, stopped=True)})
        return known is not None

    def put_state(self, person: str, name: str, value: object, expires_at: datetime) -> None:
        """Write a small state of a person, JSON, over what is there.

        Args:
            person: Key of the profile.
            name: One of STATES.
            value: What msgspec can encode; at most a few KiB.
            expires_at: Then it is gone.
        """
        self._items.put([Item(state_key(person, name), msgspec.json.encode(value).decode(), expires_at)])

    def state(self, person: str, name: str) -> object:
        """Return a small state of a person as JSON holds it, None where there is none."""
        key = state_key(person, name)
        text = self._items.get([key])[0].get(key)
        return None if text is None else msgspec.json.decode(text)


def _merged(known: Contact | None, loaded: Contact) -> Contact:
    """Keep a customer's stop as long as loads say that the customer opted in."""
    is_stopped = known is not None and known.stopped and loaded.sms_opt_in
    return msgspec.structs.replace(loaded, stopped=is_stopped)
