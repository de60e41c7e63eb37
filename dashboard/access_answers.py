"""What scope ``numbers`` gets: no ids, no typed values, no small groups, whole days. Source: docs/share.md.

Differences of ranges can still tell something about one person; nobody claims more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from logdig.errors import InputError
from logdig.questions.engine.question import Answer
from logdig.tables.declaration import Column, ListOf, MapOf

if TYPE_CHECKING:
    import pyarrow as pa

PERSONS = ("customer", "customer_id", "customer_ids", "session", "session_id", "user_key", "visitor", "page_view_id")
"""Columns, filters and dimensions that name one person or session."""
TYPED = "property"
"""Filter and dimension of values that people may have typed."""
HOURS = "hour"
"""Dimension, and with an s filter, of parts of a day."""
SIZES = (
    "visitors", "after_visitors", "listeners", "customers", "people", "sessions", "reached", "views", "clicks",
    "events",
)  # fmt: skip
"""Columns that say how many are in a row, the most telling first. Of fewer than k views or clicks are fewer than k
visitors."""
BEFORE = "_before"


def check_asked(where: Mapping[str, str], by: str | None) -> None:
    """Refuse what would name a person, or a part of a day.

    Raises:
        InputError: A filter or the dimension does.
    """
    for name in (*where, *(() if by is None else by.split("."))):
        if name.partition(".")[0] in (*PERSONS, TYPED):
            raise InputError(f"{name}: your access shows numbers, nothing about single persons or what they typed")
    if by == HOURS or f"{HOURS}s" in where:
        raise InputError("hours: your access shows whole days")


def whole_days(days: tuple[date, date], today: date) -> tuple[date, date]:
    """Cut off the day that is not over.

    Raises:
        InputError: No whole day is left.
    """
    first, last = days[0], min(days[1], date.fromordinal(today.toordinal() - 1))
    if first > last:
        raise InputError(f"your access shows whole days, up to {last}; choose more days")
    return first, last


def for_numbers(answer: Answer, least: int) -> Answer:
    """Leave out columns that name persons, and groups of fewer than ``least`` visitors."""
    columns = tuple(column for column in answer.columns if _is_number(column))
    rows = answer.rows.select([column.name for column in columns])
    size = next((name for name in SIZES if name in rows.column_names), None)
    if size is not None:
        rows = _without_small(rows, size, least)
    return replace(answer, rows=rows, columns=columns, account=large_only(answer.account, least))


def large_only(value: Any, least: int) -> Any:
    """The same for values that are no tables: mappings with too few ``visitors`` are left out of lists, or emptied."""
    if isinstance(value, Mapping):
        if _is_small(value, least):
            return {}
        return {key: large_only(one, least) for key, one in value.items() if key not in PERSONS}
    if isinstance(value, list | tuple):
        return [large_only(one, least) for one in value if not (isinstance(one, Mapping) and _is_small(one, least))]
    return value


def _is_small(value: Mapping[str, Any], least: int) -> bool:
    size = next((value[name] for name in SIZES if isinstance(value.get(name), int | float)), None)
    return size is not None and size < least


def _is_number(column: Column) -> bool:
    return column.name not in PERSONS and not isinstance(column.type, ListOf | MapOf)


def _without_small(rows: pa.Table, size: str, least: int) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = rows.filter(pc.fill_null(pc.greater_equal(rows[size], least), False))
    if f"{size}{BEFORE}" not in rows.column_names:
        return rows
    enough = pc.fill_null(pc.greater_equal(rows[f"{size}{BEFORE}"], least), False)
    for place, name in enumerate(rows.column_names):
        if name.endswith(BEFORE):
            column = rows[name]
            nothing = pa.nulls(rows.num_rows, column.type)
            rows = rows.set_column(place, rows.schema.field(name), pc.if_else(enough, column, nothing))
    return rows
