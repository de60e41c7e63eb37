"""What a command says of objects that it cannot read."""

import click

from cli.program import with_program
from logdig.files.refused_rows import printable


def report_unreadable(key: str) -> None:
    """Name an object that was skipped."""
    click.echo(with_program(f"CANNOT BE READ  {printable(key)}; see: logdig verify"), err=True)
