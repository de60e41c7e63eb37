"""Iceberg tables: made when missing, brought up to date, merged without duplicates, replaced whole.

Every write names its columns, so that those of an analyst stay. Tables of newer code than this are left alone: each
function raises SetupError before it reads or changes anything, once a table's ``logdig.schema`` is above the declared.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from analytics.schema import stored
from analytics.schema.columns import TEXT, struct, table_columns
from analytics.schema.frames import fit, require_columns
from analytics.schema.loaded import load
from analytics.spark import CATALOG
from logdig.config.settings import Settings
from logdig.store.lease import Lease
from logdig.tables.catalog import TABLES

MERGE_TRIES = 8
CONFLICTS = ("ValidationException", "CommitFailedException", "FIELD_ALREADY_EXISTS", "name already exists")
"""What Iceberg raises when another commit came first; reading again and writing again is right."""

LINE = struct({"value": TEXT})
"""Lines as they are read."""

_LEASE: ContextVar[Lease | None] = ContextVar("lease", default=None)


@contextmanager
def writing_under(lease: Lease) -> Iterator[None]:
    """Let every commit of the block, in this thread, first check that the lease is still this run's."""
    token = _LEASE.set(lease)
    try:
        yield
    finally:
        _LEASE.reset(token)


def check_lease() -> None:
    """Check the lease under which this thread writes; without one, as in tests, nothing is checked.

    Raises:
        LeaseLostError: Another run took it over; this one must not commit.
    """
    lease = _LEASE.get()
    if lease is not None:
        lease.check()


def table_name(settings: Settings, name: str) -> str:
    """Full name in Spark: ``lake.<database>.<table>``."""
    return f"{CATALOG}.{settings.database}.{name}"


def ensure_table(spark: SparkSession, settings: Settings, name: str) -> str:
    """Make a declared table when it is missing, give an older one what it lacks; return its full name."""
    full = table_name(settings, name)
    if not _is_there(spark, full, name):
        stored.create(spark, full, TABLES[name])
    return full


def _is_there(spark: SparkSession, full: str, name: str) -> bool:
    """Tell whether a declared table is there, and give an older one what it lacks."""
    told = []
    with_retry(lambda: told.append(stored.upgrade(spark, full, TABLES[name])))
    return told[-1]


def small_frame(spark: SparkSession, columns: StructType, rows: Sequence[tuple[object, ...]] = ()) -> DataFrame:
    """Make a frame of few rows that lies in the JVM; one made of Python objects starts Python workers to be read."""
    names = columns.fieldNames()
    values = [dict(zip(names, row, strict=True)) for row in rows]
    return spark.createDataFrame(pa.Table.from_pylist(values, to_arrow_schema(columns)), columns)


def read(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """Read the declared columns of a table; empty when it does not exist yet.

    An older table gets what it lacks first: rows of it may be written back, and Spark refuses to run a frame whose
    table has changed since it was made.
    """
    full, columns = table_name(settings, name), table_columns(name)
    if not _is_there(spark, full, name):
        return small_frame(spark, columns)
    return fit(spark.table(full), columns)


def staged(rows: DataFrame) -> DataFrame:
    """Compute rows once and keep them on the executors' disks.

    What is read several times (to count, to merge, to merge again after a conflict) is then the same each time, and
    memory stays flat whatever the size. The copy belongs to this frame alone, so two runs cannot mix theirs.
    """
    return rows.localCheckpoint(storageLevel=StorageLevel.DISK_ONLY)


@contextmanager
def staged_for_a_while(rows: DataFrame) -> Iterator[DataFrame]:
    """Stage rows as `staged` does, and give the disks back when the block ends.

    Others' copies stay until Java finds that nothing refers to them any more, which is soon enough for what is small.
    """
    copy = staged(rows)
    try:
        yield copy
    finally:
        copy._jdf.queryExecution().logical().rdd().unpersist(False)


def replace(spark: SparkSession, settings: Settings, name: str, rows: DataFrame) -> int:
    """Replace every row of a table in one commit; return how many there are now."""
    full = ensure_table(spark, settings, name)
    laid_out = _laid_out(rows, name, spark.table(full).schema)
    with_retry(lambda: laid_out.writeTo(full).overwrite(F.lit(True)))
    return count(spark, full)


def count(spark: SparkSession, full: str) -> int:
    """Count the rows of a stored table, where its newest commit tells it without a query."""
    found = load(spark, full)
    rows = None if found is None else found.rows
    return spark.table(full).count() if rows is None else rows


def append(spark: SparkSession, settings: Settings, name: str, rows: DataFrame) -> None:
    """Add rows to a table in one commit."""
    full = ensure_table(spark, settings, name)
    laid_out = _laid_out(rows, name, spark.table(full).schema)
    with_retry(lambda: laid_out.writeTo(full).append())


def _laid_out(rows: DataFrame, name: str, stored_columns: StructType) -> DataFrame:
    """Lay rows of a declared table out as it is stored; in columns that are not LogDig's they have no value."""
    names = TABLES[name].names
    require_columns(rows, names)
    return fit(rows.select(*names), stored_columns)


def merge(
    settings: Settings,
    name: str,
    rows: DataFrame,
    *,
    keys: Sequence[str],
    wins: str,
    days: Sequence[date] | None = None,
    replaces: str = "",
    leaves: str = "",
) -> None:
    """Merge rows into a table so that each key is there once.

    Both clauses are needed: without the matched one Iceberg only appends, and two merges at once would duplicate.

    Args:
        settings: Names.
        name: A declared table.
        rows: At most one row a key, `staged`.
        keys: Columns that make a row one.
        wins: SQL condition over ``s`` (the new row) and ``t`` (the one in the table): the new one takes its place.
        days: Days of the table that can hold the keys, as literals for pruning; None = all.
        replaces: SQL condition over ``t``: rows of the table that the new rows stand for, whichever wins; those that
            none of the new rows matches are deleted.
        leaves: SQL condition over ``s``: the row of its key is deleted, and none comes.
    Raises:
        Py4JJavaError: Other commits came first MERGE_TRIES times.
    """
    spark = rows.sparkSession
    full = ensure_table(spark, settings, name)
    columns = TABLES[name].names
    on = " AND ".join(f"t.`{key}` = s.`{key}`" for key in keys)
    if days is not None:
        on += f" AND t.day IN ({', '.join(f'DATE {day.isoformat()!r}' for day in days)})"
    assignments = ", ".join(f"t.`{column}` = s.`{column}`" for column in columns)
    names, values = ", ".join(f"`{column}`" for column in columns), ", ".join(f"s.`{column}`" for column in columns)
    with _view(_laid_out(rows, name, spark.table(full).schema)) as source:
        statement = (
            f"MERGE INTO {full} t USING {source} s ON {on} "
            f"{f'WHEN MATCHED AND {leaves} THEN DELETE ' if leaves else ''}"
            f"WHEN MATCHED AND ({wins}{f' OR {replaces}' if replaces else ''}) THEN UPDATE SET {assignments} "
            f"WHEN NOT MATCHED {f'AND NOT ({leaves}) ' if leaves else ''}THEN INSERT ({names}) VALUES ({values})"
            f"{f' WHEN NOT MATCHED BY SOURCE AND {replaces} THEN DELETE' if replaces else ''}"
        )
        with_retry(lambda: spark.sql(statement))


def delete_positions(target: str, places: DataFrame, where: str) -> None:
    """Delete rows of a table, or of a branch of it, in one commit.

    Args:
        target: Full name.
        places: Columns file, pos: where the rows lie, by Iceberg's ``_file`` and ``_pos``; `staged`.
        where: SQL condition over ``t`` that all of them meet, by which files are left out.
    """
    with _view(places) as source:
        places.sparkSession.sql(
            f"MERGE INTO {target} t USING {source} s ON t._file = s.file AND t._pos = s.pos AND {where} "
            "WHEN MATCHED THEN DELETE"
        )


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
    """Run a commit again when another one came first, up to MERGE_TRIES times, each time under the lease.

    Raises:
        LeaseLostError: See `check_lease`.
        Py4JJavaError, PySparkException: The commit failed for another reason, or too often.
    """
    for attempt in range(MERGE_TRIES):
        check_lease()
        try:
            commit()
        except (Py4JJavaError, PySparkException) as err:
            if attempt == MERGE_TRIES - 1 or not any(word in str(err) for word in CONFLICTS):
                raise
            sleep(0.2 * 2**attempt)
        else:
            return
