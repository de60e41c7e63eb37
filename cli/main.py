"""The `logdig` command. Each subcommand lives in the module of its name and is imported when it is called.

Importing Spark or PyIceberg takes seconds; `logdig --help` must not pay for them.
"""

from __future__ import annotations

import importlib
import sys
import traceback

import click

from cli.options import cache_folder
from logdig import __version__
from logdig.errors import LogDigError

COMMANDS = {
    "app": "Add, list, rotate and disable apps in logdig.toml.",
    "bad": "List, show and retry rejected events.",
    "check": "Open a page in Chromium and say whether it records.",
    "cost": "Show what a month costs, a line a service.",
    "demo": "Run the whole road on this machine, from visitors to ad decisions.",
    "deploy": "Bring logdig.toml into your AWS account, and check the road.",
    "destroy": "Take the deployed stack away; the data stays unless asked.",
    "dev": "Run collector, queue, flush and dashboard on this machine.",
    "dlq": "List messages that no flush could handle, and send them back.",
    "events": "Show the last events, accepted and rejected.",
    "flush": "Write queued logs to S3 now.",
    "forget": "Remove a person from everything that is stored.",
    "init": "Write logdig.toml, by questions or by flags.",
    "jobs": "Run Spark jobs: ingest, marts, model, targets.",
    "ledger": "Show what became of every event, and whether it adds up.",
    "load": "Load customers or tracks from a file.",
    "package": "Build what a deploy uploads: functions, Spark jobs, tracker.",
    "rebuild": "Make the tables again from the raw zone.",
    "plan": "Show what a deploy would do and cost.",
    "policy": "Print the IAM policies that a deploy needs.",
    "send": "Post recorded listens or ad clicks through the front door.",
    "status": "Show how the deployed stack is.",
    "tail": "Show log lines of the deployed stack.",
    "verify": "Check stored objects against their names.",
}


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, each exporting ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="logdig")
def cli() -> None:
    """Behaviour logs in your own AWS account: heatmaps, ad targets, and proof that they helped."""


def main() -> None:
    """Entry point of the `logdig` command: every error becomes one line and exit code 1."""
    try:
        cli()
        return
    except LogDigError as err:
        words = f"{err.message}{_advice(err)}"
    except Exception as err:
        # The edge: nobody above could say it better.
        words = _unforeseen(err)
    click.echo(f"logdig: {words}", err=True)
    sys.exit(1)


def _unforeseen(err: Exception) -> str:
    """Say what no part of LogDig turned into words, and keep where it came from."""
    if isinstance(err, OSError) and err.filename:
        return f"{err.filename}: {err.strerror}"
    path = cache_folder() / "last-error.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(err)), encoding="utf-8")
    except OSError:
        raise err from None
    first = (str(err).splitlines() or [""])[0]
    return f"unforeseen {type(err).__name__}: {first}; {path} tells where"


def _advice(err: LogDigError) -> str:
    """What a newcomer lacks. By name: most commands never import botocore."""
    if type(err.__cause__).__name__ != "NoCredentialsError":
        return ""
    return "; set up AWS access ('aws configure'), or use an emulator ('logdig dev')"
