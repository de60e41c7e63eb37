"""Stored Iceberg tables made as declared, and older ones brought up to the declaration.

Columns and properties that an owner or analyst added stay as they are.
"""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from analytics.schema.columns import spark_columns
from analytics.schema.loaded import load
from logdig.errors import SetupError
from logdig.tables.catalog import SCHEMA_PROPERTY, require_known_schema
from logdig.tables.declaration import Table

PROPERTIES = {
    "format-version": "2",
    "write.merge.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
    # Rows are deleted when people or years are to be forgotten; beside the data they would stay readable.
    "write.delete.mode": "copy-on-write",
    "write.distribution-mode": "hash",
    # One open file a task instead of one a partition: memory does not grow with the days of a batch.
    "write.spark.fanout.enabled": "false",
    "write.parquet.compression-codec": "zstd",
    # Ids repeat little; a larger dictionary is given up after it was paid for.
    "write.parquet.dict-size-bytes": "16384",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    # Readers without Spark open every manifest.
    "commit.manifest.min-count-to-merge": "5",
    "commit.retry.num-retries": "10",
}


PARTITIONS_PROPERTY = "logdig.partitions"
"""Names the declared partitions that a table has been given, so that they need not be looked up each time."""


def properties_of(table: Table) -> dict[str, str]:
    """Properties of a declared table.

    Manifests hold the least and greatest value of a column, which would outlive the rows; nobody looks for people by
    them.
    """
    counted = {f"write.metadata.metrics.column.{name}": "counts" for name in table.person_columns}
    declared = {SCHEMA_PROPERTY: str(table.schema), PARTITIONS_PROPERTY: ",".join(table.partitions)}
    return PROPERTIES | counted | declared


def create(spark: SparkSession, full: str, table: Table) -> None:
    """Make a table as it is declared, unless it is there.

    Args:
        spark: Session with the table's catalog.
        full: Its name in Spark.
        table: Its declaration.
    """
    columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in spark_columns(table.columns))
    partitions = f"PARTITIONED BY ({', '.join(table.partitions)})" if table.partitions else ""
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS {full} ({columns}) USING iceberg {partitions} "
        f"TBLPROPERTIES ({_assignments(properties_of(table))})"
    )
    _sort(spark, full, table)


def require_readable(spark: SparkSession, full: str, table: Table) -> dict[str, str]:
    """Check that newer code has not raised the table's number; return its properties.

    Raises:
        SetupError: It has; nothing was read or changed.
    """
    found = load(spark, full)
    properties = {} if found is None else found.properties
    require_known_schema(table, properties)
    return properties


def upgrade(spark: SparkSession, full: str, table: Table) -> bool:
    """Add the columns, partitions, order and properties that a table of an older version lacks; tell if there is one.

    What is stored stays as it lies; only what is written from now on follows the new partitions and the new order.

    Raises:
        SetupError: Newer code has raised the table's number, or a column of the same name has another type.
    """
    found = load(spark, full)
    if found is None:
        return False
    properties = found.properties
    require_known_schema(table, properties)
    missing = missing_columns(found.columns, spark_columns(table.columns), table.name)
    if missing:
        columns = ", ".join(f"{path} {kind.simpleString()}" for path, kind in missing.items())
        spark.sql(f"ALTER TABLE {full} ADD COLUMNS ({columns})")
    wanted = {key: value for key, value in properties_of(table).items() if key not in properties}
    if int(properties.get(SCHEMA_PROPERTY, 0)) < table.schema:
        wanted[SCHEMA_PROPERTY] = str(table.schema)
    if properties.get(PARTITIONS_PROPERTY) != ",".join(table.partitions):
        for name in table.partitions:
            if name not in found.partitions:
                spark.sql(f"ALTER TABLE {full} ADD PARTITION FIELD `{name}`")
        wanted[PARTITIONS_PROPERTY] = ",".join(table.partitions)
    if not found.is_sorted:
        _sort(spark, full, table)
    if wanted:
        spark.sql(f"ALTER TABLE {full} SET TBLPROPERTIES ({_assignments(wanted)})")
    return True


def missing_columns(have: StructType, want: StructType, table: str, path: str = "") -> dict[str, DataType]:
    """Find declared columns, and fields inside them, that a stored table lacks.

    Args:
        have: Columns of the stored table.
        want: Those declared.
        table: Its name, for the error.
        path: Where both lie in the table, as SQL writes it; ends in a dot.
    Returns:
        Types by path, as ALTER TABLE writes it.
    Raises:
        SetupError: A column of that name has another type.
    """
    missing: dict[str, DataType] = {}
    types = {field.name.lower(): field.dataType for field in have}
    for field in want:
        kind, place = types.get(field.name.lower()), f"{path}`{field.name}`"
        missing |= {place: field.dataType} if kind is None else _missing_inside(kind, field.dataType, table, place)
    return missing


def _missing_inside(have: DataType, want: DataType, table: str, place: str) -> dict[str, DataType]:
    if isinstance(have, StructType) and isinstance(want, StructType):
        return missing_columns(have, want, table, f"{place}.")
    if isinstance(have, ArrayType) and isinstance(want, ArrayType):
        return _missing_inside(have.elementType, want.elementType, table, f"{place}.element")
    if isinstance(have, MapType) and isinstance(want, MapType):
        return _missing_inside(have.valueType, want.valueType, table, f"{place}.value")
    if type(have) is not type(want):
        raise SetupError(
            f"table {table}: column {place} is {have.simpleString()}, LogDig's column of that name is "
            f"{want.simpleString()}; rename yours: ALTER TABLE … RENAME COLUMN"
        )
    return {}


def _sort(spark: SparkSession, full: str, table: Table) -> None:
    """Have the rows of each new file sorted, so that a range of the column is found without reading the rest."""
    if table.ordered_by is not None:
        spark.sql(f"ALTER TABLE {full} WRITE DISTRIBUTED BY PARTITION LOCALLY ORDERED BY `{table.ordered_by}`")


def _assignments(properties: dict[str, str]) -> str:
    return ", ".join(f"'{key}'='{value}'" for key, value in properties.items())
