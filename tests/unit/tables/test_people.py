"""Every table says whom it names, so that an erasure reaches it; what only jobs read names nobody."""

from __future__ import annotations

import re

import pytest

from analytics.privacy.table_erasure import _columns_of, _holds
from analytics.schema.columns import table_columns
from logdig.tables.catalog import TABLES

KEY = re.compile(r"(^|_)(user_key|customer_id)s?$|^visitor$|^person$")
NAMES_NOBODY = ("touched", "ingested", "ledger", "traffic", "live_stats", "tracks", "models")
"""What an erasure need not reach."""
MARTS_BY_DAY = [name for name, table in TABLES.items() if table.version and "day" in table.partitions]


@pytest.mark.parametrize("name", TABLES)
def test_column_that_is_called_like_a_persons_key_is_declared_as_one(name: str) -> None:
    table = TABLES[name]

    called = {column.name for column in table.columns if KEY.search(column.name)}

    assert called <= table.person_columns.keys()


@pytest.mark.parametrize("name", TABLES)
def test_erasure_knows_every_person_column_that_a_table_declares_lists_too(name: str) -> None:
    columns = table_columns(name)

    found = dict(_columns_of(name, columns))

    assert found == TABLES[name].person_columns
    for column, kind in found.items():
        if kind in ("user_key", "customer_id"):
            is_list = columns[column].dataType.simpleString() == "array<string>"
            assert _holds(columns, column, "u1") == (
                f"array_contains({column}, 'u1')" if is_list else f"{column} = 'u1'"
            )


def test_tables_that_name_nobody_are_those_that_are_known_to() -> None:
    assert sorted(name for name, table in TABLES.items() if not table.person_columns) == sorted(NAMES_NOBODY)


@pytest.mark.parametrize("name", MARTS_BY_DAY)
def test_rows_of_people_go_with_the_events_and_sums_stay(name: str) -> None:
    table = TABLES[name]

    assert (table.zone == "raw") == bool(table.person_columns)
    assert table.ages_by == "day"
    assert table.reach == "event" or "session_id" in table.names
