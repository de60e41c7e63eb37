"""`logdig flush`: write what is queued to S3 now, as the schedule does."""

import json
import sys

import click
from rich.console import Console

from cli.aws_options import account_of, aws_options, where_option
from cli.options import read_settings
from logdig.config.settings import Settings


@click.command("flush")
@click.option("--force", is_flag=True, help="Write whatever is there, however little.")
@where_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@aws_options
def command(force: bool, where: str, as_json: bool) -> None:
    """Write queued logs to S3 now.

    Without --force it writes only when enough logs wait or the oldest grows too old. Exits with 1 when something
    that should have been written or deleted was not; nothing is lost then, it comes with the next run.
    """
    from logdig.flush.run import flush_once

    settings = read_settings()
    if where == "aws":
        _flush_there(settings, force=force, as_json=as_json)
        return
    with Console(stderr=True).status("flushing"):
        report = flush_once(settings, force=force)
    if as_json:
        click.echo(report.as_json())
    else:
        click.echo(
            f"{report.received} messages: {report.logs} logs and {report.rejected} rejected "
            f"in {report.objects} objects, {report.released} messages given back"
        )
    for error in report.errors:
        click.echo(f"logdig: {error}; left {report.left} messages, which come back by themselves", err=True)
    sys.exit(1 if report.errors else 0)


def _flush_there(settings: Settings, *, force: bool, as_json: bool) -> None:
    from infra.aws.cloudformation import require_stack
    from infra.aws.remote import flush_now

    account = account_of(settings)
    with Console(stderr=True).status("flushing"):
        told = flush_now(account, require_stack(account, settings.stack_name), force=force)
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(
        f"{told['received']} messages: {told['logs']} logs and {told['rejected']} rejected "
        f"in {told['objects']} objects, {told['released']} messages given back"
    )
