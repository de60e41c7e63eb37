"""Iceberg tables: made when missing, merged without duplicates, replaced whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from analytics import model_schema, schema
from analytics.spark import CATALOG
from logdig.settings import Settings

MERGE_TRIES = 8
CONFLICTS = ("ValidationException", "CommitFailedException", "ConcurrentModificationException")
"""What Iceberg raises when another commit came first; reading again and merging again is right."""

PROPERTIES = {
    "format-version": "2",
    "write.merge.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
    "write.delete.mode": "merge-on-read",
    "write.distribution-mode": "hash",
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.retry.num-retries": "10",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns and partitions of a table."""

    columns: StructType
    partitions: tuple[str, ...] = ()


LAYOUTS: dict[str, Layout] = {
    "events": Layout(schema.EVENTS, ("app", "day")),
    "bad_events": Layout(schema.BAD_EVENTS, ("day",)),
    "heat_cells": Layout(schema.HEAT_CELLS, ("app",)),
    "listens": Layout(schema.LISTENS, ("app",)),
    "customers": Layout(schema.CUSTOMERS),
    "tracks": Layout(schema.TRACKS),
    "features": Layout(model_schema.FEATURES),
    "models": Layout(model_schema.MODELS),
    "predictions": Layout(model_schema.PREDICTIONS),
    "targets": Layout(model_schema.TARGETS),
}
"""Every table by its name."""


def table_name(settings: Settings, name: str) -> str:
    """Full name in Spark: ``lake.<database>.<table>``."""
    return f"{CATALOG}.{settings.database}.{name}"


def ensure_table(spark: SparkSession, settings: Settings, name: str) -> str:
    """Make a table of `LAYOUTS` when it is missing; return its full name."""
    full = table_name(settings, name)
    layout = LAYOUTS[name]
    if not spark.catalog.tableExists(full):
        columns = ", ".join(f"`{column.name}` {column.dataType.simpleString()}" for column in layout.columns)
        partitions = f"PARTITIONED BY ({', '.join(layout.partitions)})" if layout.partitions else ""
        properties = ", ".join(f"'{key}'='{value}'" for key, value in PROPERTIES.items())
        spark.sql(
            f"CREATE TABLE IF NOT EXISTS {full} ({columns}) USING iceberg {partitions} TBLPROPERTIES ({properties})"
        )
    return full


def read(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """Read a table of `LAYOUTS`; empty when it does not exist yet."""
    full = table_name(settings, name)
    if not spark.catalog.tableExists(full):
        return spark.createDataFrame([], LAYOUTS[name].columns)
    return spark.table(full)


def replace(spark: SparkSession, settings: Settings, name: str, rows: DataFrame) -> int:
    """Replace every row of a table in one commit; return how many there are now."""
    full = ensure_table(spark, settings, name)
    kept = rows.select(*LAYOUTS[name].columns.fieldNames()).localCheckpoint()
    kept.createOrReplaceTempView("replacement")
    with_retry(lambda: spark.sql(f"INSERT OVERWRITE {full} SELECT * FROM replacement"))
    return kept.count()


def merge(
    spark: SparkSession,
    settings: Settings,
    name: str,
    rows: DataFrame,
    keys: Sequence[str],
    order: Sequence[str],
    days: Sequence[date] | None = None,
) -> None:
    """Merge rows into a table so that each key is there once, with the least order.

    Both clauses are needed: without the matched one Iceberg only appends, and two merges at once would duplicate.

    Args:
        spark: Session.
        settings: Names.
        name: A table of `LAYOUTS`.
        rows: At most one row a key, already settled (a checkpoint, not a plan that could answer differently twice).
        keys: Columns that make a row one.
        order: Columns compared in turn; the least row stays.
        days: Days of the table that can hold the keys, as literals for pruning; None = all.
    """
    full = ensure_table(spark, settings, name)
    columns = LAYOUTS[name].columns.fieldNames()
    on = " AND ".join(f"t.`{key}` = s.`{key}`" for key in keys)
    if days is not None:
        on += f" AND t.day IN ({', '.join(f'DATE {day.isoformat()!r}' for day in days)})"
    less = "struct({}) < struct({})".format(*(", ".join(f"{side}.`{one}`" for one in order) for side in "st"))
    assignments = ", ".join(f"t.`{column}` = s.`{column}`" for column in columns)
    names, values = ", ".join(f"`{c}`" for c in columns), ", ".join(f"s.`{c}`" for c in columns)
    rows.select(*columns).createOrReplaceTempView("batch")
    statement = (
        f"MERGE INTO {full} t USING batch s ON {on} WHEN MATCHED AND {less} THEN UPDATE SET {assignments} "
        f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
    )
    with_retry(lambda: rows.sparkSession.sql(statement))


def with_retry(commit: Callable[[], object], sleep: Callable[[float], None] = time.sleep) -> None:
    """Run a commit again when another one came first, up to MERGE_TRIES times."""
    for attempt in range(MERGE_TRIES):
        try:
            commit()
        except (Py4JJavaError, PySparkException) as err:
            if attempt == MERGE_TRIES - 1 or not any(word in str(err) for word in CONFLICTS):
                raise
            sleep(0.2 * 2**attempt)
        else:
            return
