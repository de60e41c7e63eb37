"""DuckDB over Arrow in memory, locked: it reads no file, writes none, attaches and installs nothing, for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY_BYTES = 2 * 1024**3
"""What one question may use beside the rows themselves; more is an error, since nothing is written to disk."""


def open_locked(tables: Mapping[str, pa.Table], memory_bytes: int = MEMORY_BYTES) -> duckdb.DuckDBPyConnection:
    """Open a database of its own that knows these tables and nothing else; times are shown in UTC.

    Args:
        tables: Rows by the name under which they are asked.
        memory_bytes: Most that a question may use.
    """
    import duckdb

    database = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": False,
            # Without it any table that is not known would be looked for among Python's variables.
            "python_enable_replacements": False,
            # DuckDB lets everyone read and write the folder of its temporary files, whatever else is forbidden.
            "temp_directory": "",
            "memory_limit": f"{memory_bytes}B",
        },
    )
    for name, rows in tables.items():
        database.register(name, rows)
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET lock_configuration = true")
    return database


def literal(value: str) -> str:
    """Write a text as SQL's: nothing in it can end it."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Write a name as SQL's: nothing in it can end it."""
    return '"' + name.replace('"', '""') + '"'
