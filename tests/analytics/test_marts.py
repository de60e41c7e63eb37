"""Marts hold what a plain count of the same events gives."""

from __future__ import annotations

import os
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs import registry
from analytics.jobs.registry import Mart
from analytics.lake import maintenance
from analytics.lake.line_rows import events, parse_raw
from analytics.marts.heat_cells import heat_cells
from analytics.privacy import table_erasure
from analytics.schema.columns import table_columns
from cli.main import cli
from logdig.config.retention import RetentionSettings
from logdig.config.settings import Settings
from logdig.errors import MissingColumnError
from logdig.marts.reader import Marts
from logdig.privacy.person import Person
from logdig.tables.catalog import TABLES, check_tables
from logdig.tables.clicks import HEAT_CELLS
from logdig.tables.declaration import DAY, LONG, TEXT, Column, Table
from tests.analytics.objects import line, put
from tools import tables_page

pytestmark = pytest.mark.java
CLICKS = 600
NOW = datetime(2026, 11, 25, tzinfo=UTC)


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
            "page_view_id": draw.choice(["pv", None]),
            "signed": draw.choice([True, None]),
            "staff": draw.choice([False, False, False, True, None]),
        }


def counted_by_hand(clicks: list[dict[str, Any]]) -> dict[tuple[Any, ...], list[float]]:
    sums: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for click in clicks:
        if click["type"] != "click" or click["x"] is None or click["staff"]:
            continue
        if click["bot"] and (click["page_view_id"] or click["signed"]):
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


def test_heat_cells_name_missing_columns_before_spark_starts(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        heat_cells(spark.range(1).toDF("app"))


PAGE_COUNTS = Table(
    name="page_counts",
    meaning="Page views by page.",
    grain="page and day",
    keys=("app", "day", "page"),
    partitions=("app",),
    ages_by="day",
    columns=(
        Column("app", TEXT, "app"),
        Column("day", DAY, "UTC day of the page views"),
        Column("page", TEXT, "`current_page`"),
        Column("page_views", LONG, "page views, at least 1"),
        Column("last_customer_id", TEXT, "customer of the last one", person="customer_id"),
    ),
)


def page_counts(events: DataFrame) -> DataFrame:
    """Count page views, as docs/add-a-mart.md shows it."""
    views = events.where("type = 'page'").withColumn("page", F.col("current_page"))
    last = F.max_by("customer_id", "occurred_at").alias("last_customer_id")
    return views.groupBy("app", "day", "page").agg(F.count("*").alias("page_views"), last)


def test_mart_is_known_everywhere_when_it_is_declared_and_has_a_row_in_the_registry(
    spark: SparkSession, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLES, "page_counts", PAGE_COUNTS)
    row = Mart("Count page views.", "events", f"{__name__}:page_counts")
    monkeypatch.setitem(registry.JOBS, "page_counts", row)
    put(own, "raw", [line(f"e{number}", type="page", customer_id="7") for number in range(3)])
    registry.run("ingest", spark, own, NOW)

    report = registry.run("page_counts", spark, own, NOW)

    assert report.rows == 1
    [found] = Marts(own, os.environ).table("page_counts").to_pylist()
    assert found == {
        "app": "shop", "day": date(2026, 11, 24), "page": "https://shop.example/", "page_views": 3,
        "last_customer_id": "7",
    }  # fmt: skip
    assert re.search(
        r"page_counts +Count page views\.  Reads ingest\.", CliRunner().invoke(cli, ["jobs", "list"]).output
    )
    assert "| `page_views` | bigint |  | page views, at least 1 |" in tables_page.page("")
    assert registry.names_of("all")[-1] == "page_counts"
    kept = RetentionSettings(tables={"page_counts": 2})
    check_tables(kept)
    customer = Person("customer_id", "7")
    assert "page_counts" in table_erasure.personal_tables(spark, own)
    assert table_erasure.count_rows(spark, own, "page_counts", customer) == 1
    settings = msgspec.structs.replace(own, retention=kept)
    assert maintenance.expire_rows(spark, settings, date(2026, 11, 26))["page_counts"] == 1
    assert tables.read(spark, own, "page_counts").count() == 0


def test_mart_that_lacks_a_declared_column_is_refused_by_name(spark: SparkSession, own: Settings) -> None:
    with pytest.raises(MissingColumnError, match="clicks"):
        tables.replace(spark, own, "heat_cells", spark.createDataFrame([("shop",)], "app string"))
