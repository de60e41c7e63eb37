"""A person's lines leave every object; everybody else's stay, and so does every count."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import StoreUnavailableError
from logdig.privacy.erasure_list import LIST_DAYS, add_to_list, make_salt, read_list, read_salt
from logdig.privacy.object_erasure import remove_lines
from logdig.privacy.person import Person, mentions
from logdig.privacy.tombstones import ERASED_NAME, Pseudonyms
from logdig.store.keys import ZONES, parse_key
from logdig.store.objects import build_object, compress
from tests.fakes.store import FakeStore
from tests.faults.hooks import well

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOMEONE = Person("user_key", "k" * 20)
NAMES = Pseudonyms("salt")


def line(number: int, **fields: Any) -> bytes:
    received = "2026-11-24T12:00:00.000Z"
    event = {"received_at": received, "occurred_at": received, "event_id": f"e{number}", "app": "shop", **fields}
    return json.dumps(event, separators=(",", ":")).encode()


def stored(**zones: list[bytes]) -> FakeStore:
    store = FakeStore()
    for zone in ZONES:
        built = build_object(zone, DAY, zones[zone])
        store.put(built.key, built.body)
    return store


def full() -> FakeStore:
    text = json.dumps({"user_key": SOMEONE.value, "session_id": "s1", "seq": 3})
    store = stored(
        raw=[line(1, user_key=SOMEONE.value, session_id="s1", seq=2), line(2, user_key="other")],
        bad=[line(3, text=text), line(4, app=None, text=text[:-1] + ',"cut'), line(5, text="{}")],
    )
    loaded = [line(6, customer_id="C-1"), line(7, customer_id="C-2")]
    store.put("load/customers/a.jsonl.gz", compress(b"\n".join(loaded) + b"\n"))
    return store


def text_of(store: FakeStore) -> bytes:
    return b"".join(gzip.decompress(body) for key, body in store.objects.items() if key.endswith(".gz"))


def test_no_byte_of_the_person_is_left_and_others_stay() -> None:
    store = full()

    removed = remove_lines(store, SOMEONE, NAMES)

    assert removed.lines == {"raw": 1, "bad": 2}
    assert SOMEONE.value.encode() not in text_of(store)
    assert [b'"e%d"' % number in text_of(store) for number in range(1, 8)] == [False, True, False, False, *[True] * 3]
    assert not remove_lines(store, SOMEONE, None).lines


def test_a_line_of_the_same_zone_and_day_stands_in_the_place_of_each() -> None:
    store = full()

    remove_lines(store, SOMEONE, NAMES)

    [stone] = [line for text in store.lines("raw") if (line := json.loads(text)).get("custom")]
    assert stone["custom"] == {"name": ERASED_NAME, "props": {"session": NAMES.session("s1"), "seq": 2}}
    assert stone["received_at"] == "2026-11-24T00:00:00.000Z"
    bad = [json.loads(text) for text in store.lines("bad")]
    assert [len(store.lines(zone)) for zone in ZONES] == [2, 3]
    told = [json.loads(line["text"]) for line in bad if line.get("errors")]
    assert {"session_id": NAMES.session("s1"), "seq": 3} in told
    assert all(parse_key(key).sha256 for key in store.objects if not key.startswith("load/"))


def test_loaded_rows_go_without_a_trace() -> None:
    store = full()

    removed = remove_lines(store, Person("customer_id", "C-1"), NAMES)

    assert removed.lines == {"load": 1}
    assert b"C-1" not in text_of(store)
    assert b"C-2" in text_of(store)


def test_dry_run_counts_the_same_and_changes_nothing() -> None:
    store, other = full(), full()

    assert remove_lines(store, SOMEONE, None) == remove_lines(other, SOMEONE, NAMES)
    assert store.objects == full().objects


@pytest.mark.parametrize("stop_at", range(4))
def test_run_again_ends_where_an_interrupted_one_would_have(stop_at: int) -> None:
    store, whole, steps = full(), full(), iter(range(100))

    def fail(key: str, _key: str) -> None:
        if key in ("put", "delete") and next(steps) == stop_at:
            raise StoreUnavailableError("S3 is away")

    store.before = fail
    with pytest.raises(StoreUnavailableError):
        remove_lines(store, SOMEONE, NAMES)
    store.before = well
    remove_lines(store, SOMEONE, NAMES)
    remove_lines(whole, SOMEONE, NAMES)

    assert store.objects == whole.objects


def test_damaged_object_is_named_and_stops_nothing() -> None:
    store = full()
    store.put("raw/dt=2026-11-24/" + "0" * 64 + ".jsonl.gz", b"no gzip")

    removed = remove_lines(store, SOMEONE, NAMES)

    assert removed.damaged == ["raw/dt=2026-11-24/" + "0" * 64 + ".jsonl.gz"]
    assert removed.lines["raw"] == 1


@pytest.mark.parametrize("value", ["7", "김", 'a"b', "a\\b", "x" * 128])
def test_customer_is_found_by_the_field_alone(value: str) -> None:
    person = Person("customer_id", value, "shop")

    assert person.is_in("raw", line(1, customer_id=value))
    assert person.fragment in line(1, customer_id=value)
    assert not person.is_in("raw", line(1, customer_id="77", x=7))
    assert not person.is_in("raw", line(1, customer_id=value, app="blog"))


@pytest.mark.parametrize(
    "text",
    [
        '{"customer_id": "C-100200"}',
        '{"customer_id": "C-100200", "cut',
        '{"events": [{"a": [{"customer_id": "C-100200"}]}]}',
        "timestamp=1&customer_id=C-100200&x=1",
        '{"customerId": "C-100200"}',
        '{"\\u0063ustomer_id": "C\\u002d100200"}',
        "[" * 9000 + '"C-100200"',
    ],
)
def test_rejected_event_is_found_however_its_text_is_broken(text: str) -> None:
    assert Person("customer_id", "C-100200").is_in("bad", line(1, text=text))
    assert not Person("customer_id", "C-100201").is_in("bad", line(1, text=text))


def test_number_where_a_text_must_be_is_found() -> None:
    assert Person("customer_id", "17").is_in("bad", line(1, text='{"customer_id": 17, "x": 18}'))
    assert not Person("customer_id", "18").is_in("bad", line(1, text='{"customer_id": 17, "x": 18}'))


@given(st.binary(max_size=300), st.sampled_from(ZONES))
def test_any_bytes_can_be_asked(text: bytes, zone: Any) -> None:
    assert mentions(zone, text).of("user_key", "\0nobody") is False


def test_list_catches_what_happened_before_and_keeps_what_happens_after() -> None:
    store = FakeStore()
    add_to_list(store, Person("customer_id", "김 1"), AT)
    erasures = read_list(store, AT - timedelta(days=1))
    assert erasures is not None

    before, after = line(1, customer_id="김 1"), line(2, customer_id="김 1", occurred_at="2026-11-24T12:00:00.001Z")

    assert erasures.cleaned("raw", after) == after
    assert b'"$erased"' in erasures.cleaned("raw", before)
    assert erasures.cleaned("raw", line(3, customer_id="김 2")) == line(3, customer_id="김 2")
    assert b'"erased"' in erasures.cleaned("bad", line(4, text='{"customer_id": "김 1"}'))
    assert json.loads(erasures.cleaned("raw", before))["event_id"] == erasures.names.of("event", "e1")


def test_list_holds_no_key_and_ends() -> None:
    store = FakeStore()

    add_to_list(store, Person("customer_id", "C-100200", "shop"), AT)

    assert "C-100200" not in "".join(store.objects)
    assert read_list(store, AT + timedelta(days=LIST_DAYS)) is None
    erasures = read_list(store, AT)
    assert erasures is not None
    assert not erasures.is_in("raw", line(1, customer_id="C-100200", app="blog"))


def test_salt_is_made_once() -> None:
    store = FakeStore()

    assert read_salt(store) is None
    assert make_salt(store) == make_salt(store) == read_salt(store)
    assert len(make_salt(store)) == 64


def test_a_person_leaves_objects_of_a_foreign_name_and_what_cannot_be_read_is_named() -> None:
    store = full()
    theirs, others = line(8, user_key=SOMEONE.value), line(9, user_key="other")
    store.put("raw/copied.jsonl.gz", compress(theirs + b"\n" + others + b"\n"))
    store.put("raw/export.csv", b"user_key\n" + SOMEONE.value.encode())
    store.put("raw/notes.txt", b"nobody")

    removed = remove_lines(store, SOMEONE, NAMES)

    assert removed.damaged == ["raw/export.csv"]
    assert "raw/copied.jsonl.gz" not in store.objects
    assert SOMEONE.value.encode() not in text_of(store)
    assert others in text_of(store)
