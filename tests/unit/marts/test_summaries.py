"""Sums over Arrow rows equal plain counts, and declared columns equal those that Spark writes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql.pandas.types import to_arrow_type

from analytics.schema import lake, model
from logdig.marts import columns, summaries

SPARK = {
    "events": lake.EVENTS,
    "bad_events": lake.BAD_EVENTS,
    "heat_cells": lake.HEAT_CELLS,
    "listens": lake.LISTENS,
    "customers": lake.CUSTOMERS,
    "tracks": lake.TRACKS,
    "features": model.FEATURES,
    "models": model.MODELS,
    "predictions": model.PREDICTIONS,
    "targets": model.TARGETS,
    "ledger": lake.LEDGER,
}
START = datetime(2026, 11, 1, tzinfo=UTC)

events = st.lists(
    st.tuples(
        st.sampled_from(["page", "click", "listen", "ad", "custom"]),
        st.none() | st.sampled_from("abc"),
        st.none() | st.sampled_from(["0", "1"]),
        st.integers(0, 100 * 3600).map(lambda seconds: START + timedelta(seconds=seconds)),
    ),
    max_size=60,
)
cells = st.lists(
    st.tuples(st.none() | st.sampled_from(["#a", "#b"]), st.integers(-1, 2), st.integers(0, 2), st.integers(1, 9)),
    max_size=60,
)


@pytest.mark.parametrize("name", sorted(columns.COLUMNS))
def test_columns_are_those_that_spark_writes(name: str) -> None:
    written = {field.name: to_arrow_type(field.dataType) for field in SPARK[name]}

    declared = columns.COLUMNS[name]

    assert declared == {column: written[column] for column in declared}
    assert name in ("events", "bad_events") or set(declared) == set(written)


def test_empty_table_has_the_columns_that_were_asked() -> None:
    assert columns.empty("targets", ("offer", "level")).schema == pa.schema(
        [("offer", pa.string()), ("level", pa.int32())]
    )


@given(rows=events, cut=st.integers(0, 60))
def test_activity_equals_a_plain_count(rows: list[tuple[str, str, str, datetime]], cut: int) -> None:
    kinds = columns.COLUMNS["events"]
    wanted = pa.schema([(name, kinds[name]) for name in summaries.ACTIVITY_COLUMNS])
    batches = [
        pa.RecordBatch.from_pylist([dict(zip(wanted.names, row, strict=True)) for row in part], schema=wanted)
        for part in (rows[:cut], rows[cut:])
    ]

    found = summaries.activity(batches)

    assert found.types == dict(Counter(row[0] for row in rows))
    assert found.events == len(rows)
    assert found.visitors == len({row[1] for row in rows if row[1]})
    assert found.customers == len({row[2] for row in rows if row[2]})
    assert found.last_event_at == max((row[3] for row in rows), default=None)
    hours = Counter((int(row[3].timestamp()) // 3600 * 3600, row[0]) for row in rows if row[0] != "custom")
    assert {(hour.start, kind): n for hour in found.hours for kind, n in hour.counts.items()} == dict(hours)


@given(rows=cells, most=st.integers(0, 5))
def test_heat_keeps_every_click_in_its_counts_whatever_is_drawn(
    rows: list[tuple[str | None, int, int, int]], most: int
) -> None:
    kinds = columns.COLUMNS["heat_cells"]
    wanted = pa.schema([(name, kinds[name]) for name in (*summaries.CELL, *summaries.SUMS)])
    table = pa.Table.from_pylist(
        [
            {
                "selector": s,
                "cell_x": x,
                "cell_y": y,
                "clicks": n,
                "x_sum": n * 7.0,
                "y_sum": n * 9.0,
                "vw_sum": n * 5.0,
            }
            for s, x, y, n in rows
        ],
        schema=wanted,
    )

    found = summaries.heat(summaries.add_cells(table), most)

    by_cell = Counter[tuple[str | None, int, int]]()
    by_element = Counter[str]()
    for selector, x, y, clicks in rows:
        by_cell[selector, x, y] += clicks
        by_element[selector or f"{x} {y}"] += clicks
    assert (found.clicks, found.cell_count) == (sum(by_cell.values()), len(by_cell))
    assert [cell.clicks for cell in found.cells] == sorted(by_cell.values(), reverse=True)[:most]
    assert [spot.clicks for spot in found.spots] == sorted(by_element.values(), reverse=True)[: summaries.SPOTS_MOST]
    assert all((cell.x, cell.y) == (7.0, 9.0) for cell in found.cells)
    assert all(by_cell[cell.selector, cell.cell_x, cell.cell_y] == cell.clicks for cell in found.cells)
