"""Spark columns of the declared tables, and of the lines that they are made of.

Times in lines are text, since browsers may send nine decimals; tables hold them as UTC timestamps. A raw line follows
the Structs of logdig/events/types.py; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import DataType, DateType, StringType, StructField, StructType

from logdig.marts.columns import arrow_schema
from logdig.tables import declaration
from logdig.tables.catalog import TABLES
from logdig.tables.declaration import Column, Table
from logdig.tables.events import BAD_EVENTS, EVENTS

TEXT, DAY = StringType(), DateType()


def struct(columns: Mapping[str, DataType]) -> StructType:
    """Make a StructType of nullable columns."""
    return StructType([StructField(name, kind, True) for name, kind in columns.items()])


def spark_columns(columns: Sequence[Column]) -> StructType:
    """Spark's types for declared columns."""
    return from_arrow_schema(arrow_schema(columns))


def table_columns(name: str) -> StructType:
    """Spark's columns of a declared table."""
    return spark_columns(TABLES[name].columns)


def line_columns(table: Table, without: Iterable[str] = ()) -> StructType:
    """Columns of the lines that a table is made of: those of the table, but times are text."""
    columns = [column for column in table.columns if column.name not in without]
    return spark_columns(
        [msgspec.structs.replace(column, type=declaration.TEXT) if column.type == declaration.TIME else column
         for column in columns]
    )  # fmt: skip


MADE_BY_INGEST = ("day", "line_hash", "skewed", "text_props", "object", "line")
"""Columns that are in no line."""
RAW_LINE = line_columns(EVENTS, MADE_BY_INGEST)
BAD_LINE = line_columns(BAD_EVENTS, MADE_BY_INGEST)
TIMES = tuple(column.name for column in EVENTS.columns if column.type == declaration.TIME)
