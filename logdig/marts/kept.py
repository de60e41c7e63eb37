"""Columns that were read before, kept in memory up to a limit: the ones asked for last stay longest."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

KEPT_BYTES = 3 * 1024**3
"""Of all tables together."""

Read = Callable[[Sequence[str], date, date], "pa.Table"]
"""Reads columns of the days from the first to the second, both included, always in the same order of rows."""


@dataclass(slots=True)
class _Entry:
    start: date
    end: date
    rows: pa.Table

    def covers(self, start: date, end: date) -> bool:
        return self.start <= start and end <= self.end


class KeptColumns:
    """Rows by key (table, snapshot, app), each for a range of days. May be shared by threads.

    Args:
        limit_bytes: Most that is kept; rows that alone are larger are returned and not kept.
    """

    def __init__(self, limit_bytes: int = KEPT_BYTES) -> None:
        self._limit = limit_bytes
        self._entries: OrderedDict[tuple[object, ...], _Entry] = OrderedDict()
        self._reading: defaultdict[tuple[object, ...], threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """What is kept."""
        with self._lock:
            return sum(entry.rows.nbytes for entry in self._entries.values())

    def rows(self, key: tuple[object, ...], columns: Sequence[str], start: date, end: date, read: Read) -> pa.Table:
        """Return at least the columns of the days; columns that are missing are read and kept beside the others.

        Args:
            key: Of rows that never change.
            columns: Those wanted.
            start: First day.
            end: Last day, included.
            read: Called for what is not kept.
        Returns:
            Rows of these days, perhaps of more, with these columns and no others.
        """
        with self._lock:
            reading = self._reading[key]
        with reading:
            entry = self._found(key, start, end)
            if entry is None:
                entry = _Entry(start, end, read(columns, start, end))
            else:
                missing = [column for column in columns if column not in entry.rows.column_names]
                if missing:
                    entry = _Entry(entry.start, entry.end, _beside(entry.rows, read(missing, entry.start, entry.end)))
            self._keep(key, entry)
        return entry.rows.select(columns)

    def _found(self, key: tuple[object, ...], start: date, end: date) -> _Entry | None:
        with self._lock:
            entry = self._entries.get(key)
            return entry if entry is not None and entry.covers(start, end) else None

    def _keep(self, key: tuple[object, ...], entry: _Entry) -> None:
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while sum(kept.rows.nbytes for kept in self._entries.values()) > self._limit:
                gone, _ = self._entries.popitem(last=False)
                self._reading.pop(gone, None)


def _beside(rows: pa.Table, more: pa.Table) -> pa.Table:
    if rows.num_rows != more.num_rows:
        raise ValueError(f"{more.num_rows:,} rows were read beside {rows.num_rows:,} of the same snapshot")
    for name in more.column_names:
        rows = rows.append_column(more.schema.field(name), more.column(name))
    return rows
