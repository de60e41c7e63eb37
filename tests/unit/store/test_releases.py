"""The list of releases: what may stand on it, and two people who write at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import InputError, StoreUnavailableError
from logdig.store.state.releases import (
    RELEASES_KEY,
    TRIES,
    Release,
    add_release,
    check_name,
    read_releases,
    read_time,
    remove_release,
)
from tests.fakes.store import FakeStore

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def release(name: str, hours: int = 0, app: str = "shop") -> Release:
    return Release(NOON + timedelta(hours=hours), app, name)


def once(act: Callable[[], object]) -> Callable[[str, str], None]:
    """Act before the first put: another person is faster."""
    waiting = [act]

    def before(operation: str, _key: str) -> None:
        if operation == "put" and waiting:
            waiting.pop()()

    return before


def test_releases_are_listed_oldest_first_whatever_order_they_were_added_in() -> None:
    store = FakeStore()
    for one in (release("3", 5), release("1"), release("2", 5, "blog")):
        add_release(store, one)

    assert read_releases(store) == (release("1"), release("2", 5, "blog"), release("3", 5))


def test_both_releases_are_listed_when_two_people_add_at_once() -> None:
    store = FakeStore()
    store.before = once(lambda: add_release(store, release("theirs")))

    add_release(store, release("ours", 1))

    assert read_releases(store) == (release("theirs"), release("ours", 1))


def test_release_is_listed_once_when_it_is_added_twice() -> None:
    store = FakeStore()
    add_release(store, release("1"))
    puts = store.steps.count("put")
    add_release(store, release("1"))

    assert read_releases(store) == (release("1"),)
    assert store.steps.count("put") == puts


def test_add_refuses_a_name_that_the_app_has_at_another_time() -> None:
    store = FakeStore()
    add_release(store, release("1"))
    add_release(store, release("1", 3, "blog"))

    with pytest.raises(InputError, match=r"app shop has a release '1' of 2026-11-24T12:00:00\.000Z; remove it first"):
        add_release(store, release("1", 1))
    assert len(read_releases(store)) == 2


def test_remove_takes_one_app_only_and_keeps_what_another_person_adds_meanwhile() -> None:
    store = FakeStore()
    for one in (release("1"), release("1", 0, "blog")):
        add_release(store, one)
    store.before = once(lambda: add_release(store, release("2", 1)))

    assert remove_release(store, "shop", "1") == release("1")
    assert read_releases(store) == (release("1", 0, "blog"), release("2", 1))


def test_remove_refuses_a_name_that_is_not_listed() -> None:
    store = FakeStore()
    add_release(store, release("1"))

    with pytest.raises(InputError, match="app blog has no release '1'"):
        remove_release(store, "blog", "1")


@pytest.mark.parametrize(
    "act, left",
    [
        (lambda store: add_release(store, release("2")), (release("1"), release("2"))),
        (lambda store: remove_release(store, "shop", "1"), ()),
    ],
)
def test_change_succeeds_when_the_reply_to_its_put_is_lost(
    act: Callable[[FakeStore], object], left: tuple[Release, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FakeStore()
    add_release(store, release("1"))
    real, lost = store.put_tagged, [True]

    def put_tagged(key: str, body: bytes, tag: str | None) -> str | None:
        new = real(key, body, tag)
        return None if lost and lost.pop() else new

    monkeypatch.setattr(store, "put_tagged", put_tagged)
    act(store)

    assert lost == []
    assert read_releases(store) == left


def test_add_gives_up_when_the_list_changes_at_every_try() -> None:
    store = FakeStore()
    store.conflicts = TRIES

    with pytest.raises(StoreUnavailableError, match="changed 5 times in a row"):
        add_release(store, release("1"))


def test_list_that_is_damaged_is_an_error_and_never_overwritten() -> None:
    store = FakeStore()
    store.objects[RELEASES_KEY] = b"{}"

    with pytest.raises(StoreUnavailableError, match="no list of releases"):
        add_release(store, release("1"))
    assert store.objects[RELEASES_KEY] == b"{}"


@pytest.mark.parametrize(
    "name, reason",
    [
        ("", "0 characters"),
        ("x" * 65, "65 characters"),
        ("~1", "fingerprints"),
        (" 1", "spaces"),
        ("1\n2", "printable"),
    ],
)
def test_name_is_refused_when_no_page_can_carry_it(name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_name(name)


@pytest.mark.parametrize(
    "text, utc",
    [
        ("2026-11-24T13:00:00Z", "2026-11-24T13:00:00"),
        ("2026-11-24T22:00:00+09:00", "2026-11-24T13:00:00"),
        ("2026-11-24T22:00", "2026-11-25T03:00:00"),
        ("2026-11-24 22:00:01.5", "2026-11-25T03:00:01.500"),
        ("2026-11-24", "2026-11-24T05:00:00"),
        ("2026-07-01", "2026-07-01T04:00:00"),
    ],
)
def test_time_is_local_to_the_app_unless_it_has_an_offset(text: str, utc: str) -> None:
    assert read_time(text, "America/New_York") == datetime.fromisoformat(f"{utc}+00:00")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("2026-03-08 02:30", "does not exist in America/New_York"),
        ("2026-11-01 01:30", "exists twice in America/New_York"),
        ("yesterday", "a time such as 2026-11-24T13:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "a time such as"),
        ("0001-01-01T00:00:00Z", "the year is 1; give one from 1970 to 9998"),
        ("9999-12-31T23:00:00Z", "the year is 9999"),
    ],
)
def test_time_is_refused_when_it_names_no_single_instant(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_time(text, "America/New_York")


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Asia/Seoul", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
)
def test_local_time_names_its_instant_or_is_refused(instant: datetime, zone: str) -> None:
    instant = instant.replace(microsecond=0)
    local = instant.astimezone(ZoneInfo(zone))
    text = local.replace(tzinfo=None).isoformat()
    other = local.replace(fold=1 - local.fold).astimezone(UTC)

    if other == instant:
        assert read_time(text, zone) == instant
    else:
        # Another instant has the same local time.
        with pytest.raises(InputError, match="exists twice"):
            read_time(text, zone)
