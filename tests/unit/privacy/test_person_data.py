"""What is shown and exported of a person is what an erasure removes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.decide.profiles import keys_of
from logdig.errors import InputError, StoreUnavailableError
from logdig.privacy.object_erasure import remove_lines
from logdig.privacy.person import Person
from logdig.privacy.person_archive import README, write_archive
from logdig.privacy.person_data import PersonData
from logdig.privacy.person_rows import RowTest, person_columns
from logdig.privacy.tombstones import Pseudonyms
from logdig.store.objects import build_object, compress
from logdig.tables.catalog import TABLES
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VISITOR, CUSTOMER = Person("user_key", "k" * 20), Person("customer_id", "C-4711")
KEYS = ("k" * 20, "C-4711", "someone", None)
Rows = dict[str, list[dict[str, Any]]]


class FakeTables:
    """Tables in memory; columns are those of the first row."""

    def __init__(self, rows: Rows) -> None:
        self.stored = rows

    def names(self) -> list[str]:
        return sorted(self.stored)

    def columns(self, name: str) -> dict[str, bool]:
        return {column: not isinstance(value, list) for column, value in self.stored[name][0].items()}

    def rows(
        self, name: str, columns: Sequence[str] | None, wanted: Mapping[str, Collection[str]] | None
    ) -> Iterator[dict[str, Any]]:
        for row in self.stored[name]:
            if wanted is None or any(row[column] in texts for column, texts in wanted.items()):
                yield {column: row[column] for column in columns or row}


def line(**fields: Any) -> bytes:
    received = "2026-11-24T12:00:00.000Z"
    return json.dumps({"received_at": received, "occurred_at": received, "app": "shop", **fields}).encode()


def store() -> FakeStore:
    fake = FakeStore()
    raw = [line(user_key=VISITOR.value, n=n) for n in range(3)] + [line(user_key="x", customer_id=CUSTOMER.value)]
    bad = [line(text=json.dumps({"user_key": VISITOR.value})), line(text="{}"), line(text=CUSTOMER.value + " cut")]
    for zone, lines in (("raw", [*raw, line(user_key="y", app="blog")]), ("bad", bad)):
        built = build_object(zone, date(2026, 11, 24), lines)  # type: ignore[arg-type]
        fake.put(built.key, built.body)
    fake.put("load/customers/a.jsonl.gz", compress(line(customer_id=CUSTOMER.value) + b"\n" + line(customer_id="z")))
    return fake


def tables() -> Rows:
    return {
        "events": [
            {"user_key": user, "customer_id": customer, "app": app, "received_at": NOW, "props": {"a": "1"}}
            for user in KEYS for customer in KEYS for app in ("shop", "blog", None)
        ],
        "bad_events": [
            {"bad_id": "b1", "text": json.dumps({"user_key": VISITOR.value}), "app": "shop", "errors": []},
            {"bad_id": "b2", "text": "{}", "app": None, "errors": []},
        ],
        "my_sums": [{"billing_customer_id": key, "total": "7"} for key in KEYS],
        "my_lists": [{"person": "shop#c#C-4711", "n": "1"}, {"person": "blog#c#C-4711", "n": "2"}],
        "ledger_lines": [{"key": entry.key, "app": "shop", "event": "e1"} for entry in store().list("raw/")],
        "models": [{"version": "1"}],
    }  # fmt: skip


def data(person: Person, profiles: Mapping[str, Any] | None = None, own: FakeStore | None = None) -> PersonData:
    keys = keys_of([person.app] if person.app else ["shop", "blog"], person.field, person.value)
    known = {key: (profiles or {}).get(key) for key in keys}
    return PersonData(own or store(), FakeTables(tables()), known, person)


@pytest.mark.parametrize("person", [VISITOR, CUSTOMER, Person("user_key", VISITOR.value, "shop")])
def test_lines_that_are_shown_are_those_that_an_erasure_removes(person: Person) -> None:
    shown, own = data(person).count(), store()

    removed = remove_lines(own, person, Pseudonyms("salt"))

    assert {place: shown[place] for place in ("raw", "bad", "load")} == {"raw": 0, "bad": 0, "load": 0} | removed.lines
    assert sum(removed.lines.values()) > 0
    left = data(person, own=own).count()
    assert [left[place] for place in ("raw", "bad", "load")] == [0, 0, 0]


def test_rows_are_counted_in_every_table_that_names_persons() -> None:
    people = (VISITOR, CUSTOMER, Person("customer_id", "C-4711", "shop"))

    visitor, customer, of_shop = (data(one).count() for one in people)

    # 4 other keys x 3 apps, in one table of an analyst by the column's name, and by the profile's key.
    assert visitor == {
        "raw": 3, "bad": 1, "load": 0, "table bad_events": 1, "table events": 12,
        "table ledger_lines": 0, "table my_lists": 0, "table my_sums": 0, "profiles": 0,
    }  # fmt: skip
    assert customer == {
        "raw": 1, "bad": 1, "load": 1, "table bad_events": 0, "table events": 12,
        "table ledger_lines": 0, "table my_lists": 2, "table my_sums": 1, "profiles": 0,
    }  # fmt: skip
    assert (of_shop["table events"], of_shop["table my_lists"], of_shop["table my_sums"]) == (8, 1, 1)


@pytest.mark.parametrize("person", [VISITOR, CUSTOMER])
def test_rows_that_only_name_the_object_of_a_line_are_nobodys(person: Person) -> None:
    names = TABLES["ledger_lines"].names
    named = person_columns("ledger_lines", names, names)
    test = RowTest(person, frozenset(["shop#c#C-4711"]), tuple(named), frozenset(names))

    # Even where another column holds the very key.
    assert not test.is_met(dict.fromkeys(names, person.value))
    assert test.wanted(names) == {}


@given(st.lists(st.fixed_dictionaries({
    "user_key": st.sampled_from(KEYS), "customer_ids": st.lists(st.sampled_from(KEYS[:3])),
    "app": st.sampled_from(["shop", "blog", None]),
})), st.sampled_from([VISITOR, CUSTOMER]), st.sampled_from([None, "shop"]))  # fmt: skip
def test_row_is_the_persons_also_by_a_list_of_keys(rows: list[dict[str, Any]], person: Person, app: str | None) -> None:
    columns = (("user_key", "user_key"), ("customer_ids", "customer_id"))
    names = frozenset(["user_key", "customer_ids", "app"])
    test = RowTest(Person(person.field, person.value, app), frozenset(), columns, names)
    narrow = [{name: row[name] for name in test.needed} for row in rows]

    met = [row for row, read in zip(rows, narrow, strict=True) if test.is_met(read)]

    assert met == [
        row
        for row in rows
        if (row["user_key"] == person.value if person is VISITOR else person.value in row["customer_ids"])
        and (app is None or row["app"] in ("shop", None))
    ]
    # A list cannot be compared by the reader, so every row is looked at.
    assert (test.wanted(["user_key", "app"]) is None) == (person is CUSTOMER)


def test_every_declared_person_column_is_looked_at() -> None:
    for name, table in TABLES.items():
        found = person_columns(name, table.names, table.names)
        assert set(table.person_columns.items()) <= set(found), name


def test_archive_holds_each_line_and_says_what_its_columns_are(tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    profile = {"person": "shop#c#C-4711"}

    counts = write_archive(path, data(CUSTOMER, {"shop#c#C-4711": profile}), NOW)

    assert counts == data(CUSTOMER, {"shop#c#C-4711": profile}).count()
    assert path.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(path) as archive:
        lines = {name: archive.read(name).splitlines() for name in archive.namelist() if name != README}
        readme = archive.read(README).decode()
    assert {name: len(rows) for name, rows in lines.items()} == {
        "raw.jsonl": 1, "bad.jsonl": 1, "load.jsonl": 1, "tables/events.jsonl": 12, "tables/my_lists.jsonl": 2,
        "tables/my_sums.jsonl": 1, "profiles.jsonl": 1,
    }  # fmt: skip
    events = [json.loads(row) for row in lines["tables/events.jsonl"]]
    assert {event["customer_id"] for event in events} == {"C-4711"}
    assert events[0] | {"user_key": "", "app": ""} == {
        "user_key": "", "customer_id": "C-4711", "app": "", "received_at": "2026-11-24T12:00:00Z", "props": {"a": "1"},
    }  # fmt: skip
    assert all(f"## {name}" in readme for name in lines)
    assert "| `customer_id` |  | known customer |" in readme


def test_archive_replaces_no_file(tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    path.write_text("mine")

    with pytest.raises(InputError, match="exists"):
        write_archive(path, data(VISITOR), NOW)
    assert path.read_text() == "mine"


def test_no_archive_is_left_when_the_store_goes_away(tmp_path: Path) -> None:
    own = store()

    def fail(operation: str, key: str) -> None:
        if key.startswith("load/"):
            raise StoreUnavailableError("S3 is away")

    own.before = fail
    with pytest.raises(StoreUnavailableError):
        write_archive(tmp_path / "out.zip", data(VISITOR, own=own), NOW)
    assert list(tmp_path.iterdir()) == []


def test_object_that_cannot_be_read_is_named() -> None:
    own = store()
    own.objects["raw/dt=2026-11-24/broken.jsonl.gz"] = b"no gzip"
    found = data(VISITOR, own=own)

    assert found.count()["raw"] == 3
    assert found.damaged == ["raw/dt=2026-11-24/broken.jsonl.gz"]
