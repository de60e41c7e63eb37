"""Arrow columns of the declared tables: what a table that does not exist yet, or lacks a column, is filled up with."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from logdig.tables.catalog import TABLES
from logdig.tables.declaration import Column, ListOf, MapOf, StructOf, Type

SCALARS: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}


def arrow_type(declared: Type) -> pa.DataType:
    """Arrow's type for a declared one."""
    if isinstance(declared, ListOf):
        return pa.list_(arrow_type(declared.item))
    if isinstance(declared, MapOf):
        return pa.map_(pa.string(), arrow_type(declared.value))
    if isinstance(declared, StructOf):
        return pa.struct([_field(column) for column in declared.fields])
    return SCALARS[declared]


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Arrow's schema for declared columns."""
    return pa.schema([_field(column) for column in columns])


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, arrow_type(column.type))


def table_schema(name: str, columns: Sequence[str] | None = None) -> pa.Schema:
    """Arrow's schema of a declared table.

    Args:
        name: The table.
        columns: Those that are wanted, in their order; None = all.
    Raises:
        KeyError: There is no such table or column.
    """
    known = {column.name: column for column in TABLES[name].columns}
    return arrow_schema([known[column] for column in (known if columns is None else columns)])


def fill_up(found: pa.Table, wanted: pa.Schema, *, drop_others: bool) -> pa.Table:
    """Add the wanted columns that a table of an older version lacks, without values."""
    for field in wanted:
        if field.name not in found.column_names:
            found = found.append_column(field, pa.nulls(found.num_rows, field.type))
    return found.select(wanted.names) if drop_others else found


MANY = ("user_key", "customer_id", "session_id", "page_view_id")
"""Texts of which there are many different ones: encoded once all are read, since lists of a part each cost more."""
UNIQUE = ("event_id",)
"""Texts that are all different, and stay texts."""
TOGETHER = {"page_views": "page"}
"""Tables whose rows lie together in memory by a column: different visitors of each page are counted a page at a time,
several times as fast."""
CODED = pa.dictionary(pa.int32(), pa.string())


def encoded(columns: pa.Schema, keep: Sequence[str] = UNIQUE) -> pa.Schema:
    """The same columns with texts as numbers into a list of the different ones.

    Args:
        columns: As declared or stored.
        keep: Names of those that stay texts.
    """

    def form(field: pa.Field) -> pa.Field:
        if field.type not in (pa.string(), pa.large_string()):
            return field
        return field.with_type(pa.string() if field.name in keep else CODED)

    return pa.schema([form(field) for field in columns])


def encode(rows: pa.Table, together: str | None = None) -> pa.Table:
    """Encode the texts of MANY, and give each column one list of texts and one chunk.

    Args:
        rows: As they were read.
        together: Column of texts by which rows lie together, in its order, else in theirs; None = all in theirs.
    """
    rows = rows.unify_dictionaries()
    for place, field in enumerate(rows.schema):
        if field.name in MANY and field.type == pa.string():
            rows = rows.set_column(place, field.with_type(CODED), rows.column(place).dictionary_encode())
    rows = rows.combine_chunks()
    if together is None or not rows.num_rows:
        return rows
    order = _order(rows.column(together).chunk(0))
    # Column by column, so that not all are in memory twice.
    for place, field in enumerate(rows.schema):
        rows = rows.set_column(place, field, rows.column(place).chunk(0).take(order))
    return rows


def _order(texts: pa.DictionaryArray) -> pa.Array:
    """Places of the rows in the order of their texts, those without one last."""
    import numpy as np

    different = texts.dictionary
    rank = np.empty(len(different) + 1, np.uint16 if len(different) < 2**16 else np.int32)
    rank[pc.sort_indices(different).to_numpy()] = np.arange(len(different))
    rank[-1] = len(different)
    numbers = pc.fill_null(texts.indices, len(different)).to_numpy()
    return pa.array(np.argsort(rank[numbers], kind="stable"))
