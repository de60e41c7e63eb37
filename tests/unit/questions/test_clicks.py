"""Cells that are added up and drawn lose no click."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from logdig.marts.columns import table_schema
from logdig.questions.clicks import CELL, SPOTS_MOST, SUMS, add_cells, draw

cells = st.lists(
    st.tuples(st.none() | st.sampled_from(["#a", "#b"]), st.integers(-1, 2), st.integers(0, 2), st.integers(1, 9)),
    max_size=60,
)


@given(rows=cells, most=st.integers(0, 5))
def test_heat_keeps_every_click_in_its_counts_whatever_is_drawn(
    rows: list[tuple[str | None, int, int, int]], most: int
) -> None:
    wanted = table_schema("heat_cells", (*CELL, *SUMS))
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

    found = draw(add_cells(table), most)

    by_cell = Counter[tuple[str | None, int, int]]()
    by_element = Counter[str]()
    for selector, x, y, clicks in rows:
        by_cell[selector, x, y] += clicks
        by_element[selector or f"{x} {y}"] += clicks
    assert (found.clicks, found.cell_count) == (sum(by_cell.values()), len(by_cell))
    assert [cell.clicks for cell in found.cells] == sorted(by_cell.values(), reverse=True)[:most]
    assert [spot.clicks for spot in found.spots] == sorted(by_element.values(), reverse=True)[:SPOTS_MOST]
    assert all((cell.x, cell.y) == (7.0, 9.0) for cell in found.cells)
    assert all(by_cell[cell.selector, cell.cell_x, cell.cell_y] == cell.clicks for cell in found.cells)
