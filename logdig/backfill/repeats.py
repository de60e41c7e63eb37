"""Which events of a file came before in it, in memory that does not grow with the file."""

from __future__ import annotations

import sqlite3
from types import TracebackType

CACHE_KIBIBYTES = 64 * 1024


class Repeats:
    """Remembers each event_id with its first line; what does not fit into memory lies in a file that has no name."""

    def __init__(self) -> None:
        # An empty name is a database that SQLite removes when it is closed.
        self._ids = sqlite3.connect("", isolation_level=None)
        self._ids.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        self._ids.execute("PRAGMA journal_mode = OFF")
        self._ids.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._ids.execute("BEGIN")

    def __enter__(self) -> Repeats:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ids.close()

    def first_line(self, event_id: str, line: int) -> int | None:
        """The line on which an event came before; None when this is the first."""
        if self._ids.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (event_id, line)).rowcount:
            return None
        (first,) = self._ids.execute("SELECT line FROM ids WHERE id = ?", (event_id,)).fetchone()
        return int(first)
