"""How the user calls LogDig: printed hints name commands in a form that works in the same shell."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import click

from cli.commands import COMMANDS

NAME = "logdig"
MENTION = re.compile(rf"(?<![\w./-]){NAME} (?=(?:{'|'.join(COMMANDS)})\b)")
"""A command as messages name it, such as ``logdig plan``."""


def program_name(called: str, on_path: str | None, folder: Path) -> str:
    """Form in which the program can be called again.

    Args:
        called: ``sys.argv[0]``.
        on_path: Program that the shell finds as ``logdig``, or None.
        folder: Working directory.
    Returns:
        ``logdig`` where PATH leads to this program, else its path, relative to the folder where it lies below.
    """
    if Path(called).name != NAME or "/" not in called:
        return NAME
    path = folder / called
    if on_path is not None and Path(on_path).resolve() == path.resolve():
        return NAME
    if not path.is_relative_to(folder):
        return str(path)
    short = str(path.relative_to(folder))
    return short if "/" in short else f"./{short}"


def program() -> str:
    """`program_name` of this process."""
    return program_name(sys.argv[0], shutil.which(NAME), Path.cwd())


def with_program(text: str) -> str:
    """Write every command that a text mentions in the form of `program`."""
    name = program()
    return MENTION.sub(lambda _: f"{name} ", text)


def with_program_in_help(command: click.Command) -> click.Command:
    """Do the same to the help of a command and of those below it."""
    command.help = with_program(command.help or "")
    for option in command.params:
        if isinstance(option, click.Option) and option.help:
            option.help = with_program(option.help)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_program_in_help(below)
    return command
