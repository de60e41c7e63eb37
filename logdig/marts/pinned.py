"""Tables held at one snapshot each while a question is answered, and what a receipt says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from logdig.errors import InputError
from logdig.marts.kept import KeptColumns
from logdig.marts.marks import from_properties
from logdig.marts.progress import Mark

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.table import Table


class TableState(msgspec.Struct, frozen=True):
    """Which state of a table was read.

    Args:
        name: The table.
        snapshot_id: Of Iceberg; None = the table does not exist, or has no rows yet.
        written_at: When the snapshot was written, UTC.
        version: Of the mart's rows; None = it was never computed, or is no mart.
        upto: Greatest number in ``touched`` that the mart has read; None likewise.
        waiting: Days of the app that are due and not computed yet.
    """

    name: str
    snapshot_id: int | None = None
    written_at: datetime | None = None
    version: str | None = None
    upto: int | None = None
    waiting: tuple[date, ...] = ()


class Pinned(Protocol):
    """Tables that stay as they are until the question is answered."""

    def state(self, name: str, app: str) -> TableState:
        """Which state of a table it is."""

    def mark(self, name: str) -> Mark | None:
        """How far a mart is, of every app; None = it was never computed."""

    def count(self, name: str, app: str, start: date, end: date) -> int:
        """Rows of an app's days, both included, from metadata alone."""

    def rows(self, name: str, columns: Sequence[str], app: str, start: date, end: date, *, sample: bool) -> pa.Table:
        """Rows of an app's days, both included, perhaps of more days, with texts as dictionaries.

        Args:
            name: A table with the columns ``app`` and ``day``.
            columns: Those wanted, ``day`` always with them.
            app: The app.
            start: First day.
            end: Last day.
            sample: Only the visitors of bucket 0, a sixteenth.
        """

    def whole(self, name: str, columns: Sequence[str] | None, most_bytes: int) -> pa.Table:
        """All rows of a table, of every app.

        Args:
            name: A table.
            columns: Those wanted; None = all.
            most_bytes: More than that is refused.
        Raises:
            InputError: The rows are larger.
        """


class Source(Protocol):
    """What questions are asked of."""

    def pin(self, names: Sequence[str]) -> Pinned:
        """Hold tables at their present snapshots."""


class PinnedTables:
    """Tables of Iceberg; see `Pinned`.

    Args:
        loaded: By name; None = there is none.
        kept: Columns that were read before.
        counts: Rows that were counted before, by snapshot, app and days.
    """

    def __init__(
        self, loaded: Mapping[str, Table | None], kept: KeptColumns, counts: dict[tuple[object, ...], int]
    ) -> None:
        self._loaded, self._kept, self._counts = loaded, kept, counts

    def state(self, name: str, app: str) -> TableState:
        """Which state of a table it is."""
        table = self._loaded[name]
        snapshot = table.current_snapshot() if table is not None else None
        if table is None or snapshot is None:
            return TableState(name)
        mark = from_properties(table.properties, name)
        return TableState(
            name,
            snapshot.snapshot_id,
            datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC),
            mark.of(app) if mark else None,
            mark.upto if mark else None,
            waiting_days(mark, app),
        )

    def mark(self, name: str) -> Mark | None:
        """How far a mart is, of every app."""
        table = self._loaded[name]
        return from_properties(table.properties, name) if table is not None else None

    def count(self, name: str, app: str, start: date, end: date) -> int:
        """Rows of an app's days, both included, from metadata alone."""
        from logdig.marts.reader import reach_errors, scan_of

        table = self._loaded[name]
        snapshot = table.current_snapshot() if table is not None else None
        if table is None or snapshot is None:
            return 0
        key = name, snapshot.snapshot_id, app, start, end
        if key not in self._counts:
            with reach_errors(name):
                self._counts[key] = scan_of(table, ("day",), _days(app, start, end)).count()
        return self._counts[key]

    def rows(self, name: str, columns: Sequence[str], app: str, start: date, end: date, *, sample: bool) -> pa.Table:
        """Rows of an app's days, both included, perhaps of more days, with texts as dictionaries."""
        from logdig.marts.columns import encoded, table_schema

        wanted = list(dict.fromkeys(("day", *columns)))
        table = self._loaded[name]
        snapshot = table.current_snapshot() if table is not None else None
        if table is None or snapshot is None:
            return encoded(table_schema(name, wanted)).empty_table()

        def read(missing: Sequence[str], first: date, last: date) -> pa.Table:
            return _read(table, name, missing, [*_days(app, first, last), *([("bucket", "=", 0)] if sample else [])])

        return self._kept.rows((name, snapshot.snapshot_id, app, sample), wanted, start, end, read)

    def whole(self, name: str, columns: Sequence[str] | None, most_bytes: int) -> pa.Table:
        """All rows of a table, of every app."""
        import pyarrow as pa

        from logdig.marts.columns import fill_up, table_schema
        from logdig.marts.files import read_batches
        from logdig.marts.reader import reach_errors, scan_of

        table, wanted, size = self._loaded[name], table_schema(name, columns), 0
        parts: list[pa.Table] = []
        with reach_errors(name):
            for batch in read_batches(scan_of(table, columns, ())) if table is not None else ():
                size += batch.nbytes
                if size > most_bytes:
                    raise InputError(
                        f"the columns asked of table {name} hold more than {most_bytes:,} bytes; name fewer columns, "
                        "or ask by 'logdig query', Spark or Athena"
                    )
                parts.append(fill_up(pa.Table.from_batches([batch]), wanted, drop_others=columns is not None))
        return pa.concat_tables(parts) if parts else wanted.empty_table()


def _days(app: str, start: date, end: date) -> list[Any]:
    return [("app", "=", app), ("day", ">=", start), ("day", "<=", end)]


def _read(table: Table, name: str, columns: Sequence[str], where: Sequence[Any]) -> pa.Table:
    import pyarrow as pa

    from logdig.marts.columns import MANY, TOGETHER, UNIQUE, encode, encoded, fill_up, table_schema
    from logdig.marts.files import read_batches
    from logdig.marts.reader import reach_errors, scan_of

    together = TOGETHER.get(name)
    # Columns that are read later must lie in the same order.
    read = list(dict.fromkeys([*columns, *([together] if together else [])]))
    wanted = encoded(table_schema(name, read), (*MANY, *UNIQUE))
    with reach_errors(name):
        batches = [
            part
            for batch in read_batches(scan_of(table, read, where), encode=True)
            for part in fill_up(pa.Table.from_batches([batch]), wanted, drop_others=True).cast(wanted).to_batches()
        ]
    return encode(pa.Table.from_batches(batches, wanted), together).select(columns)


def waiting_days(mark: Mark | None, app: str) -> tuple[date, ...]:
    """Days of an app that a mart's mark says are due."""
    return tuple(sorted(day for name, day in (mark.waiting if mark else {}) if name == app))
