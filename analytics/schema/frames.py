"""What every transform needs of a frame: its columns checked, one row a key, the layout of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from logdig.errors import MissingColumnError


def require_columns(frame: DataFrame, names: Iterable[str]) -> None:
    """Check that a frame has columns, before any Spark job starts.

    Raises:
        MissingColumnError: Naming the missing and the present ones.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise MissingColumnError(missing, frame.columns)


def first_rows(rows: DataFrame, keys: Sequence[str], *order: Column | str) -> DataFrame:
    """Keep one row a key: the first in an order."""
    place = F.row_number().over(Window.partitionBy(*keys).orderBy(*order))
    return rows.withColumn("place", place).where("place = 1").drop("place")


def fit(rows: DataFrame, columns: StructType) -> DataFrame:
    """Lay rows out in given columns, by name, inside structs too.

    What the rows lack is null; what they have beyond the columns is left out. So a table keeps the columns that an
    analyst added, and one of an older version can be read.
    """
    types = {field.name.lower(): field.dataType for field in rows.schema}
    return rows.select(
        *(
            _fit(F.col(f"`{field.name}`"), types.get(field.name.lower()), field.dataType).alias(field.name)
            for field in columns
        )
    )


def _fit(value: Column, have: DataType | None, want: DataType) -> Column:
    if have is None:
        return F.lit(None).cast(want)
    if have.simpleString() == want.simpleString():
        return value
    if isinstance(have, StructType) and isinstance(want, StructType):
        types = {field.name.lower(): field.dataType for field in have}
        fields = (_fit(value[field.name], types.get(field.name.lower()), field.dataType) for field in want)
        return F.when(
            value.isNotNull(), F.struct(*(field.alias(to.name) for field, to in zip(fields, want, strict=True)))
        )
    if isinstance(have, ArrayType) and isinstance(want, ArrayType):
        return F.transform(value, lambda item: _fit(item, have.elementType, want.elementType))
    if isinstance(have, MapType) and isinstance(want, MapType):
        return F.transform_values(value, lambda _key, item: _fit(item, have.valueType, want.valueType))
    return value
