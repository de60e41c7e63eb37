"""Which objects the ledger reads, and whose rows leave: without Spark."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.ledger.objects import Kept, changes, listed, pieces
from analytics.ledger.reading import examined
from logdig.store.keys import object_key
from logdig.store.objects import build_object
from tests.fakes.store import FakeStore

DAY = date(2026, 11, 24)
NAMED = [object_key("raw", DAY + timedelta(days=number % 3), f"{number:064x}") for number in range(6)]
FOREIGN = ["raw/dt=2026-11-24/theirs.jsonl.gz", "bad/export.jsonl.gz"]
KEYS = st.sampled_from([*NAMED, *FOREIGN])
ALL_STEPS = len(NAMED) + len(FOREIGN) + 1
KEPT = st.builds(Kept, st.just(DAY), st.booleans())


def there(keys: set[str]) -> dict[str, date]:
    return dict.fromkeys(keys, DAY)


@given(st.lists(st.tuples(st.sets(KEYS), st.integers(0, 4), st.booleans()), min_size=1, max_size=6))
def test_every_object_of_the_bucket_is_in_the_table_once_when_runs_end_anywhere(
    runs: list[tuple[set[str], int, bool]],
) -> None:
    table: Counter[str] = Counter()
    for keys, steps, twice in runs:
        # A run that ends after some of its commits, and perhaps one beside it that commits the same.
        update(table, keys, steps, copies=2 if twice else 1)
    keys = runs[-1][0]

    update(table, keys, ALL_STEPS, copies=1)

    assert +table == Counter(keys)


def update(table: Counter[str], keys: set[str], steps: int, copies: int) -> None:
    todo = changes(there(keys), {key: Kept(DAY, count == 1) for key, count in table.items() if count})
    if steps:
        for key in todo.stale:
            del table[key]
        for key in sorted(todo.fresh)[: steps - 1]:
            table[key] += copies


@given(st.sets(KEYS), st.dictionaries(KEYS, KEPT))
def test_only_what_is_whole_and_named_by_its_content_is_not_read_again(keys: set[str], kept: dict[str, Kept]) -> None:
    found = changes(there(keys), kept)

    unread = keys - found.fresh.keys()
    assert unread == {key for key in keys & set(NAMED) if key in kept and kept[key].is_whole}
    assert found.stale.keys() == kept.keys() - unread


def test_objects_are_listed_with_the_days_of_their_folders() -> None:
    store = FakeStore()
    for key in (NAMED[1], FOREIGN[1], "raw/dt=2026-11-24/notes.txt", "load/customers/x.jsonl.gz"):
        store.put(key, b"")

    assert listed(store) == {NAMED[1]: DAY + timedelta(days=1), FOREIGN[1]: date(1970, 1, 1)}


@given(st.dictionaries(st.sampled_from(NAMED), st.dates(), min_size=1))
def test_pieces_hold_every_object_once_by_day(found: dict[str, date]) -> None:
    split = list(pieces(found, most=2))

    assert [day for piece in split for day in piece.values()] == sorted(found.values())
    assert {key: day for piece in split for key, day in piece.items()} == found
    assert all(len(piece) == 2 for piece in split[:-1])


def test_damaged_objects_are_named_and_those_that_are_gone_left_out() -> None:
    store, built = FakeStore(), [build_object("raw", DAY, [text]) for text in (b"whole", b"cut", b"gone", b"empty")]
    for one, body in zip(built, (built[0].body, built[1].body[:-4], None, b""), strict=True):
        if body is not None:
            store.put(one.key, body)

    whole, damaged = examined(store, {one.key: DAY for one in built})

    assert set(whole) == {built[0].key}
    assert set(damaged) == {built[1].key, built[3].key}
