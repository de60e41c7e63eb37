"""An analyst's own SQL over the tables: one SELECT, in a locked database that knows the tables it mentions."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logdig.errors import InputError
from logdig.questions.engine.database import MEMORY_BYTES, open_locked
from logdig.tables.catalog import TABLES

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from logdig.marts.pinned import Source, TableState

TABLE_FUNCTIONS = ("generate_series", "range", "unnest")
"""All others show or change more than tables."""
RESULT_BYTES = 1024**3
"""Most that a result may be."""
HINTS = 3
UNKNOWN_COLUMN = re.compile('Referenced column "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What a statement mentions: tables, and their columns; None = all of them."""

    tables: tuple[str, ...]
    columns: frozenset[str] | None

    def of(self, table: str) -> list[str] | None:
        """Columns of a table that must be read; None = all."""
        if self.columns is None:
            return None
        names = TABLES[table].names
        # Rows must be counted even when none of the columns is named.
        return [column for column in names if column.lower() in self.columns] or [names[0]]


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows of a statement, and the states of the tables that it read."""

    rows: pa.Table
    tables: tuple[TableState, ...]


def select(source: Source, statement: str, memory_bytes: int = MEMORY_BYTES) -> Selected:
    """Run one SELECT over the tables.

    Args:
        source: The tables.
        statement: SQL of DuckDB; tables by their names.
        memory_bytes: Most that the rows which it reads, and then the work on them, may take.
    Raises:
        InputError: It is no SELECT, asks for what is not allowed, or fails; says why.
        StoreUnavailableError: Glue or S3 does not answer.
    """
    asked = mentioned(statement)
    pinned = source.pin(asked.tables)
    rows = {name: pinned.whole(name, asked.of(name), memory_bytes) for name in asked.tables}
    database = open_locked(rows, memory_bytes)
    try:
        return Selected(_run(database, statement, asked.tables), tuple(pinned.state(name, "") for name in asked.tables))
    finally:
        database.close()


def mentioned(statement: str) -> Mentioned:
    """Read what a statement mentions, and refuse what is no question to the tables.

    Raises:
        InputError: Says what is wrong.
    """
    nodes = list(_nodes(_parsed(statement)))
    functions = {node["function"]["function_name"] for node in nodes if node.get("type") == "TABLE_FUNCTION"}
    for name in sorted(functions - set(TABLE_FUNCTIONS)):
        raise InputError(f"{name}(…) cannot be read from; what can: tables, {', '.join(TABLE_FUNCTIONS)}")
    names = {node["table_name"].lower() for node in nodes if node.get("type") == "BASE_TABLE"}
    shown = [node for node in nodes if node.get("type") == "SHOW_REF"]
    tables = tuple(name for name in TABLES if name in names)
    if shown and not tables:
        raise InputError(f"the tables are {', '.join(TABLES)}; DESCRIBE one of them")
    return Mentioned(tables, None if shown or _takes_all(nodes, names) else frozenset(_words(nodes)))


def _parsed(statement: str) -> Any:
    database = open_locked({})
    try:
        [(text,)] = database.execute("SELECT json_serialize_sql(?::VARCHAR)", [statement]).fetchall()
    finally:
        database.close()
    parsed = json.loads(text)
    if parsed["error"]:
        message = str(parsed.get("error_message", "")).strip()
        if "SELECT" in message:
            raise InputError("only a SELECT can be run: the tables are read, never changed")
        raise InputError(f"the SQL cannot be read: {message}")
    if len(parsed["statements"]) != 1:
        raise InputError(f"{len(parsed['statements'])} statements; run one SELECT at a time")
    return parsed


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of parsed JSON, outer ones first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _nodes(part)


def _takes_all(nodes: Sequence[dict[str, Any]], tables: set[str]) -> bool:
    """Whether columns are meant that the statement does not name: by a star, a natural join, or a row as a whole."""
    rows = tables | {str(node["alias"]).lower() for node in nodes if node.get("type") == "BASE_TABLE" and node["alias"]}
    return any(
        node.get("type") == "STAR"
        or node.get("ref_type") == "NATURAL"
        or (node.get("type") == "COLUMN_REF" and node["column_names"][-1].lower() in rows)
        for node in nodes
    )


def _words(nodes: Sequence[dict[str, Any]]) -> set[str]:
    """Every text of the statement: whatever is a column's name among them may be a column."""
    words: set[str] = set()
    for node in nodes:
        for value in node.values():
            found = value if isinstance(value, list) else [value]
            words.update(one.lower() for one in found if isinstance(one, str))
    return words


def _run(database: duckdb.DuckDBPyConnection, statement: str, tables: Sequence[str]) -> pa.Table:
    import duckdb
    import pyarrow as pa

    try:
        reader = database.sql(statement).to_arrow_reader()
        batches, size = [], 0
        for batch in reader:
            size += batch.nbytes
            if size > RESULT_BYTES:
                raise InputError(
                    f"the result is larger than {RESULT_BYTES:,} bytes; select fewer columns, or add LIMIT"
                )
            batches.append(batch)
        return pa.Table.from_batches(batches, reader.schema)
    except duckdb.OutOfMemoryException as err:
        raise InputError(f"the statement needs more memory than it may take: {_first_line(err)}") from err
    except duckdb.CatalogException as err:
        raise InputError(f"{_first_line(err)}{_hint(str(err))}") from err
    except duckdb.BinderException as err:
        raise InputError(_with_columns(str(err).strip(), tables)) from err
    except duckdb.Error as err:
        raise InputError(str(err).strip()) from err


def _first_line(err: Exception) -> str:
    return str(err).strip().splitlines()[0]


def _with_columns(message: str, tables: Sequence[str]) -> str:
    """Name columns that may have been meant, of the tables as they are: the database knows only what was read."""
    unknown = UNKNOWN_COLUMN.search(message)
    if unknown is None or not tables:
        return message
    known = list(dict.fromkeys(column for table in tables for column in TABLES[table].names))
    near = difflib.get_close_matches(unknown[1], known, HINTS)
    hint = f"did you mean {' or '.join(near)}?" if near else f"'DESCRIBE {tables[0]}' lists the columns"
    said = message.splitlines()[0].rstrip("!. ")
    return f"{said}; {hint}"


def _hint(message: str) -> str:
    """Tables that may have been meant, where a table is not known."""
    if "Table with name" not in message:
        return ""
    name = message.partition("Table with name ")[2].split(" ")[0].lower()
    near = difflib.get_close_matches(name, TABLES, HINTS)
    return f"; did you mean {' or '.join(near)}?" if near else f"; the tables are {', '.join(TABLES)}"
