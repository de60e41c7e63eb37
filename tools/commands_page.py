"""Write docs/commands.md from the commands' own help texts: ``python -m tools.commands_page``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from click.testing import CliRunner

from cli.main import cli
from infra.paths import ROOT

PAGE = ROOT / "docs" / "commands.md"
HEAD = """# Commands

Commands on this page need the environment that `make setup` makes; activate it once per shell: `. .venv/bin/activate`.
Made from the commands' own help by `python -m tools.commands_page`; a test fails when it is stale.
Errors are one line on standard error with exit code 1; a wrong option exits with 2.
"""


def page() -> str:
    """Text of the page: a section for each command with its ``--help``."""
    sections = [HEAD]
    for path in command_paths(cli, ()):
        output = CliRunner().invoke(cli, [*path, "--help"], prog_name="logdig", terminal_width=100).output
        sections.append(f"## {' '.join(('logdig', *path))}\n\n```\n{output.rstrip()}\n```\n")
    return "\n".join(sections)


def command_paths(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the names that lead to each command below a group, the group itself first."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None:
                yield from command_paths(subcommand, (*path, name))


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` exit with 1 when it is outdated."""
    if arguments == ["--check"]:
        return 0 if PAGE.read_text(encoding="utf-8") == page() else 1
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
