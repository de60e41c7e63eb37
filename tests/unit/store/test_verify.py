"""`logdig verify` finds what is wrong with an object, and nothing where all is right."""

import gzip
import hashlib
from collections.abc import Callable
from datetime import date

import pytest

from logdig.store.keys import object_key
from logdig.store.objects import LogObject, build_object
from logdig.store.verify import check_all, check_object, chosen_keys
from tests.fakes.store import FakeStore

DAY = date(2026, 11, 24)


def lines(day: date = DAY) -> list[bytes]:
    return [f'{{"received_at":"{day}T12:00:00.00{n}Z","event_id":"e{n}"}}'.encode() for n in range(5)]


def built(day: date = DAY) -> LogObject:
    return build_object("raw", day, lines(day))


def named(text: bytes) -> tuple[str, bytes]:
    return object_key("raw", DAY, hashlib.sha256(text).hexdigest()), gzip.compress(text)


def test_verify_counts_lines_when_all_is_right() -> None:
    one = built()

    assert check_object(one.key, one.body) == (5, "")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda body: body[:-9], "ends too early"),
        (lambda body: body + b"more", "4 bytes follow"),
        (lambda body: b"x" + body[1:], "no gzip"),
        (lambda _body: gzip.compress(b"other\n"), "SHA-256"),
    ],
)
def test_verify_names_the_damage_of_an_object(damage: Callable[[bytes], bytes], fault: str) -> None:
    one = built()

    assert fault in check_object(one.key, damage(one.body))[1]


def test_verify_finds_any_damaged_byte_behind_the_header() -> None:
    one = built()

    # The ten bytes before hold a time and a system that no reader looks at.
    for at in range(10, len(one.body)):
        damaged = one.body[:at] + bytes([one.body[at] ^ 0xFF]) + one.body[at + 1 :]
        assert check_object(one.key, damaged)[1] != "", at


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"\n".join(lines()), "the last line has no end"),
        (b"\n".join(reversed(lines())) + b"\n", "line 2 is out of order"),
        (b"\n".join(lines(date(2026, 11, 25))) + b"\n", "line 1 is not of 2026-11-24"),
        (lines()[0][:-1] + b"\n", "line 1 is no JSON object"),
    ],
)
def test_verify_names_the_line_when_text_breaks_a_rule(text: bytes, fault: str) -> None:
    assert fault in check_object(*named(text))[1]


def test_verify_reads_only_the_days_and_the_share_asked_for() -> None:
    store = FakeStore()
    for day in range(1, 29):
        one = built(date(2026, 11, day))
        store.put(one.key, one.body)
    store.put("raw/stray", b"x")

    some = chosen_keys(store, None, None, 0.3)

    assert len(chosen_keys(store, date(2026, 11, 3), date(2026, 11, 5), 1)) == 4
    assert 2 <= len(some) < 20
    assert some == chosen_keys(store, None, None, 0.3)
    assert [checked.key for checked in check_all(store, some) if checked.fault] == ["raw/stray"]


def test_verify_names_the_damaged_object_and_passes_over_one_that_was_erased_meanwhile() -> None:
    store = FakeStore()
    whole, damaged, erased = (built(date(2026, 11, day)) for day in (24, 25, 26))
    store.put(whole.key, whole.body)
    store.put(damaged.key, damaged.body[:-1])

    checked = check_all(store, [whole.key, damaged.key, erased.key])

    assert [(one.key, bool(one.fault)) for one in checked] == [(whole.key, False), (damaged.key, True)]
