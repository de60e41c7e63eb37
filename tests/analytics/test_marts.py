"""Marts hold what a plain count of the same events gives."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from analytics.lake.line_rows import events, parse_raw
from analytics.marts.heat_cells import heat_cells
from analytics.marts.listens import listens
from analytics.schema.columns import table_columns
from logdig.errors import MissingColumnError
from logdig.tables.clicks import HEAT_CELLS
from tests.analytics.objects import line

pytestmark = pytest.mark.java
CLICKS = 600


def frame(spark: SparkSession, lines: list[str]) -> DataFrame:
    return events(parse_raw(spark.createDataFrame([(text,) for text in lines], "value string")))


def some_clicks(seed: int) -> Iterator[dict[str, Any]]:
    """Clicks near the borders of cells, devices and days, of which some lack what others have."""
    draw = random.Random(seed)
    for number in range(CLICKS):
        element = {
            "selector": draw.choice(["#a", "#b", None]),
            "ex": draw.choice([None, 0, 2047, 2048, 32767]),
            "ey": 9,
        }
        yield {
            "event_id": f"e{number}",
            "app": draw.choice(["shop", "blog"]),
            "occurred_at": f"2026-11-2{draw.choice('34')}T{draw.choice(['00:00:00.000', '23:59:59.999'])}Z",
            "type": draw.choice(["click", "click", "click", "page"]),
            "current_page": draw.choice(["https://s/", "https://s/한글"]),
            "page_version": draw.choice(["v1", None]),
            "x": draw.choice([-17, -16, -1, 0, 15, 16, None, draw.randrange(4000)]),
            "y": draw.choice([-1, 0, 31, 32, draw.randrange(9000)]),
            "element": draw.choice([element, element, None]),
            "view": draw.choice([{"vw": draw.choice([320, 767.5, 768, 1023, 1024, None])}, None]),
            "bot": draw.choice([False, False, False, True, None]),
            "staff": draw.choice([False, False, False, True, None]),
        }


def counted_by_hand(clicks: list[dict[str, Any]]) -> dict[tuple[Any, ...], list[float]]:
    sums: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for click in clicks:
        if click["type"] != "click" or click["x"] is None or click["bot"] or click["staff"]:
            continue
        element, width = click["element"] or {}, (click["view"] or {}).get("vw")
        device = "desktop" if width is None or width >= 1024 else "tablet" if width >= 768 else "mobile"
        inside = None not in (element.get("selector"), element.get("ex"), element.get("ey"))
        selector = element["selector"] if inside else None
        place = (element["ex"] // 2048, element["ey"] // 2048) if inside else (click["x"] // 16, click["y"] // 16)
        day = click["occurred_at"][:10]
        key = (click["app"], day, click["current_page"], click["page_version"], device, selector, *place)
        for index, value in enumerate((1, click["x"], click["y"], width or 0)):
            sums[key][index] += value
    return dict(sums)


@pytest.mark.parametrize("seed", [1, 2])
def test_heat_cells_equal_a_count_by_hand(spark: SparkSession, seed: int) -> None:
    clicks = list(some_clicks(seed))

    found = heat_cells(frame(spark, [line(**click) for click in clicks])).collect()

    cells = {tuple(str(row[name]) if name == "day" else row[name] for name in HEAT_CELLS.keys): row for row in found}
    sums = {key: [row["clicks"], row["x_sum"], row["y_sum"], row["vw_sum"]] for key, row in cells.items()}
    assert sums == counted_by_hand(clicks)
    assert len(found) == len(cells)
    assert min(row["cell_x"] for row in found) == -2


def test_heat_cells_have_their_columns_when_nothing_was_clicked(spark: SparkSession) -> None:
    cells = heat_cells(frame(spark, []))

    assert cells.schema.simpleString() == table_columns("heat_cells").simpleString()
    assert cells.count() == 0


@pytest.mark.parametrize("mart", [heat_cells, listens])
def test_marts_name_missing_columns_before_spark_starts(spark: SparkSession, mart: Any) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        mart(spark.range(1).toDF("app"))


def test_listens_tell_the_hour_where_the_visitor_is(spark: SparkSession) -> None:
    cases = [  # UTC, minutes east, hour there, part of the day there
        ("2026-11-24T14:59:59.999Z", 540, 23, "night"),
        ("2026-11-24T04:59:59.000Z", 0, 4, "night"),
        ("2026-11-24T05:00:00.000Z", None, 5, "morning"),
        ("2026-11-24T01:59:00.000Z", 600, 11, "morning"),
        ("2026-11-24T18:30:00.000Z", -390, 12, "afternoon"),
        ("2026-11-24T11:15:00.000Z", 345, 17, "evening"),
        ("2026-11-24T22:00:00.000Z", 0, 22, "night"),
    ]
    listen = {"track_id": "7", "mobile": True, "zip": "01234", "listened_ms": None}
    texts = [
        line(f"e{number}", type="listen", listen=listen, occurred_at=utc, tz_min=minutes)
        for number, (utc, minutes, *_) in enumerate(cases)
    ]
    texts += [line("bot", type="listen", listen=listen, bot=True), line("click")]

    rows = {row["event_id"]: row for row in listens(frame(spark, texts)).collect()}

    assert [(rows[f"e{n}"]["local_hour"], rows[f"e{n}"]["day_part"]) for n in range(7)] == [case[2:] for case in cases]
    assert len(rows) == 7
    assert (rows["e0"]["zip"], rows["e0"]["ads_consent"], rows["e0"]["listened_ms"]) == ("01234", False, None)
