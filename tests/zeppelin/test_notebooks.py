"""The notes run in a real Zeppelin, and their numbers are those of a plain count."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from logdig.marts.columns import table_schema
from logdig.marts.reader import catalog_properties
from tests.zeppelin.conftest import SETTINGS
from tools.zeppelin import Paragraph, Zeppelin

pytestmark = pytest.mark.zeppelin

NOTE = Path(__file__).resolve().parent.parent.parent / "analytics" / "notebooks" / "heatmap.zpln"
FIRST = date(2026, 11, 1)
HOSTILE = "\n%html <script>alert(1)</script>\t1"


def some_rows() -> list[dict[str, Any]]:
    choose = random.Random(7)
    return [
        {
            "app": choose.choice(["music", "music", "other"]),
            "day": FIRST + timedelta(days=choose.randrange(10)),
            "page": choose.choice(["http://site.test/a", "http://site.test/b"]),
            "device": choose.choice(["desktop", "mobile"]),
            "selector": choose.choice(["#buy", "nav > a.home", HOSTILE, None]),
            "cell_x": choose.randrange(6), "cell_y": choose.randrange(4),
            "clicks": (clicks := choose.randint(1, 9)),
            "x_sum": 300.0 * clicks, "y_sum": 500.0 * clicks, "vw_sum": 1280.0 * clicks,
        }
        for _ in range(400)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def rows(aws: dict[str, str]) -> list[dict[str, Any]]:
    """Rows of the table heat_cells."""
    made = some_rows()
    columns = table_schema("heat_cells")
    catalog = GlueCatalog("lake", **catalog_properties(SETTINGS, aws))
    location = f"{SETTINGS.warehouse}/heat_cells"
    table = catalog.create_table((SETTINGS.database, "heat_cells"), schema=columns, location=location)
    table.append(pa.Table.from_pylist(made, schema=columns))
    return made


@pytest.fixture(scope="module")
def note(zeppelin: Zeppelin) -> str:
    return zeppelin.import_note(NOTE)


def run(zeppelin: Zeppelin, note: str, forms: dict[str, str]) -> dict[str, Paragraph]:
    done = zeppelin.run_note(note, forms)
    assert [(one.title, one.status, one.outputs) for one in done if one.status != "FINISHED"] == []
    return {one.title: one for one in done}


def cells(paragraph: Paragraph) -> list[list[str]]:
    """Rows of a paragraph's one table, without the heading."""
    ((kind, text),) = paragraph.outputs
    assert kind == "TABLE"
    return [line.split("\t") for line in text.rstrip("\n").split("\n")[1:]]


def test_heatmap_note_equals_a_plain_count_when_page_device_and_days_are_chosen(
    zeppelin: Zeppelin, note: str, rows: list[dict[str, Any]]
) -> None:
    forms = {
        "app": "music", "page (empty: the most clicked)": "http://site.test/a", "device": "mobile",
        "first day (UTC, empty: all)": "2026-11-03", "last day (UTC, empty: all)": "2026-11-06",
    }  # fmt: skip

    done = run(zeppelin, note, forms)

    kept = [
        row
        for row in rows
        if (row["app"], row["page"], row["device"]) == ("music", "http://site.test/a", "mobile")
        and date(2026, 11, 3) <= row["day"] <= date(2026, 11, 6)
    ]
    counted = Counter[tuple[str | None, int, int]]()
    for row in kept:
        counted[row["selector"], row["cell_x"], row["cell_y"]] += row["clicks"]
    facts = dict(cells(done["What was counted"]))
    assert (facts["clicks"], facts["cells"]) == (str(sum(counted.values())), str(len(counted)))
    shown = [int(line[-1]) for line in cells(done["Hottest cells"])]
    assert shown == sorted(counted.values(), reverse=True)[:50]
    ((kind, picture),) = done["Heatmap"].outputs
    assert (kind, picture.count("<circle")) == ("HTML", len(counted))


def test_heatmap_note_takes_the_most_clicked_page_when_none_is_named(
    zeppelin: Zeppelin, note: str, rows: list[dict[str, Any]]
) -> None:
    done = run(zeppelin, note, {"app": "music"})

    clicks = Counter[str]()
    for row in rows:
        if row["app"] == "music":
            clicks[row["page"]] += row["clicks"]
    assert [(page, int(n)) for page, n in cells(done["App, page and days"])] == clicks.most_common()
    facts = dict(cells(done["What was counted"]))
    assert (facts["page"], int(facts["clicks"])) == clicks.most_common(1)[0]


def test_heatmap_note_shows_hostile_text_as_text(zeppelin: Zeppelin, note: str, rows: list[dict[str, Any]]) -> None:
    done = run(zeppelin, note, {"app": "music"})

    elements = [element for element, _ in cells(done["Hottest elements"])]
    assert "'%html <script>alert(1)</script> 1" in elements
    assert "<script>" not in done["Heatmap"].outputs[0][1]


def test_heatmap_note_finishes_when_there_is_nothing(zeppelin: Zeppelin, note: str, aws: dict[str, str]) -> None:
    done = run(zeppelin, note, {"app": "nobody"})

    assert dict(cells(done["What was counted"]))["clicks"] == "0"
