"""Marts over rows in memory; every question is asked of them as of the real ones."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pyarrow as pa

from logdig.errors import StoreUnavailableError
from logdig.marts.columns import fill_up, table_schema
from logdig.marts.reader import Comparison, Marts

SIGNS: dict[str, Callable[[Any, Any], bool]] = {"=": operator.eq, ">=": operator.ge, "<=": operator.le}
T = TypeVar("T")


class FakeMarts(Marts):
    """Rows by table name; a missing table is empty. ``broken`` makes every read fail as an unreachable S3 does."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.broken = False

    def table(self, name: str, columns: Sequence[str] | None = None, where: Sequence[Comparison] = ()) -> pa.Table:
        if self.broken:
            raise StoreUnavailableError(f"table {name} cannot be read: no answer; try again")
        met = [
            row
            for row in self.rows.get(name, [])
            if all(SIGNS[sign](row[column], value) for column, sign, value in where)
        ]
        found = pa.Table.from_pylist(met, schema=table_schema(name))
        return fill_up(found, table_schema(name, columns), drop_others=columns is not None)

    def batches(self, name: str, columns: Sequence[str], where: Sequence[Comparison] = ()) -> Iterator[pa.RecordBatch]:
        yield from self.table(name, columns, where).to_batches()

    def count(self, name: str, app: str | None = None) -> int:
        return self.table(name, where=() if app is None else [("app", "=", app)]).num_rows

    def cached(self, key: tuple[object, ...], name: str, compute: Callable[[], T]) -> T:
        return compute()
