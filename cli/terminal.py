"""Text that clients sent, on a terminal."""

import click

from cli.program import with_program


def printable(text: str) -> str:
    """Escape control characters in text that clients sent, so that it cannot control the terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def report_unreadable(key: str) -> None:
    """Name an object that was skipped."""
    click.echo(with_program(f"CANNOT BE READ  {printable(key)}; see: logdig verify"), err=True)
