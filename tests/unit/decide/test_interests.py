"""Three listens of a track within 30 minutes make an interest, exact to the second, whatever way they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.decide.interests import (
    STATE,
    WITHIN,
    Heard,
    Interest,
    InterestReaction,
    Listen,
    add_interests,
    interests_of,
    stored,
)
from logdig.errors import ProfileUnavailableError

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
KEEP = 30 * DAY


class States:
    """A store of states that knows when each expires."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], tuple[bytes, datetime]] = {}
        self.writes = 0

    def state(self, person: str, name: str) -> object:
        found = self.items.get((person, name))
        return msgspec.json.decode(found[0]) if found else None

    def put_state(self, person: str, name: str, value: object, expires_at: datetime) -> None:
        self.items[person, name] = (msgspec.json.encode(value), expires_at)
        self.writes += 1


def heard(*seconds: int, track: str = "7") -> list[Heard]:
    return [Heard(NOW + at * SECOND, f"{track}-{at}-{place}", track) for place, at in enumerate(seconds)]


def listen(at: datetime, track: str = "7", **changes: Any) -> Listen:
    base = Listen("shop", f"{track} {at}", at, "0", "u", track, True)
    return msgspec.structs.replace(base, **changes)


@pytest.mark.parametrize(("last", "is_interest"), [(1799, True), (1800, True), (1801, False)])
def test_third_listen_makes_an_interest_when_it_is_within_30_minutes_to_the_second(
    last: int, is_interest: bool
) -> None:
    found = interests_of(heard(last, 0, 900))

    assert found == ({"7": Interest(NOW + last * SECOND, NOW + last * SECOND)} if is_interest else {})


def test_two_listens_or_two_tracks_make_no_interest_when_they_are_close() -> None:
    assert interests_of(heard(0, 1) + heard(0, 1, track="8")) == {}


def by_hand(listens: list[Heard]) -> dict[str, Interest]:
    """Every three listens of a track, tried one by one."""
    lasts: dict[str, list[datetime]] = {}
    for one in listens:
        for two in listens:
            for three in listens:
                ids = {one.event_id, two.event_id, three.event_id}
                times = sorted((one.at, two.at, three.at))
                if len(ids) == 3 and one.track_id == two.track_id == three.track_id and times[2] - times[0] <= WITHIN:
                    lasts.setdefault(one.track_id, []).append(times[2])
    return {track: Interest(min(times), max(times)) for track, times in lasts.items()}


some_listens = st.lists(
    st.tuples(st.sampled_from([0, 600, 899, 900, 1799, 1800, 1801, 2700]), st.sampled_from("78")), max_size=9
).map(lambda rows: [Heard(NOW + at * SECOND, str(place), track) for place, (at, track) in enumerate(rows)])


@settings(max_examples=30)
@given(some_listens)
def test_interests_equal_brute_force_when_listens_are_any(listens: list[Heard]) -> None:
    assert interests_of(listens) == by_hand(listens)


@settings(max_examples=30)
@given(some_listens, st.randoms(use_true_random=False), st.integers(1, 4))
def test_store_equals_the_batch_when_listens_come_in_any_order_and_twice(
    listens: list[Heard], draw: Any, flushes: int
) -> None:
    store, now = States(), NOW + 45 * MINUTE
    reaction = InterestReaction(store, KEEP)
    events = [listen(one.at, one.track_id, event_id=one.event_id) for one in listens] * 2
    draw.shuffle(events)

    for start in range(flushes):
        reaction(events[start::flushes], now)

    assert stored(store, "shop#c#0").interests == by_hand(listens)


def test_interest_leaves_the_store_when_it_has_expired() -> None:
    store = States()
    reaction = InterestReaction(store, 2 * DAY)
    reaction([listen(NOW + at * MINUTE) for at in (-2, -1, 0)], NOW)

    _, expires_at = store.items["shop#c#0", STATE]
    reaction([listen(NOW + 3 * DAY, "9")], NOW + 3 * DAY)

    assert expires_at == NOW + 2 * DAY
    assert stored(store, "shop#c#0").interests == {}


def test_listen_changes_nothing_when_its_person_is_unknown_or_refused_ads() -> None:
    store = States()

    InterestReaction(store, KEEP)([listen(NOW, customer_id=None), listen(NOW, ads=False)], NOW)

    assert store.items == {}


def test_batch_adds_what_the_flush_missed_and_keeps_the_last_listens() -> None:
    store = States()
    reaction = InterestReaction(store, KEEP)
    reaction([listen(NOW), listen(NOW + SECOND)], NOW)
    late = {"9": Interest(NOW - DAY, NOW - DAY), "old": Interest(NOW - 40 * DAY, NOW - 40 * DAY)}

    changed = [add_interests(store, "shop#c#0", late, NOW, KEEP) for _ in range(2)]
    reaction([listen(NOW + 2 * SECOND)], NOW)

    assert changed == [True, False]
    assert stored(store, "shop#c#0").interests == {
        "9": Interest(NOW - DAY, NOW - DAY),
        "7": Interest(NOW + 2 * SECOND, NOW + 2 * SECOND),
    }


def test_store_is_not_written_when_nothing_is_new() -> None:
    store = States()
    for _ in range(2):
        InterestReaction(store, KEEP)([listen(NOW)], NOW)

    assert store.writes == 1


def test_state_of_another_form_is_an_error_that_names_it() -> None:
    store = States()
    store.put_state("shop#c#0", STATE, {"heard": 5}, NOW)

    with pytest.raises(ProfileUnavailableError, match="interests"):
        stored(store, "shop#c#0")
