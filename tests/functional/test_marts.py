"""Marts on real Iceberg tables in an emulated Glue and S3: equal to plain counts, empty before the first job."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table
from pyiceberg.types import StringType

from infra.local.aws_resources import create_resources
from logdig.config.settings import Settings
from logdig.errors import InputError, StoreUnavailableError
from logdig.marts.columns import table_schema
from logdig.marts.marks import to_properties
from logdig.marts.progress import Mark, Waiting
from logdig.marts.reader import LOOK_AGAIN_SECONDS, Marts, catalog_properties
from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from logdig.questions.engine.sql import select
from tests.unit.questions import brute
from tests.unit.questions.rows import FIRST, LAST, ZONE, Maker, comparable

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAGES = ["http://site.test/a", "http://site.test/'; DROP TABLE x--", "\u2028 한국어"]


class Lake:
    """Tables written by PyIceberg, and marts that read them with a clock that is moved by hand."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.now = settings, 0.0
        self.marts = Marts(settings, os.environ, lambda: self.now)
        self._catalog = GlueCatalog("lake", **catalog_properties(settings, os.environ))

    def stored(self, name: str) -> Table:
        return self._catalog.load_table((self.settings.database, name))

    def write(self, name: str, rows: list[dict[str, Any]]) -> None:
        columns = table_schema(name)
        identifier = (self.settings.database, name)
        location = f"{self.settings.warehouse}/{name}"
        table = self._catalog.create_table_if_not_exists(identifier, schema=columns, location=location)
        table.append(pa.Table.from_pylist(rows, schema=columns))
        self.now += LOOK_AGAIN_SECONDS


@pytest.fixture
def lake(service: str) -> Lake:
    settings = Settings(service=service[:17])
    create_resources(settings, os.environ)
    return Lake(settings)


def test_marts_are_empty_with_columns_when_no_table_exists(lake: Lake) -> None:
    found = lake.marts.table("targets", ("offer", "level"))

    assert (found.num_rows, found.column_names) == (0, ["offer", "level"])
    assert lake.marts.table("customers").column_names == table_schema("customers").names
    assert lake.marts.count("events") == 0


def test_rows_are_counted_by_app_and_anew_when_the_table_changes(lake: Lake) -> None:
    def write(*apps: str) -> None:
        lake.write("events", [{"app": app, "type": "click", "occurred_at": NOON} for app in apps])

    write("music", "music", "other")
    before = lake.marts.count("events", "music"), lake.marts.count("events")
    write("music")

    assert before == (2, 3)
    assert (lake.marts.count("events", "music"), lake.marts.count("events")) == (3, 4)


def event(app: str, day: int, **columns: Any) -> dict[str, Any]:
    at = NOON + timedelta(days=day)
    return {"app": app, "type": "click", "user_key": f"u{day}", "day": at.date(), "occurred_at": at} | columns


def read_both(lake: Lake) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The same rows read in batches, and in one piece by PyIceberg; the condition's columns are not among them."""
    columns, where = ("occurred_at", "customer_id", "user_key"), [("app", "=", "music"), ("day", ">=", NOON.date())]
    batches = list(lake.marts.batches("events", columns, where))
    whole = lake.marts.table("events", columns, where)
    in_batches = pa.Table.from_batches(batches).to_pylist()
    return tuple(sorted(rows, key=lambda row: row["occurred_at"]) for rows in (in_batches, whole.to_pylist()))


def test_batches_equal_one_piece_when_rows_lie_in_many_files(lake: Lake) -> None:
    for day in range(-2, 6):
        lake.write("events", [event("music", day, customer_id=str(day)), event("music", day), event("other", day)])

    in_batches, whole = read_both(lake)

    assert in_batches == whole
    assert Counter(row["user_key"] for row in in_batches) == {f"u{day}": 2 for day in range(6)}


def test_batches_have_no_value_of_a_dropped_column_when_its_name_is_used_again(lake: Lake) -> None:
    lake.write("events", [event("music", 0, customer_id="old")])
    with lake.stored("events").update_schema(allow_incompatible_changes=True) as change:
        change.delete_column("customer_id")
    with lake.stored("events").update_schema() as change:
        change.add_column("customer_id", StringType())
    lake.write("events", [event("music", 1, customer_id="new")])

    in_batches, whole = read_both(lake)

    assert in_batches == whole
    assert [row["customer_id"] for row in in_batches] == [None, "new"]


def test_batches_have_the_values_of_a_column_when_it_was_renamed(lake: Lake) -> None:
    lake.write("events", [event("music", 0, customer_id="7")])
    for old, new in (("user_key", "was_user"), ("customer_id", "user_key")):
        with lake.stored("events").update_schema() as change:
            change.rename_column(old, new)
    lake.now += LOOK_AGAIN_SECONDS

    (batch,) = lake.marts.batches("events", ("user_key",))

    assert batch.to_pylist() == [{"user_key": "7"}]


def test_question_fails_as_ours_when_nothing_answers(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(StoreUnavailableError, match="table events cannot be read"):
        Marts(Settings(service=service[:17]), os.environ).count("events")


def click(day: int, **columns: Any) -> dict[str, Any]:
    at = NOON + timedelta(days=day)
    facts = {"app": "music", "day": at.date(), "user_key": f"u{day % 3}", "page": PAGES[day % 3], "bucket": day % 2}
    return facts | {"experiments": [("button", "green")], "after": {"mutation_ms": day, "watched_ms": 2500}} | columns


def days_of(number: int) -> date:
    return (NOON + timedelta(days=number)).date()


def test_pinned_rows_equal_what_was_written_when_columns_are_asked_one_after_another(lake: Lake) -> None:
    written = [click(day, seq=day * 10 + copy) for day in range(6) for copy in range(3)]
    for day in reversed(range(6)):
        lake.write("clicks", [row for row in written if row["day"] == days_of(day)])
    lake.write("clicks", [click(2, app="other")])
    pinned = lake.marts.pin(["clicks"])

    for columns in (("seq",), ("page", "seq"), ("experiments", "user_key", "after", "page", "seq")):
        found = pinned.rows("clicks", columns, "music", days_of(1), days_of(4), sample=False)

    wanted = [row for row in written if days_of(1) <= row["day"] <= days_of(4)]
    rows = sorted(found.to_pylist(), key=lambda row: row["seq"])
    assert [{**row, "after": row["after"]["mutation_ms"]} for row in rows] == [
        {name: row[name] for name in ("day", "experiments", "user_key", "page", "seq")}
        | {"after": row["after"]["mutation_ms"]}
        for row in wanted
    ]


def test_pinned_tables_stay_as_they_were_when_the_table_changes(lake: Lake) -> None:
    lake.write("clicks", [click(0)])
    pinned = lake.marts.pin(["clicks"])
    lake.write("clicks", [click(1)])
    range_asked = ("music", days_of(0), days_of(1))

    before = pinned.rows("clicks", ("page",), *range_asked, sample=False).num_rows, pinned.count("clicks", *range_asked)
    later = lake.marts.pin(["clicks"])
    after = later.rows("clicks", ("page",), *range_asked, sample=False).num_rows, later.count("clicks", *range_asked)

    assert (before, after) == ((1, 1), (2, 2))
    assert pinned.state("clicks", "music").snapshot_id != later.state("clicks", "music").snapshot_id


def test_pinned_rows_are_of_one_bucket_when_a_sample_is_asked(lake: Lake) -> None:
    lake.write("clicks", [click(day) for day in range(6)])
    pinned = lake.marts.pin(["clicks"])

    found = pinned.rows("clicks", ("bucket",), "music", days_of(0), days_of(5), sample=True)

    assert found.column("bucket").to_pylist() == [0, 0, 0]


def test_pinned_rows_are_empty_when_there_is_no_table(lake: Lake) -> None:
    pinned = lake.marts.pin(["clicks"])

    found = pinned.rows("clicks", ("page", "experiments"), "music", days_of(0), days_of(5), sample=False)

    assert (found.num_rows, found.column_names) == (0, ["day", "page", "experiments"])
    assert pinned.state("clicks", "music").snapshot_id is None


def test_question_and_sql_of_stored_tables_equal_plain_counts(lake: Lake) -> None:
    made = Maker(1).tables(60)
    for name in ("sessions", "conversions", "clicks", "events"):
        lake.write(name, made[name])
    with lake.stored("sessions").transaction() as change:
        waiting = {("shop", FIRST): Waiting(FIRST), ("blog", LAST): Waiting(LAST)}
        change.set_properties(to_properties(Mark("1-abc", 9, waiting)))
    lake.now += LOOK_AGAIN_SECONDS

    overview = ask(lake.marts, QUESTIONS["sources"], Parameters("shop", FIRST, LAST, ZONE))
    heat = ask(lake.marts, QUESTIONS["heatmap"], Parameters("shop", FIRST, LAST, ZONE, {"page": "/a"}))
    counted = select(lake.marts, "SELECT app, count(*) AS n FROM sessions GROUP BY app ORDER BY app").rows

    assert comparable(overview.rows.to_pylist()) == comparable(brute.visits(made, {}, "source"))
    assert comparable(heat.rows.to_pylist()) == comparable(brute.heatmap(made, {"page": "/a"}, None))
    assert {row["app"]: row["n"] for row in counted.to_pylist()} == Counter(row["app"] for row in made["sessions"])
    assert overview.receipt.waiting == (FIRST,)
    assert [(state.version, state.upto) for state in overview.receipt.tables] == [
        ("1-abc", 9),
        (None, None),
        (None, None),
    ]
    assert all(state.snapshot_id for state in overview.receipt.tables)


def test_sql_is_refused_when_its_columns_are_larger_than_its_memory(lake: Lake) -> None:
    lake.write("sessions", Maker(1).tables(60)["sessions"])

    with pytest.raises(InputError, match="columns asked of table sessions hold more than 100 bytes"):
        select(lake.marts, "SELECT * FROM sessions", memory_bytes=100)
