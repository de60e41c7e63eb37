"""What notes print keeps its shape, whatever the values are."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.notebooks import display
from logdig.questions.clicks import Cell, Heat

NOTEBOOKS = sorted((Path(display.__file__).parent).glob("*.zpln"))

places = st.floats(-50, 5000)
cells = st.builds(
    Cell,
    x=places,
    y=places,
    clicks=st.integers(1, 10**6),
    selector=st.none() | st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20),
    cell_x=st.integers(-9, 99),
    cell_y=st.integers(-9, 99),
)


@given(st.lists(st.tuples(st.text(), st.integers()), max_size=10))
def test_table_keeps_rows_and_columns_when_values_hold_separators_or_commands(rows: list[tuple[str, int]]) -> None:
    lines = display.table(["value", "n"], rows).removeprefix("%table ").split("\n")

    assert len(lines) == len(rows) + 1
    assert [line.split("\t")[1] for line in lines[1:]] == [str(n) for _, n in rows]
    assert not any(line.startswith("%") for line in lines)


@given(st.lists(cells, max_size=20))
def test_picture_is_one_drawing_with_a_circle_for_each_cell(found: list[Cell]) -> None:
    heat = Heat(clicks=1, cell_count=len(found), width=0.0, spots=(), cells=tuple(found))

    text = display.picture(heat)
    drawing = ET.fromstring(text.removeprefix("%html "))  # noqa: S314 (our own drawing)

    assert len(drawing.findall("{*}circle")) == len(found)
    assert "\n" not in text


@pytest.mark.parametrize("note", NOTEBOOKS, ids=lambda path: path.name)
def test_note_imports_only_what_the_project_has(note: Path) -> None:
    lines = [line for one in json.loads(note.read_text("utf-8"))["paragraphs"] for line in one["text"].split("\n")]
    imports = [line.split() for line in lines if line.startswith("from ")]

    missing = [(module, name) for _, module, _, name in imports if not hasattr(import_module(module), name)]

    assert missing == []
