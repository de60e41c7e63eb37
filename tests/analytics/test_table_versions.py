"""Older tables get what they lack, columns of others stay, and only a raised number stops older code."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.maintain import maintain_job
from analytics.jobs.registry import run
from analytics.lake.line_rows import WINS
from analytics.privacy.table_erasure import personal_tables
from analytics.schema.columns import spark_columns, table_columns
from logdig.config.settings import Settings
from logdig.errors import SetupError
from logdig.marts.reader import Marts
from logdig.tables.catalog import TABLES
from logdig.tables.declaration import Table
from tests.analytics.objects import bad_line, line, put
from tests.conftest import FULL

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
SET_ON_EVERY_TABLE = {
    "write.spark.fanout.enabled": "false",
    "write.parquet.dict-size-bytes": "16384",
    "commit.manifest.min-count-to-merge": "5",
}


def make_older(spark: SparkSession, settings: Settings, table: Table) -> str:
    """Make a table of a version that knew nothing but its keys, with an analyst's column and property."""
    full = tables.table_name(settings, table.name)
    kept = [column for column in table.columns if column.name in (*table.keys, *table.partitions)]
    columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in spark_columns(kept))
    parts = f"PARTITIONED BY ({', '.join(table.partitions)})" if table.partitions else ""
    spark.sql(
        f"CREATE TABLE {full} ({columns}, note STRING) USING iceberg {parts} "
        "TBLPROPERTIES ('commit.retry.num-retries'='3')"
    )
    return full


def properties(spark: SparkSession, full: str) -> dict[str, str]:
    return {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {full}").collect()}


def test_older_tables_get_columns_and_properties_and_keep_those_of_others(spark: SparkSession, own: Settings) -> None:
    for name, table in TABLES.items():
        full = make_older(spark, own, table)
        assert tables.read(spark, own, name).schema.simpleString() == table_columns(name).simpleString()

        tables.ensure_table(spark, own, name)

        types = {field.name: field.dataType.simpleString() for field in spark.table(full).schema}
        assert types == {"note": "string"} | {f.name: f.dataType.simpleString() for f in table_columns(name)}
        own_properties = {"logdig.schema": str(table.schema), "commit.retry.num-retries": "3"}
        assert properties(spark, full).items() >= {**SET_ON_EVERY_TABLE, **own_properties}.items()


def test_table_gets_fields_that_its_structs_lack(spark: SparkSession, own: Settings) -> None:
    full = tables.ensure_table(spark, own, "events")
    bad = tables.ensure_table(spark, own, "bad_events")
    spark.sql(f"ALTER TABLE {full} DROP COLUMNS (view.dpr, custom.props, ip)")
    spark.sql(f"ALTER TABLE {full} ADD COLUMNS (view.note STRING)")
    spark.sql(f"ALTER TABLE {bad} DROP COLUMN errors.element.reason")
    put(
        own,
        "raw",
        [line("e1", view={"vw": 1280, "dpr": 2}, custom={"name": "n", "props": {"a": "b"}}, ip="10.0.0.0/24")],
    )
    put(own, "bad", [bad_line("b1")])

    run("ingest", spark, own, NOW)

    [event] = tables.read(spark, own, "events").collect()
    [rejected] = tables.read(spark, own, "bad_events").collect()
    assert (event["view"]["vw"], event["view"]["dpr"], event["custom"]["props"], event["ip"]) == (
        1280, 2, {"a": "b"}, "10.0.0.0/24",
    )  # fmt: skip
    assert rejected["errors"][0]["reason"]


JOBS_OF_OLD = ("ingest", "clicks", "listens", "customers", "tracks", "features", "models", "predictions", "ledger")
OLD = [
    table for name, table in TABLES.items()
    if FULL or name in {*JOBS_OF_OLD, "events", "bad_events", "ingested", "touched", "ledger_lines"}
]  # fmt: skip
"""Tables that these jobs read or write; the others are treated alike."""


def test_every_job_goes_on_when_tables_have_columns_of_others_and_lack_own_ones(
    spark: SparkSession, own: Settings
) -> None:
    for table in OLD:
        make_older(spark, own, table)
    put(own, "raw", [line("e1"), line("e2", type="listen", listen={"track_id": "t1"})])
    put(own, "bad", [bad_line("b1")])

    for job in JOBS_OF_OLD:
        run(job, spark, own, NOW)
    maintain_job(spark, own, NOW)

    assert {row["event_id"] for row in tables.read(spark, own, "events").collect()} == {"e1", "e2"}
    assert [row["event_id"] for row in tables.read(spark, own, "clicks").collect()] == ["e1"]
    assert tables.read(spark, own, "ledger").collect()[0]["events"] == 2
    assert all("note" in spark.table(tables.table_name(own, name)).columns for name in (table.name for table in OLD))


def test_merge_leaves_values_of_others_where_a_row_stays(spark: SparkSession, own: Settings) -> None:
    put(own, "raw", [line("e1"), line("e2")])
    run("ingest", spark, own, NOW)
    full = tables.table_name(own, "events")
    spark.sql(f"ALTER TABLE {full} ADD COLUMNS (note STRING)")
    spark.sql(f"UPDATE {full} SET note = 'mine' WHERE event_id = 'e1'")
    earlier = tables.read(spark, own, "events").withColumn("link", F.lit("earlier"))
    earlier = tables.staged(earlier.withColumn("received_at", F.lit("2026-11-24 11:00:00").cast("timestamp")))

    tables.merge(own, "events", earlier, keys=["app", "event_id"], wins=WINS)

    found = {row["event_id"]: (row["link"], row["note"]) for row in spark.table(full).collect()}
    assert found == {"e1": ("earlier", "mine"), "e2": ("earlier", None)}


def test_newer_table_stops_every_reader_and_writer_with_one_line(spark: SparkSession, own: Settings) -> None:
    full = tables.ensure_table(spark, own, "tracks")
    spark.sql(f"ALTER TABLE {full} SET TBLPROPERTIES ('logdig.schema'='2')")
    rows = tables.small_frame(spark, table_columns("tracks"))
    snapshots = spark.table(f"{full}.snapshots").count()

    for use in (
        lambda: tables.read(spark, own, "tracks"),
        lambda: tables.ensure_table(spark, own, "tracks"),
        lambda: tables.replace(spark, own, "tracks", rows),
        lambda: tables.append(spark, own, "tracks", rows),
        lambda: tables.merge(own, "tracks", rows, keys=["app", "track_id"], wins="false"),
        lambda: personal_tables(spark, own),
        lambda: maintain_job(spark, own, NOW),
        lambda: Marts(own, os.environ).table("tracks"),
        lambda: Marts(own, os.environ).count("tracks"),
    ):
        with pytest.raises(SetupError, match=r"^table tracks is of a newer LogDig: .* is 2, this version knows 1; .+$"):
            use()

    assert spark.table(f"{full}.snapshots").count() == snapshots


def test_number_is_raised_on_the_table_when_the_declaration_raises_it(
    spark: SparkSession, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tables.ensure_table(spark, own, "tracks")
    monkeypatch.setitem(TABLES, "tracks", msgspec.structs.replace(TABLES["tracks"], schema=3))

    tables.ensure_table(spark, own, "tracks")

    assert properties(spark, full)["logdig.schema"] == "3"


def test_column_of_another_type_under_a_name_of_ours_is_named(spark: SparkSession, own: Settings) -> None:
    full = tables.ensure_table(spark, own, "tracks")
    spark.sql(f"ALTER TABLE {full} DROP COLUMN title")
    spark.sql(f"ALTER TABLE {full} ADD COLUMN title DOUBLE")

    with pytest.raises(SetupError, match=r"table tracks: column `title` is double, LogDig's column .* is string"):
        tables.ensure_table(spark, own, "tracks")


def test_reader_without_spark_fills_up_what_an_older_table_lacks(spark: SparkSession, own: Settings) -> None:
    full = make_older(spark, own, TABLES["targets"])
    spark.sql(f"INSERT INTO {full} (app, offer, customer_id, note) VALUES ('shop', 'UPGRADE', '7', 'mine')")
    marts = Marts(own, os.environ)

    assert marts.table("targets", ["offer", "level"]).to_pylist() == [{"offer": "UPGRADE", "level": None}]
    assert marts.table("targets", ["score"]).to_pylist() == [{"score": None}]
    assert marts.table("targets").to_pylist()[0]["note"] == "mine"
    assert marts.count("targets", "shop") == 1
