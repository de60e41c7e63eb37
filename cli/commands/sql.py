"""`logdig sql`: an analyst's own SELECT over the tables."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from cli.answers import chosen_format, output_options, tables_text, write_rows
from cli.aws_options import aws_options, aws_settings, progress
from logdig.errors import InputError


@click.command("sql")
@click.argument("statement")
@output_options
@aws_options
def command(*, statement: str, form: str | None, output: Path | None, limit: int, as_json: bool) -> None:
    """Run one SELECT over the tables, in DuckDB's SQL; `-` reads it from standard input.

    The database knows the tables that the statement mentions and nothing else: it reads no file, writes none, and
    changes nothing. docs/tables.md lists the tables. Times are UTC; `AT TIME ZONE 'Asia/Seoul'` converts them.
    """
    from logdig.marts.arrow_alone import import_arrow_alone

    import_arrow_alone()
    from logdig.marts.reader import Marts
    from logdig.questions.engine.sql import select

    chosen = chosen_format(form, output, as_json=as_json)
    text = sys.stdin.read() if statement == "-" else statement
    if not text.strip():
        raise InputError("there is no SQL; give a SELECT")
    marts = Marts(aws_settings(), os.environ)
    with progress().status("reading the tables"):
        found = select(marts, text)
    write_rows(found.rows, chosen, output, {"tables": found.tables}, {}, limit)
    if chosen != "json":
        click.echo(f"{found.rows.num_rows:,} rows; {tables_text(found.tables)}", err=True)
