"""The `logdig` command. Each subcommand is the module of its name, imported when it is called.

Importing Spark or PyIceberg takes seconds; `logdig --help` must not wait for them.
"""

from __future__ import annotations

import importlib
import sys
import traceback

import click

from cli.commands import COMMANDS
from cli.options import cache_folder
from cli.program import program, with_program, with_program_in_help
from logdig import __version__
from logdig.errors import LogDigError, SetupError

UNKNOWN_KEYS = (
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "InvalidToken",
)  # fmt: skip
"""Codes by which AWS's services say that keys are wrong or have expired."""


class LazyGroup(click.Group):
    """A group whose commands are the modules of `cli.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"cli.commands.{cmd_name}").command
        return with_program_in_help(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="logdig")
def cli() -> None:
    """Behaviour logs in your own AWS account: heatmaps, ad targets and decisions."""


def main() -> None:
    """Entry point of the `logdig` command: every error becomes one line and exit code 1."""
    try:
        cli(prog_name=program())
        return
    except LogDigError as err:
        message = f"{err.message}{_advice(err)}"
    except Exception as err:
        # The edge: no caller can handle it.
        message = _unexpected(err)
    click.echo(with_program(f"logdig: {message}"), err=True)
    sys.exit(1)


def _unexpected(err: Exception) -> str:
    """Describe an error that no part of LogDig handles, and keep its traceback in a file."""
    if isinstance(err, OSError) and err.filename:
        return f"{err.filename}: {err.strerror}"
    path = cache_folder() / "last-error.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(err)), encoding="utf-8")
    except OSError:
        raise err from None
    first_line = (str(err).splitlines() or [""])[0]
    return f"unexpected {type(err).__name__}: {first_line}; the traceback is in {path}"


def _advice(err: LogDigError) -> str:
    """Next step when AWS does not know the keys. Read by attribute: most commands never import botocore."""
    response = getattr(err.__cause__, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    if code not in UNKNOWN_KEYS or isinstance(err, SetupError):
        return ""
    return "; AWS does not know these keys: log in again ('aws configure', 'aws sso login'), or choose a --profile"
