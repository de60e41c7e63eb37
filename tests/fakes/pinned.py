"""Tables in memory that questions are asked of as of the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from logdig.marts.columns import encoded, table_schema
from logdig.marts.kept import KeptColumns
from logdig.marts.pinned import TableState
from logdig.marts.progress import Mark

WRITTEN = datetime(2026, 11, 30, 3, 5, tzinfo=UTC)


class MemoryTables:
    """Rows by table name; a table that is not named does not exist.

    Args:
        counted: Rows that a table pretends to have, by its name.
        waiting: Days that wait, by table.
        marks: How far marts are, by table.
    """

    def __init__(
        self,
        rows: Mapping[str, Sequence[Mapping[str, Any]]],
        counted: Mapping[str, int] | None = None,
        waiting: Mapping[str, tuple[date, ...]] | None = None,
        marks: Mapping[str, Mark] | None = None,
    ) -> None:
        self._tables = {
            name: pa.Table.from_pylist(list(found), table_schema(name)).cast(encoded(table_schema(name)))
            for name, found in rows.items()
        }
        self._counted, self._waiting, self._marks = counted or {}, waiting or {}, marks or {}

    def pin(self, names: Sequence[str]) -> MemoryTables:
        return self

    def state(self, name: str, app: str) -> TableState:
        if name not in self._tables:
            return TableState(name)
        return TableState(name, 7, WRITTEN, "1-abc", 3, self._waiting.get(name, ()))

    def mark(self, name: str) -> Mark | None:
        return self._marks.get(name)

    def count(self, name: str, app: str, start: date, end: date) -> int:
        return self._counted.get(name, self.rows(name, ("day",), app, start, end, sample=False).num_rows)

    def rows(self, name: str, columns: Sequence[str], app: str, start: date, end: date, *, sample: bool) -> pa.Table:
        wanted = list(dict.fromkeys(("day", *columns)))
        if name not in self._tables:
            return encoded(table_schema(name, wanted)).empty_table()
        days = (pc.field("day") >= start) & (pc.field("day") <= end)
        met = self._tables[name].filter((pc.field("app").cast(pa.string()) == app) & days)
        return (met.filter(pc.field("bucket") == 0) if sample else met).select(wanted)

    def whole(self, name: str, columns: Sequence[str] | None, most_bytes: int) -> pa.Table:
        found = self._tables.get(name, table_schema(name).empty_table()).cast(table_schema(name))
        return found if columns is None else found.select(columns or table_schema(name).names[:1])


class KeptTables(MemoryTables):
    """The same, read through what is kept in memory, as the real ones are."""

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], kept: KeptColumns) -> None:
        super().__init__(rows)
        self._kept = kept

    def rows(self, name: str, columns: Sequence[str], app: str, start: date, end: date, *, sample: bool) -> pa.Table:
        def read(missing: Sequence[str], first: date, last: date) -> pa.Table:
            found = MemoryTables.rows(self, name, missing, app, first, last, sample=sample)
            return found.select(list(missing))

        wanted = list(dict.fromkeys(("day", *columns)))
        return self._kept.rows((name, 7, app, sample), wanted, start, end, read)
