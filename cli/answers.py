"""Print and write rows: a table for the terminal, JSON, CSV, Parquet."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.options import json_option
from logdig.errors import InputError
from logdig.files.refused_rows import printable

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("table", "json", "csv", "parquet")
ROWS_SHOWN = 20


def output_options(function: Any) -> Any:
    """``--json``, ``--format``, ``--output`` and ``--limit``."""
    for option in (
        click.option(
            "--limit",
            type=click.IntRange(0),
            default=ROWS_SHOWN,
            show_default=True,
            help="Most rows of a table on the terminal; 0 = all. JSON and files hold all rows.",
        ),
        click.option(
            "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; parquet needs one."
        ),
        click.option("--format", "form", type=click.Choice(FORMATS), help="Form of the rows; default: table."),
        json_option("Print JSON, as --format json does."),
    ):
        function = option(function)
    return function


def chosen_format(form: str | None, output: Path | None, *, as_json: bool) -> str:
    """The form of the rows.

    Raises:
        InputError: The options do not go together.
    """
    if as_json and form not in (None, "json"):
        raise InputError(f"--json and --format {form} are two forms; choose one")
    chosen = form or ("json" if as_json else "table")
    if chosen == "parquet" and output is None:
        raise InputError("--format parquet needs --output FILE")
    if chosen == "table" and output is not None:
        raise InputError("--output needs --format json, csv or parquet")
    return chosen


def write_rows(
    rows: pa.Table, form: str, output: Path | None, about: Mapping[str, Any], units: Mapping[str, str], limit: int
) -> None:
    """Write rows in a form, to a file or to standard output.

    Args:
        rows: The rows.
        form: One of FORMATS, fitting ``output``; see `chosen_format`.
        output: File; None = standard output.
        about: What stands beside the rows in JSON.
        units: Unit of a column, for the table.
        limit: Most rows of the table; 0 = all.
    """
    if form == "table":
        _print_table(rows, units, limit)
    elif form == "parquet" and output is not None:
        import pyarrow.parquet as pq

        pq.write_table(rows, output)
    else:
        text = to_json(rows, about) if form == "json" else to_csv(rows)
        if output is None:
            sys.stdout.write(text)
        else:
            output.write_text(text, encoding="utf-8", newline="")


def to_json(rows: pa.Table, about: Mapping[str, Any]) -> str:
    """Rows as objects, beside what is told about them; a value that JSON has no form for is text."""
    plain = [
        {name: json_value(value) for name, value in row.items()} for row in rows.to_pylist(maps_as_pydicts="lossy")
    ]
    known = msgspec.to_builtins({"rows": plain, **about}, enc_hook=str)
    return json.dumps(known, ensure_ascii=False, indent=1) + "\n"


def json_value(value: Any) -> Any:
    """A value of a row as JSON has it: no NaN, bytes as hexadecimal."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value.hex() if isinstance(value, bytes) else value


def to_csv(rows: pa.Table) -> str:
    """Rows as CSV with a header; lists, maps and structs as JSON."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.column_names)
    for row in rows.to_pylist(maps_as_pydicts="lossy"):
        writer.writerow([_csv_value(value) for value in row.values()])
    return text.getvalue()


def _csv_value(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else value


def _print_table(rows: pa.Table, units: Mapping[str, str], limit: int) -> None:
    shown = rows.slice(0, limit) if limit else rows
    # A pipe has no width: nothing is cut there.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100_000)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for field in rows.schema:
        is_number = not any(word in str(field.type) for word in ("string", "date", "bool", "list", "map", "struct"))
        header = f"{field.name} ({units[field.name]})" if units.get(field.name) else field.name
        table.add_column(Text(printable(header)), justify="right" if is_number else "left", overflow="fold")
    for row in shown.to_pylist(maps_as_pydicts="lossy"):
        table.add_row(*(Text(shown_value(value)) for value in row.values()))
    console.print(table)
    if not rows.num_rows:
        click.echo("no rows", err=True)
    if shown.num_rows < rows.num_rows:
        click.echo(f"{shown.num_rows:,} of {rows.num_rows:,} rows; --limit 0 shows all", err=True)


def shown_value(value: Any) -> str:
    """A value for the terminal; control characters of texts from outside are never printed."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.3f}" if abs(value) < 100 else f"{value:,.1f}"
    if isinstance(value, datetime | date):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return printable(", ".join(value))
    return printable(value if isinstance(value, str) else json.dumps(msgspec.to_builtins(value, enc_hook=str)))


def tables_text(states: Sequence[Any]) -> str:
    """What a receipt says of tables, in one line."""
    said = [
        f"{state.name} snapshot {state.snapshot_id}" + (f" version {state.version}" if state.version else "")
        if state.snapshot_id is not None
        else f"{state.name} is not there yet"
        for state in states
    ]
    return "; ".join(said) or "no table"
