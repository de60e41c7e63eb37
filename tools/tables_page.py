"""Write the tables' part of docs/tables.md from their declarations: ``python -m tools.tables_page``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from analytics.jobs.registry import JOBS
from logdig.tables.catalog import TABLES
from logdig.tables.declaration import Column, ListOf, MapOf, StructOf, Table, Type

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tables.md"
MARK = "<!-- Below: made from logdig/tables by `python -m tools.tables_page`; a test fails when it is stale. -->\n"


def page(text: str) -> str:
    """Return the page's text: what stands before MARK, then every table.

    Args:
        text: The page as it is.
    """
    written, mark, _made = text.partition(MARK)
    # In the order in which the jobs fill them.
    names = sorted(TABLES, key=lambda name: list(JOBS).index(job_of(name)))
    rows = "".join(f"| [{name}](#{name}) | {TABLES[name].grain} | `{job_of(name)}` |\n" for name in names)
    summary = f"## All tables\n\n| table | one row per | written by job |\n|---|---|---|\n{rows}"
    return "\n".join([written + mark, summary, *(section(TABLES[name]) for name in names)])


def job_of(name: str) -> str:
    """Job that writes a table: the one of its name, or of its name's beginning, else ingest."""
    return next((job for job in JOBS if name == job or name.startswith(f"{job}_")), "ingest")


def section(table: Table) -> str:
    """Describe one table."""
    facts = [table.meaning, *table.notes, f"No two rows share {_names(table.keys)}."]
    if table.partitions:
        facts.append(f"Partitioned by {_names(table.partitions)}.")
    if table.ages_by is not None:
        days = f"`{table.zone}_days` or the days in `tables`" if table.zone else "the days in `tables`, else for ever"
        facts.append(f"Rows age by `{table.ages_by}` and stay for {days} ([retention settings](settings.md)).")
    # What goes with its object is said in the table's notes; it names nobody.
    people = [name for name, kind in table.person_columns.items() if kind != "object"]
    if people:
        facts.append(f"Names people in {_names(people)}; `logdig forget` reaches them.")
    head = "| column | type | unit | meaning |\n|---|---|---|---|\n"
    rows = (
        f"| `{name}` | {kind} | {column.unit} | {column.meaning} |\n" for name, kind, column in _rows(table.columns)
    )
    return "\n".join([f"## {table.name}\n", *facts, "", head + "".join(rows)])


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _rows(columns: tuple[Column, ...], path: str = "") -> Iterator[tuple[str, str, Column]]:
    """Yield columns, and the fields inside them, with name and type."""
    for column in columns:
        name, inner = f"{path}{column.name}", column.type
        yield name, _type(inner), column
        while isinstance(inner, ListOf):
            inner = inner.item
        if isinstance(inner, StructOf):
            yield from _rows(inner.fields, f"{name}.")


def _type(declared: Type) -> str:
    if isinstance(declared, ListOf):
        return f"array<{_type(declared.item)}>"
    if isinstance(declared, MapOf):
        return f"map<string,{_type(declared.value)}>"
    return "struct" if isinstance(declared, StructOf) else declared


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` tell by the exit code whether it is fresh."""
    text = PAGE.read_text(encoding="utf-8")
    if arguments == ["--check"]:
        return 0 if text == page(text) else 1
    PAGE.write_text(page(text), encoding="utf-8")
    print(f"wrote {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
