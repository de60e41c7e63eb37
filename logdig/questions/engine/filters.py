"""Which rows a question means: its days and filters as SQL, those by a text as conditions on numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from logdig.questions.engine.database import literal
from logdig.questions.engine.parameters import Parameters, condition_of, moments, needed_column

if TYPE_CHECKING:
    import pyarrow as pa

CODE = "_filter_code"
"""Ends the name of a column that holds the number of a text: numbers are compared in half the time."""


def texts_and_numbers(column: pa.ChunkedArray) -> tuple[pa.Array, pa.ChunkedArray]:
    """Texts of a column, and the number of each row's."""
    import pyarrow as pa

    chunks = (column.unify_dictionaries() if column.num_chunks > 1 else column).chunks
    texts = chunks[0].dictionary if chunks else pa.array([], pa.string())
    return texts, pa.chunked_array([chunk.indices for chunk in chunks], pa.int32())


def coded(table: str, found: pa.Table, filters: Mapping[str, str]) -> tuple[pa.Table, list[str]]:
    """Conditions of the filters, those by a text as conditions on its number, which stands beside it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    conditions = []
    for name, value in filters.items():
        condition, column = condition_of(table, name, value), needed_column(table, name)
        is_text = value and condition == f'"{column}" = {literal(value)}'
        if is_text and pa.types.is_dictionary(found.schema.field(column).type):
            texts, numbers = texts_and_numbers(found.column(column))
            found = found.append_column(f"{column}{CODE}", numbers)
            condition = f"{column}{CODE} = {pc.index(texts, value).as_py()}"
        conditions.append(condition)
    return found, conditions


def met(table: str, filters: Mapping[str, str]) -> list[str]:
    """Conditions of the filters."""
    return [condition_of(table, name, value) for name, value in filters.items()]


def stored_days(table: str, start: date, end: date) -> tuple[date, date]:
    """Values of ``day`` that may hold a local day: of ``events`` it is a UTC day."""
    step = timedelta(days=1) if table == "events" else timedelta(0)
    return start - step, end + step


def in_days(table: str, parameters: Parameters, start: date, end: date) -> str:
    """Condition of the local days, both included."""
    if table == "events":
        first, last = moments(parameters, start, end)
        return f"occurred_at >= TIMESTAMPTZ '{first.isoformat()}' AND occurred_at < TIMESTAMPTZ '{last.isoformat()}'"
    return f"day BETWEEN DATE '{start.isoformat()}' AND DATE '{end.isoformat()}'"
