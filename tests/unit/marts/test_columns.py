"""Arrow columns follow the declarations, and fill up what an older table lacks."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.marts.columns import CODED, encode, fill_up, table_schema
from logdig.tables.catalog import TABLES


@pytest.mark.parametrize("name", TABLES)
def test_arrow_schema_has_every_declared_column_in_order(name: str) -> None:
    assert tuple(table_schema(name).names) == TABLES[name].names


def test_arrow_schema_has_the_columns_that_were_asked() -> None:
    assert table_schema("targets", ("offer", "level")) == pa.schema([("offer", pa.string()), ("level", pa.int32())])


def test_rows_of_an_older_table_are_filled_up_with_null_and_keep_what_others_added() -> None:
    older = pa.table({"note": ["x"], "offer": ["UPGRADE"]})
    wanted = table_schema("targets", ("offer", "level"))

    assert fill_up(older, wanted, drop_others=False).to_pylist() == [{"note": "x", "offer": "UPGRADE", "level": None}]
    assert fill_up(older, wanted, drop_others=True).to_pylist() == [{"offer": "UPGRADE", "level": None}]


@given(st.lists(st.sampled_from(("/b", "/a", "한국", None)), max_size=30))
@settings(max_examples=20)
def test_encoded_rows_lie_together_by_text_and_else_in_their_order(pages: list[str | None]) -> None:
    rows = pa.table(
        {"page": pa.array(pages, pa.string()).cast(CODED), "number": pa.array(range(len(pages)), pa.int64())}
    )

    found = encode(rows, "page").to_pylist()

    order = sorted(range(len(pages)), key=lambda number: (pages[number] is None, (pages[number] or "").encode()))
    assert found == [{"page": pages[number], "number": number} for number in order]
