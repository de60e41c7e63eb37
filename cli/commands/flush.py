"""`logdig flush`: write queued events to S3 now, as the schedule does."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console

from cli.aws_options import account_of, aws_options, aws_settings, where_option
from cli.options import json_option
from logdig.config.settings import Settings


@click.command("flush")
@click.option("--force", is_flag=True, help="Write even if few events wait.")
@where_option
@json_option("Print the report as JSON.")
@aws_options
def command(force: bool, where: str, as_json: bool) -> None:
    """Write queued events to S3 now.

    Without --force it writes only when enough events wait or the oldest is too old. Exits with 1 when a write or a
    delete failed; nothing is lost then, the next run tries again.
    """
    from logdig.flush.run import flush_once

    settings = aws_settings()
    if where == "aws":
        _flush_deployed(settings, force=force, as_json=as_json)
        return
    with Console(stderr=True).status("flushing"):
        report = flush_once(settings, force=force)
    if as_json:
        click.echo(report.as_json())
    else:
        click.echo(_summary(json.loads(report.as_json())))
    for error in report.errors:
        click.echo(f"logdig: {error}; {report.left} messages stay in the queue for the next run", err=True)
    sys.exit(1 if report.errors else 0)


def _flush_deployed(settings: Settings, *, force: bool, as_json: bool) -> None:
    from infra.aws.cloudformation import require_stack
    from infra.aws.remote import FLUSH_SECONDS, flush_now

    account = account_of(settings)
    with Console(stderr=True).status(f"flushing, for at most {FLUSH_SECONDS} s"):
        report = flush_now(account, require_stack(account, settings.stack_name), force=force)
    click.echo(json.dumps(report) if as_json else _summary(report))


def _summary(report: Mapping[str, Any]) -> str:
    return (
        f"{report['received']} messages: {report['logs']} events and {report['rejected']} rejected "
        f"in {report['objects']} objects, {report['released']} messages released"
    )
