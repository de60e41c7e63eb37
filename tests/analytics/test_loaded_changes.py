"""What loads changed of customers is noted once, whatever is read again, and as a loop in plain Python finds it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.jobs import marts
from analytics.marts.customer_changes import customer_changes
from analytics.marts.customers import customers
from analytics.schema.columns import line_columns, table_columns
from logdig.config.settings import Settings as LogDigSettings
from logdig.errors import MissingColumnError
from logdig.tables.customers import CUSTOMER_CHANGES, CUSTOMERS
from tests.analytics.behaviour import rows_of

pytestmark = pytest.mark.java
COMPARED = [name for name in CUSTOMERS.names if name not in ("app", "customer_id", "loaded_at")]

Line = dict[str, Any]

LINES = st.fixed_dictionaries(
    {
        "app": st.sampled_from(["shop", "blog", None]),
        "customer_id": st.sampled_from(["1", "2", None]),
        "loaded_at": st.sampled_from([f"2026-11-0{day}T00:00:00.000Z" for day in range(1, 7)] + ["soon", None]),
        "zip": st.sampled_from(["01234", "99999", None]),
        "level": st.sampled_from([0, 1, None]),
        "sign_date": st.sampled_from(["2020-01-01", None]),
    }
)


def lines_of(spark: SparkSession, lines: list[Line]) -> DataFrame:
    columns = line_columns(CUSTOMERS)
    return tables.small_frame(spark, columns, [tuple(one.get(name) for name in columns.names) for one in lines])


def nobody(spark: SparkSession) -> DataFrame:
    return tables.small_frame(spark, table_columns("customers"))


def changes_by_hand(lines: list[Line]) -> dict[tuple[Any, ...], tuple[str | None, str | None]]:
    """Compare each load with the one before; the lines of one customer have different times."""
    found: dict[tuple[Any, ...], tuple[str | None, str | None]] = {}
    people = sorted({(line["app"], line["customer_id"]) for line in lines if usable(line)})
    for person in people:
        theirs = [line for line in lines if usable(line) and (line["app"], line["customer_id"]) == person]
        theirs.sort(key=lambda line: line["loaded_at"])
        for before, after in pairwise(theirs):
            for name in COMPARED:
                old, new = (None if line.get(name) is None else str(line[name]) for line in (before, after))
                if old != new:
                    found[*person, name, datetime.fromisoformat(after["loaded_at"][:-1])] = (old, new)
    return found


def usable(line: Line) -> bool:
    return None not in (line["app"], line["customer_id"], line["loaded_at"]) and line["loaded_at"] != "soon"


def noted(found: DataFrame) -> dict[tuple[Any, ...], tuple[str | None, str | None]]:
    return {key: (row["old"], row["new"]) for key, row in rows_of(found, *CUSTOMER_CHANGES.keys).items()}


@given(
    lines=st.lists(LINES, min_size=30, max_size=60, unique_by=lambda x: (x["app"], x["customer_id"], x["loaded_at"]))
)
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_changes_equal_a_loop_whatever_is_loaded(spark: SparkSession, lines: list[Line]) -> None:
    assert noted(customer_changes(lines_of(spark, lines), nobody(spark))) == changes_by_hand(lines)


def test_changes_are_the_same_when_loads_are_read_again_or_one_by_one(spark: SparkSession) -> None:
    loads = [
        {
            "app": "shop",
            "customer_id": "1",
            "loaded_at": f"2026-11-0{day}T00:00:00.000Z",
            "level": level,
            "zip": zip_code,
        }
        for day, level, zip_code in ((1, 0, "a"), (2, 1, "a"), (3, 1, None), (4, 0, "b"))
    ]
    table, found = nobody(spark), {}

    for load in loads:
        # The files of earlier loads are gone.
        line = lines_of(spark, [load])
        found |= noted(customer_changes(line, table))
        table = customers(line).localCheckpoint()
    again = noted(customer_changes(lines_of(spark, loads), table))

    assert found == again == changes_by_hand(loads)
    assert len(found) == 4


def test_change_leaves_when_a_load_that_comes_later_shows_that_it_came_before(
    spark: SparkSession, own: LogDigSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = [
        {"app": "shop", "customer_id": "1", "loaded_at": f"2026-11-0{day}T00:00:00.000Z", "level": level}
        for day, level in ((1, 0), (3, 1), (2, 1))
    ]

    for there in (loads[:2], loads):
        monkeypatch.setattr(marts, "_loaded", lambda *_, there=there: lines_of(spark, there))
        marts.customer_changes_job(spark, own, datetime(2026, 11, 9, tzinfo=UTC))
        found = noted(tables.read(spark, own, "customer_changes"))
        assert found == changes_by_hand(there)
        assert len(found) == 1


def test_last_line_of_two_at_one_time_is_the_one_that_customers_keeps(spark: SparkSession) -> None:
    first = {"app": "shop", "customer_id": "1", "loaded_at": "2026-11-01T00:00:00.000Z", "level": 9}
    both = [first | {"loaded_at": "2026-11-02T00:00:00.000Z", "level": level} for level in (0, 1)]

    found = noted(customer_changes(lines_of(spark, [first, *both]), nobody(spark)))

    (row,) = customers(lines_of(spark, [first, *both])).collect()
    assert list(found.values()) == [("9", str(row["level"]))]


def test_changes_have_their_columns_when_nothing_was_loaded(spark: SparkSession) -> None:
    found = customer_changes(lines_of(spark, []), nobody(spark))

    assert found.schema.simpleString() == table_columns("customer_changes").simpleString()
    assert found.count() == 0


def test_changes_name_missing_columns_before_spark_starts(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        customer_changes(spark.range(1).toDF("app"), nobody(spark))
