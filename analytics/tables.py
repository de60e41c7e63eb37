"""Iceberg tables: made when missing, merged without duplicates, replaced whole."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (the name every Spark reader knows)
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from analytics.schema import lake, model
from analytics.spark import CATALOG
from logdig.config.settings import Settings

MERGE_TRIES = 8
CONFLICTS = ("ValidationException", "CommitFailedException")
"""What Iceberg raises when another commit came first; reading again and merging again is right."""

PERSONAL = ("user_key", "customer_id", "person", "text")
"""Columns that hold a person's key, and the text in which one may stand."""

PROPERTIES = {
    "format-version": "2",
    "write.merge.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
    # Rows are deleted when people or years are to be forgotten; beside the data they would stay readable.
    "write.delete.mode": "copy-on-write",
    "write.distribution-mode": "hash",
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.retry.num-retries": "10",
}


VALUE = lake.struct({"value": lake.TEXT})
"""Lines as they are read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns and partitions of a table."""

    columns: StructType
    partitions: tuple[str, ...] = ()


LAYOUTS: dict[str, Layout] = {
    "events": Layout(lake.EVENTS, ("app", "day")),
    "bad_events": Layout(lake.BAD_EVENTS, ("day",)),
    "heat_cells": Layout(lake.HEAT_CELLS, ("app",)),
    "listens": Layout(lake.LISTENS, ("app",)),
    "customers": Layout(lake.CUSTOMERS),
    "tracks": Layout(lake.TRACKS),
    "features": Layout(model.FEATURES),
    "models": Layout(model.MODELS),
    "predictions": Layout(model.PREDICTIONS),
    "targets": Layout(model.TARGETS),
    "ledger": Layout(lake.LEDGER),
}
"""Every table by its name."""


def properties_of(columns: StructType) -> dict[str, str]:
    """Properties of a table with these columns.

    Manifests hold the least and greatest value of a column, which would outlive the rows; nobody looks for people by
    them.
    """
    personal = [name for name in columns.fieldNames() if name in PERSONAL]
    return PROPERTIES | {f"write.metadata.metrics.column.{name}": "counts" for name in personal}


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
        properties = ", ".join(f"'{key}'='{value}'" for key, value in properties_of(layout.columns).items())
        spark.sql(
            f"CREATE TABLE IF NOT EXISTS {full} ({columns}) USING iceberg {partitions} TBLPROPERTIES ({properties})"
        )
    return full


def small_frame(spark: SparkSession, columns: StructType, rows: Sequence[tuple[object, ...]] = ()) -> DataFrame:
    """Make a frame of few rows that lies in the JVM; one made of Python objects starts Python workers to be read."""
    names = columns.fieldNames()
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return spark.createDataFrame(pa.Table.from_pylist(found, to_arrow_schema(columns)), columns)


def read(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """Read a table of `LAYOUTS`; empty when it does not exist yet."""
    full = table_name(settings, name)
    if not spark.catalog.tableExists(full):
        return small_frame(spark, LAYOUTS[name].columns)
    return spark.table(full)


def staged(rows: DataFrame) -> DataFrame:
    """Compute rows once and keep them on the executors' disks.

    What is read several times (to count, to merge, to merge again after a conflict) is then the same each time, and
    memory stays flat whatever the size. The copy belongs to this frame alone, so two runs cannot mix theirs.
    """
    return rows.localCheckpoint(storageLevel=StorageLevel.DISK_ONLY)


def replace(spark: SparkSession, settings: Settings, name: str, rows: DataFrame) -> int:
    """Replace every row of a table in one commit; return how many there are now."""
    full = ensure_table(spark, settings, name)
    kept = rows.select(*LAYOUTS[name].columns.fieldNames())
    with_retry(lambda: kept.writeTo(full).overwrite(F.lit(True)))
    # Told by the table's manifests; no row is read.
    return spark.table(full).count()


def merge(
    settings: Settings,
    name: str,
    rows: DataFrame,
    *,
    keys: Sequence[str],
    wins: str,
    days: Sequence[date] | None = None,
    replaces: str = "",
) -> None:
    """Merge rows into a table so that each key is there once.

    Both clauses are needed: without the matched one Iceberg only appends, and two merges at once would duplicate.

    Args:
        settings: Names.
        name: A table of `LAYOUTS`.
        rows: At most one row a key, `staged`.
        keys: Columns that make a row one.
        wins: SQL condition over ``s`` (the new row) and ``t`` (the one in the table): the new one takes its place.
        days: Days of the table that can hold the keys, as literals for pruning; None = all.
        replaces: SQL condition over ``t``: rows of the table that the new rows stand for, whichever wins; those that
            none of the new rows matches are deleted.
    Raises:
        Py4JJavaError: Other commits came first MERGE_TRIES times.
    """
    spark = rows.sparkSession
    full = ensure_table(spark, settings, name)
    columns = LAYOUTS[name].columns.fieldNames()
    on = " AND ".join(f"t.`{key}` = s.`{key}`" for key in keys)
    if days is not None:
        on += f" AND t.day IN ({', '.join(f'DATE {day.isoformat()!r}' for day in days)})"
    assignments = ", ".join(f"t.`{column}` = s.`{column}`" for column in columns)
    names, values = ", ".join(f"`{column}`" for column in columns), ", ".join(f"s.`{column}`" for column in columns)
    with _view(rows.select(*columns)) as source:
        statement = (
            f"MERGE INTO {full} t USING {source} s ON {on} "
            f"WHEN MATCHED AND ({wins}{f' OR {replaces}' if replaces else ''}) THEN UPDATE SET {assignments} "
            f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
            f"{f' WHEN NOT MATCHED BY SOURCE AND {replaces} THEN DELETE' if replaces else ''}"
        )
        with_retry(lambda: spark.sql(statement))


def delete_matching(settings: Settings, name: str, rows: DataFrame, *, keys: Sequence[str]) -> None:
    """Delete the rows of a table whose keys are among those of ``rows``, `staged`, in one commit."""
    spark = rows.sparkSession
    full = ensure_table(spark, settings, name)
    on = " AND ".join(f"t.`{key}` = s.`{key}`" for key in keys)
    with _view(rows.select(*keys)) as source:
        with_retry(lambda: spark.sql(f"MERGE INTO {full} t USING {source} s ON {on} WHEN MATCHED THEN DELETE"))


@contextmanager
def _view(rows: DataFrame) -> Iterator[str]:
    """Name rows for SQL; each time anew, since threads share a session's names."""
    name = f"batch_{uuid.uuid4().hex}"
    rows.createOrReplaceTempView(name)
    try:
        yield name
    finally:
        rows.sparkSession.catalog.dropTempView(name)


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
