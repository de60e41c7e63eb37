"""Which tracks a customer is interested in: heard three times within 30 minutes. One rule for the batch and the flush.

The flush keeps the last listens of a customer in the profile store; the job `interests` computes the same from the
table `listens` once a run, and knows those that came too late for the flush (docs/listening.md, "Interests").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from logdig.decide.profiles import person_key
from logdig.errors import ProfileUnavailableError

PLAYS = 3
WITHIN = timedelta(minutes=30)
"""Between the first and the last of PLAYS listens of a track; exactly 30:00 still counts."""
LATENESS = timedelta(minutes=30)
"""How late a listen may come so that the flush finds what the batch finds."""
MOST_LISTENS = 400
"""Of one customer in the state: one every nine seconds, for an hour."""
STATE = "interests"
"""Name of the state in the profile store."""


class Heard(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One listen: when, its event_id, and the track. In JSON a list, since many are stored."""

    at: datetime
    event_id: str
    track_id: str


class Interest(msgspec.Struct, frozen=True, array_like=True):
    """When a track was heard for the third time within 30 minutes: the first time ever, and the last."""

    first_at: datetime
    last_at: datetime


class Listening(msgspec.Struct, frozen=True):
    """What the profile store holds of a customer's listening."""

    heard: tuple[Heard, ...] = ()
    interests: dict[str, Interest] = {}


class Listen(msgspec.Struct, frozen=True):
    """A listen as it was stored, of somebody who may be measured.

    ``ads`` says whether the consent allowed ads: without it nothing may follow for the person.
    """

    app: str
    event_id: str
    occurred_at: datetime
    customer_id: str | None
    user_key: str | None
    track_id: str
    ads: bool


class StateStore(Protocol):
    """The part of the profile store that is needed; every method raises ProfileUnavailableError."""

    def state(self, person: str, name: str) -> object:
        """A small state of a person as JSON holds it; None where there is none, or it has expired."""

    def put_state(self, person: str, name: str, value: object, expires_at: datetime) -> None:
        """Write a small state over what is there."""


def interests_of(heard: Iterable[Heard]) -> dict[str, Interest]:
    """Find the tracks that one customer heard three times within 30 minutes.

    Args:
        heard: Listens in any order, each event_id once.
    """
    by_track: dict[str, list[datetime]] = defaultdict(list)
    for listen in heard:
        by_track[listen.track_id].append(listen.at)
    found = {}
    for track, times in by_track.items():
        times.sort()
        third = [last for first, last in zip(times, times[PLAYS - 1 :], strict=False) if last - first <= WITHIN]
        if third:
            found[track] = Interest(third[0], third[-1])
    return found


def with_listens(known: Listening, new: Iterable[Heard], now: datetime, keep_for: timedelta) -> Listening:
    """Add listens to what is known of a customer; what is too old for the rule, or has expired, is dropped.

    Args:
        known: As stored.
        new: In any order; an event_id that is known already changes nothing.
        now: UTC.
        keep_for: How long an interest stays after the last time.
    """
    by_id = {listen.event_id: listen for listen in (*known.heard, *new)}
    fresh = sorted(listen for listen in by_id.values() if listen.at >= now - WITHIN - LATENESS)[-MOST_LISTENS:]
    interests = merged(known.interests, interests_of(fresh))
    lasting = {track: one for track, one in interests.items() if one.last_at >= now - keep_for}
    return Listening(tuple(fresh), lasting)


def merged(known: Mapping[str, Interest], found: Mapping[str, Interest]) -> dict[str, Interest]:
    """Put two lists of interests together."""
    both = dict(known)
    for track, one in found.items():
        other = both.get(track, one)
        both[track] = Interest(min(one.first_at, other.first_at), max(one.last_at, other.last_at))
    return both


class InterestReaction:
    """Keeps the listening of customers in the profile store up to date with the listens of a flush."""

    def __init__(self, store: StateStore, keep_for: timedelta) -> None:
        """Take the store, and how long an interest stays."""
        self._store, self._keep_for = store, keep_for

    def __call__(self, listens: Sequence[Listen], now: datetime) -> None:
        """Add listens of customers whose consent allowed ads.

        Of two that write one customer at the same time the later wins; the daily run adds what is lost.

        Raises:
            ProfileUnavailableError: The store failed; the customers before are written, and a repetition is harmless.
        """
        by_customer: dict[str, list[Heard]] = defaultdict(list)
        for listen in listens:
            if listen.customer_id is not None and listen.ads:
                person = person_key(listen.app, customer_id=listen.customer_id, user_key=None)
                by_customer[person].append(Heard(listen.occurred_at, listen.event_id, listen.track_id))
        for person, heard in by_customer.items():
            known = stored(self._store, person)
            put(self._store, person, known, with_listens(known, heard, now, self._keep_for), now, self._keep_for)


def add_interests(
    store: StateStore, person: str, found: Mapping[str, Interest], now: datetime, keep_for: timedelta
) -> bool:
    """Add a person's interests, as the batch found them, to the store; tell whether that changed anything."""
    known = stored(store, person)
    lasting = {track: one for track, one in merged(known.interests, found).items() if one.last_at >= now - keep_for}
    return put(store, person, known, Listening(known.heard, lasting), now, keep_for)


def stored(store: StateStore, person: str) -> Listening:
    """What the store holds of a person's listening.

    Raises:
        ProfileUnavailableError: The store failed, or holds what this version cannot read.
    """
    state = store.state(person, STATE)
    try:
        return Listening() if state is None else msgspec.convert(state, Listening)
    except msgspec.ValidationError as err:
        raise ProfileUnavailableError(f"state {STATE} of a person cannot be read: {err}") from err


def put(
    store: StateStore, person: str, known: Listening, listening: Listening, now: datetime, keep_for: timedelta
) -> bool:
    """Write what changed; it expires with its last interest, or an hour after its last listen."""
    if listening == known:
        return False
    lasts = [one.last_at + keep_for for one in listening.interests.values()]
    store.put_state(person, STATE, listening, max([now + WITHIN + LATENESS, *lasts]))
    return True
