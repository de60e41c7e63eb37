"""What ingest decides without Spark: what is new, which batches, who is set aside, where copies can be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.errors import PySparkException

from analytics.lake import ingest as ingesting
from analytics.lake.event_copies import DAY_MICROS, SKEW_MICROS, Added, Times, condition, joined
from analytics.lake.ingest import Counts, Ingest, batches
from analytics.lake.objects import DAYS_BACK, pending, read_keys
from analytics.lake.stored_lines import is_of_content
from logdig.config.settings import Settings
from logdig.errors import LeaseLostError
from logdig.store.keys import object_key, parse_key
from logdig.store.object_store import StoredObject
from tests.fakes.store import FakeStore

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Column:
    """A column of Arrow."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def to_pylist(self) -> list[Any]:
        return self._values


class Ingested:
    """The reader of tables, of which only ``ingested`` holds rows: error by key."""

    def __init__(self, rows: dict[str, str | None]) -> None:
        self._rows = rows

    def table(self, name: str, _columns: Sequence[str], where: Sequence[Any]) -> dict[str, Column]:
        assert name == "ingested"
        first = where[0][2] if where else date.min
        rows = {key: error for key, error in self._rows.items() if parse_key(key).day >= first}
        return {"key": Column(list(rows)), "error": Column(list(rows.values()))}

    def count(self, name: str) -> int:
        assert name == "ingested"
        return len(self._rows)


def key_of(number: int, day: date = TODAY, zone: Any = "raw") -> str:
    return object_key(zone, day, f"{number:064x}")


def store_of(*keys: str) -> FakeStore:
    store = FakeStore()
    for key in keys:
        store.put(key, b"body")
    return store


def keys(found: Sequence[StoredObject]) -> list[str]:
    return [entry.key for entry in found]


def test_pending_are_new_objects_of_fifteen_days_in_their_order() -> None:
    old = TODAY - timedelta(days=DAYS_BACK)
    new = [key_of(9, old), key_of(3, zone="bad"), key_of(2), key_of(8, TODAY + timedelta(days=1))]
    store = store_of(key_of(1), *new, key_of(7, old - timedelta(days=1)), "raw/notes.txt", "raw/dt=2026-11-24/x")
    marts: Any = Ingested({key_of(1): None})

    assert keys(pending(store, marts, TODAY)) == new
    assert keys(pending(store, marts, TODAY, first=date.min)) == [key_of(7, old - timedelta(days=1)), *new]


def test_pending_is_everything_when_nothing_was_ever_read() -> None:
    ancient = key_of(1, date(2020, 1, 1))
    marts: Any = Ingested({})
    read_long_ago: Any = Ingested({key_of(2, date(2020, 1, 1)): None})

    assert keys(pending(store_of(ancient), marts, TODAY)) == [ancient]
    assert pending(store_of(ancient), read_long_ago, TODAY) == []


def test_object_that_is_set_aside_is_pending_only_on_retry_and_while_it_is_there() -> None:
    marts: Any = Ingested({key_of(1): None, key_of(2): "damaged gzip", key_of(3, date(2026, 1, 1)): "damaged gzip"})
    store = store_of(key_of(1), key_of(2))

    assert pending(store, marts, TODAY) == []
    assert keys(pending(store, marts, TODAY, retry=True)) == [key_of(2)]


def test_objects_that_an_earlier_version_has_read_are_known_by_its_checkpoint() -> None:
    read, planned, bad = key_of(1), key_of(2), key_of(3, zone="bad")
    store = store_of(read, planned, bad)
    for zone, found in (("raw", ((read, 0), (planned, 1))), ("bad", ((bad, 0),))):
        folder = f"checkpoints/ingest-{zone}"
        texts = [json.dumps({"path": f"s3a://b/{key}", "timestamp": 1, "batchId": batch}) for key, batch in found]
        store.put(f"{folder}/sources/0/0.compact", "\n".join(["v1", *texts]).encode())
        store.put(f"{folder}/commits/0", b"v1\n{}")
        store.put(f"{folder}/commits/.1.tmp", b"half")
    marts: Any = Ingested({})

    assert read_keys(store, marts) == {read, bad}
    assert keys(pending(store, marts, TODAY)) == [planned]


@given(st.lists(st.sampled_from(["raw", "bad"]), max_size=30), st.integers(1, 7))
def test_batches_hold_every_object_once_in_order_and_one_zone_each(zones: list[str], most: int) -> None:
    objects = [StoredObject(key_of(number, zone=zone), 1) for number, zone in enumerate(zones)]

    found = list(batches(objects, most))

    assert all(len({parse_key(entry.key).zone for entry in batch}) == 1 and len(batch) <= most for batch in found)
    for zone in ("raw", "bad"):
        ours = [entry for batch in found for entry in batch if parse_key(entry.key).zone == zone]
        assert ours == [entry for entry in objects if parse_key(entry.key).zone == zone]


def run_with(store: FakeStore) -> Ingest:
    spark: Any = SimpleNamespace()
    return Ingest(spark, Settings(service="shop"), store, NOW)


@given(st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1)))))
def test_batch_is_halved_until_only_what_fails_is_set_aside(case: tuple[int, set[int]]) -> None:
    size, damaged = case
    objects = [StoredObject(key_of(number), 1) for number in range(size)]
    noted: dict[str, str | None] = {}
    sizes = []

    def write(_run: Ingest, _zone: str, batch: Sequence[StoredObject]) -> tuple[int, int]:
        sizes.append(len(batch))
        if any(objects.index(entry) in damaged for entry in batch):
            raise PySparkException("[FAILED_READ_FILE.NO_HINT] java.io.EOFException")
        return len(batch), 0

    def record(_run: Ingest, batch: Sequence[StoredObject], error: str | None = None) -> None:
        assert not noted.keys() & {entry.key for entry in batch}
        noted.update({entry.key: error for entry in batch})

    counts = Counts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingesting, "_write", write)
        patch.setattr(ingesting, "record", record)
        ingesting._ingest_batch(run_with(store_of(*keys(objects))), objects, counts)

    assert noted.keys() == set(keys(objects))
    assert {key for key, error in noted.items() if error} == counts.aside.keys() == {key_of(one) for one in damaged}
    assert counts.lines["raw"] == size - len(damaged)
    assert len(sizes) <= 1 + 2 * len(damaged) * size.bit_length()


@pytest.mark.parametrize(
    "fault",
    [
        LeaseLostError("ingest"),
        PySparkException("FAILED_READ_FILE: com.amazonaws.SdkClientException: Unable to execute HTTP request"),
        PySparkException("org.apache.iceberg.exceptions.CommitStateUnknownException"),
        PySparkException("FAILED_READ_FILE: java.io.IOException: No space left on device"),
        MemoryError(),
    ],
)
def test_fault_that_is_not_of_the_content_ends_the_run_and_sets_nothing_aside(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def write(*_arguments: object) -> tuple[int, int]:
        tries.append(1)
        raise fault

    monkeypatch.setattr(ingesting, "_write", write)
    objects = [StoredObject(key_of(number), 1) for number in range(8)]
    with pytest.raises(type(fault)):
        ingesting._ingest_batch(run_with(FakeStore()), objects, Counts())

    assert (tries, is_of_content(fault)) == ([1], False)


def test_object_that_was_erased_since_it_was_listed_is_not_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_arguments: object) -> tuple[int, int]:
        raise PySparkException("[PATH_NOT_FOUND] Path does not exist")

    monkeypatch.setattr(ingesting, "_write", write)
    counts = Counts()
    ingesting._ingest_batch(run_with(FakeStore()), [StoredObject(key_of(1), 1)], counts)

    assert counts.aside == {}


@st.composite
def times(draw: st.DrawFn) -> Times:
    day = draw(st.integers(20_000, 20_060))
    if draw(st.booleans()):
        low = draw(st.integers(19_000 * DAY_MICROS, 21_000 * DAY_MICROS))
        return Times(day, day + draw(st.integers(0, 3)), low, low + draw(st.integers(0, DAY_MICROS)))
    return Times(day, day)


@given(st.lists(times(), max_size=40), st.integers(1, 8))
def test_joined_times_are_few_and_cover_all(found: list[Times], most: int) -> None:
    covers = joined(found, most)

    timed = [one for one in covers if one.low is not None]
    assert len(timed) <= most
    assert len(covers) - len(timed) == any(one.low is None for one in found)
    for one in found:
        assert any(
            cover.first_day <= one.first_day
            and cover.last_day >= one.last_day
            and (one.low is None) == (cover.low is None)
            and (cover.low or 0) <= (one.low or 0)
            and (cover.high or 0) >= (one.high or 0)
            for cover in covers
        )


def test_joined_times_leave_the_longest_gaps_open() -> None:
    days = [1, 2, 3, 100, 101, 500]
    found = [Times(day, day, day * DAY_MICROS, day * DAY_MICROS + 5) for day in days]

    assert [(one.first_day, one.last_day) for one in joined(found, 3)] == [(1, 3), (100, 101), (500, 500)]


def test_condition_names_days_and_times_around_the_new_rows_and_few_apps() -> None:
    one = Times(20_000, 20_000, 20_000 * DAY_MICROS + 5, 20_000 * DAY_MICROS + 9)

    text = condition(Added(1, ("it's",), (one,)))

    assert text.startswith("t.`app` IN ('it\\'s') AND (")
    # Half an hour before midnight is the day before.
    assert "t.`day` BETWEEN date_from_unix_date(19999) AND date_from_unix_date(20000)" in text
    assert f"timestamp_micros({one.low - SKEW_MICROS})" in text if one.low else False
    assert "t.`day` BETWEEN date_from_unix_date(19939) AND date_from_unix_date(20061)" in text
    assert "`app`" not in condition(Added(1, None, (one,)))
