"""Marts hold what a plain count of the same events gives."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime

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
from analytics.privacy import table_erasure
from cli.main import cli
from logdig.config.retention import RetentionSettings
from logdig.config.settings import Settings
from logdig.errors import MissingColumnError
from logdig.marts.reader import Marts
from logdig.privacy.person import Person
from logdig.tables.catalog import TABLES, check_tables
from logdig.tables.declaration import DAY, LONG, TEXT, Column, Table
from tests.analytics.objects import line, put
from tools import tables_page

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def frame(spark: SparkSession, lines: list[str]) -> DataFrame:
    return events(parse_raw(spark.createDataFrame([(text,) for text in lines], "value string")))


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
    with pytest.raises(MissingColumnError, match="crawler"):
        tables.replace(spark, own, "traffic", spark.createDataFrame([("shop",)], "app string"))
