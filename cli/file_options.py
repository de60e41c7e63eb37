"""What the commands share that read a file's rows: their options, and how rows are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.aws_options import progress
from logdig.config.settings import Settings
from logdig.errors import InputError
from logdig.files.columns import check_given
from logdig.files.refused_rows import printable

SHOWN_ROWS = 20

encoding_option = click.option(
    "--encoding", help="Encoding of the file, such as cp949; default: UTF-8, or what its byte order mark says."
)
columns_option = click.option(
    "--columns",
    multiple=True,
    metavar="NAME=COLUMN,...",
    help="How the file calls its columns, such as id=CustID,level=Plan; [columns.*] of logdig.toml does the same.",
)


def read_columns(settings: Settings, kind: str, texts: Sequence[str]) -> dict[str, str]:
    """The file's own names by column: of logdig.toml, and over them those of the command line.

    Raises:
        InputError: A part that is not ``name=column``, or names no column of that kind.
    """
    columns: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",")):
        name, _, column = part.partition("=")
        if not name.strip() or not column.strip():
            raise InputError(f"--columns {part!r}: write name=column, such as id=CustID,level=Plan")
        columns[name.strip()] = column.strip()
    return check_given(kind, getattr(settings.columns, kind, {})) | check_given(kind, columns)


def progress_bar() -> Progress:
    """A bar on stderr with what is done of how much; none where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = progress()
    return Progress(*columns, console=console, disable=not console.is_terminal)


def print_rows(file: Path, rows: Sequence[tuple[int, str, str]]) -> None:
    """Print the first of some rows as line, reason and text on stderr."""
    for line, reason, text in rows[:SHOWN_ROWS]:
        click.echo(f"  {file}:{line}: {printable(reason)}{': ' if text else ''}{text}", err=True)
    if len(rows) > SHOWN_ROWS:
        click.echo(f"  and {len(rows) - SHOWN_ROWS:,} more (--json names all)", err=True)
