"""`logdig tail`: log lines of the deployed stack as they come."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from cli.aws_options import account_of, aws_options
from cli.options import Number, json_option, read_settings

if TYPE_CHECKING:
    from infra.aws.remote import LogLine

PAUSE_SECONDS = 3.0
LATE = timedelta(minutes=5)
MOST_MINUTES = 3653 * 24 * 60
"""Longer than any log retention."""


@click.command("tail")
@click.option(
    "--of",
    "sources",
    type=click.Choice(["collector", "decide", "flush", "jobs"]),
    multiple=True,
    help="Only these; default: all.",
)
@click.option(
    "--minutes", type=Number(0, MOST_MINUTES), default=10.0, show_default=True, help="Start this many minutes ago."
)
@click.option("--once", is_flag=True, help="End after the existing lines; otherwise Ctrl-C ends it.")
@json_option("Print one JSON object for each line.")
@aws_options
def command(sources: tuple[str, ...], minutes: float, once: bool, as_json: bool) -> None:
    """Show log lines of the deployed functions and jobs, oldest first, until Ctrl-C.

    `logdig events` shows events instead.
    """
    from infra.aws.cloudformation import require_stack
    from infra.aws.remote import SOURCES, read_log

    settings = read_settings()
    account = account_of(settings)
    require_stack(account, settings.stack_name)
    start = account.clock() - timedelta(minutes=minutes)
    shown: dict[LogLine, None] = {}
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            # Lines arrive late and out of order, so the last minutes are read repeatedly.
            since = max(start, account.clock() - LATE)
            for line in read_log(account, settings, sources or SOURCES, start if not shown else since):
                if line not in shown:
                    click.echo(_text(line, as_json=as_json))
                    shown[line] = None
            shown = {line: None for line in shown if line.at >= since - LATE}
            if once:
                return
            account.sleep(PAUSE_SECONDS)


def _text(line: LogLine, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"at": line.at.isoformat(), "source": line.source, "text": line.text})
    return f"{line.at:%Y-%m-%d %H:%M:%S} {line.source:<10} {line.text}"
