"""A person's lines leave both zones; everybody else's stay."""

from __future__ import annotations

import gzip
import json
from datetime import date
from typing import Any

import pytest

from logdig.errors import StoreUnavailableError
from logdig.forgetting import Person, remove_lines
from logdig.keys import ZONES
from logdig.objects import build_object
from tests.fakes.store import FakeStore

DAY = date(2026, 11, 24)
SOMEONE = Person("user_key", "k" * 20)


def line(number: int, **fields: Any) -> bytes:
    received = "2026-11-24T12:00:00.000Z"
    return json.dumps({"received_at": received, "event_id": f"e{number}", "app": "shop", **fields}).encode()


def stored(**zones: list[bytes]) -> FakeStore:
    store = FakeStore()
    for zone in ZONES:
        built = build_object(zone, DAY, zones[zone])
        store.put(built.key, built.body)
    return store


def full() -> FakeStore:
    text = json.dumps({"user_key": SOMEONE.value})
    return stored(
        raw=[line(1, user_key=SOMEONE.value), line(2, user_key="other")],
        bad=[line(3, text=text), line(4, app=None, text=text[:-1] + ',"cut'), line(5, text="{}")],
    )


def text_of(store: FakeStore) -> bytes:
    return b"".join(gzip.decompress(body) for body in store.objects.values())


def test_no_byte_of_the_person_is_left_and_others_stay() -> None:
    store = full()

    removed = remove_lines(store, SOMEONE, acts=True)

    assert removed.lines == {("raw", "shop", DAY): 1, ("bad", "shop", DAY): 1, ("bad", "", DAY): 1}
    assert SOMEONE.value.encode() not in text_of(store)
    assert [b'"e%d"' % number in text_of(store) for number in range(1, 6)] == [False, True, False, False, True]
    assert not remove_lines(store, SOMEONE, acts=True).lines


def test_dry_run_counts_the_same_and_changes_nothing() -> None:
    store, other = full(), full()

    assert remove_lines(store, SOMEONE, acts=False) == remove_lines(other, SOMEONE, acts=True)
    assert store.objects == full().objects


@pytest.mark.parametrize("operation", ["put", "delete"])
def test_run_again_ends_where_an_interrupted_one_would_have(operation: str) -> None:
    store, whole = full(), full()

    def fail(found: str, _key: str) -> None:
        if found == operation:
            raise StoreUnavailableError("S3 is away")

    store.before = fail
    with pytest.raises(StoreUnavailableError):
        remove_lines(store, SOMEONE, acts=True)
    store.before = lambda _operation, _key: None
    remove_lines(store, SOMEONE, acts=True)
    remove_lines(whole, SOMEONE, acts=True)

    assert store.objects == whole.objects


@pytest.mark.parametrize("value", ["7", "김", 'a"b'])
def test_customer_is_found_by_the_field_alone(value: str) -> None:
    person = Person("customer_id", value, "shop")

    assert person.is_in(line(1, customer_id=value))
    assert not person.is_in(line(1, customer_id="77", x=7))
    assert not person.is_in(line(1, customer_id=value, app="blog"))
