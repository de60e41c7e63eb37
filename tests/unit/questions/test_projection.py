"""Cells on a picture: the cases that JavaScript reads too, and an account that always holds every click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.questions.page.projection import found_share, places_of, project
from logdig.store.pictures import Place

ROOT = Path(__file__).resolve().parents[3]
CASES = msgspec.json.decode((ROOT / "clicktracker_js" / "test" / "projection.json").read_bytes())
BOX = st.tuples(*[st.floats(-2000, 70_000)] * 2, *[st.floats(0, 5_000)] * 2)
CELL = st.fixed_dictionaries(
    {
        "element": st.none() | st.integers(0, 5),
        "fixed": st.booleans(),
        "level_x": st.none() | st.integers(0, 15),
        "level_y": st.none() | st.integers(0, 15),
        "cell_x": st.none() | st.integers(-100, 40_000),
        "cell_y": st.none() | st.integers(-100, 40_000),
        "count": st.integers(1, 10**9),
    }
)


def place(**more: Any) -> Place:
    return msgspec.convert({"selector": "#a", "link": None, "tag": "a", "role": "", "name": ""} | more, Place)


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_cells_lie_where_the_shared_cases_say(case: dict[str, Any]) -> None:
    places = [one and place(**one) for one in case["places"]]

    points, account = project(case["cells"], places, case["width"], case["height"])

    assert [[p.x, p.y, p.layer, p.count, p.cell] for p in points] == case["points"]
    assert [account.placed, account.fallback, account.hidden, account.unplaced] == case["account"]


@settings(max_examples=30)
@given(st.lists(CELL, max_size=30), st.lists(st.none() | BOX, max_size=4), st.booleans())
def test_account_holds_every_click_once(cells: list[dict[str, Any]], boxes: list[Any], seen: bool) -> None:
    places = [None if box is None else place(box=box, seen=seen, clip=box) for box in boxes]

    points, account = project(cells, places, 1440, 9000)

    assert account.total == sum(cell["count"] for cell in cells)
    assert sum(point.count for point in points) == account.placed + account.fallback


def test_element_of_a_group_is_drawn_when_half_of_its_members_have_it() -> None:
    common, rare = place(box=(0, 0, 1, 1), share=0.5), place(selector="#b", box=(0, 0, 1, 1), share=0.4)

    assert places_of([("#a", None), ("#b", None), ("#a", "https://a.test/")], [common, rare]) == [common, None, None]


def test_share_of_found_clicks_counts_clicks_and_not_elements() -> None:
    known = [place(box=(0, 0, 1, 1))]

    assert found_share([("#a", None, 19), ("#gone", None, 1)], known) == 0.95
    assert found_share([], known) is None
