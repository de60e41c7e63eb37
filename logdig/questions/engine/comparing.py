"""Rows of two ranges of days, side by side."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from logdig.tables.declaration import Column

NUMBERS = ("int", "bigint", "double")


def beside(
    now: pa.Table, before: pa.Table, columns: tuple[Column, ...], keys: Collection[str], days: int
) -> tuple[pa.Table, tuple[Column, ...]]:
    """Put each number of the days before beside that of now; rows of before alone come last, in their order.

    Args:
        now: Rows of the asked days.
        before: The same question's of the days before.
        columns: Of both.
        keys: Names of those that say what a row is of.
        days: How many there are; a row's ``day`` of before stands beside the day that is so much later.
    Returns:
        The rows of either, with ``<column>_before`` behind each number, and their columns.
    """
    names = [column.name for column in columns if column.type in NUMBERS and column.name not in keys]
    keys = [column.name for column in columns if column.name in keys]
    earlier = {tuple(_moved(row[key], days) for key in keys): row for row in before.to_pylist()}
    rows = []
    for row in now.to_pylist():
        then = earlier.pop(tuple(row[key] for key in keys), {})
        rows.append(row | {f"{name}_before": then.get(name) for name in names})
    for key, then in earlier.items():
        rows.append(dict(zip(keys, key, strict=True)) | {f"{name}_before": then[name] for name in names})
    described = tuple(
        part for column in columns for part in ((column, _earlier(column)) if column.name in names else (column,))
    )
    fields = [now.schema.field(column.name.removesuffix("_before")).with_name(column.name) for column in described]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields)), described


def _moved(value: Any, days: int) -> Any:
    return value + timedelta(days=days) if isinstance(value, date) else value


def _earlier(column: Column) -> Column:
    return msgspec.structs.replace(
        column, name=f"{column.name}_before", meaning=f"{column.meaning}, of the days before"
    )
