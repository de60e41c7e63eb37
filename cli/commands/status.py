"""`logdig status`: status of the deployed stack."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from cli.aws_options import account_of, aws_options, progress
from cli.options import json_option, read_settings

if TYPE_CHECKING:
    from infra.deploy.status import Status
    from logdig.config.settings import Settings

LEDGER_DAYS = 30


@click.command("status")
@json_option()
@aws_options
def command(as_json: bool) -> None:
    """Show the status of the deployed stack: health, queue, last flush, last jobs, alarms, ledger, cost.

    Exits with 1 when there is a problem.
    """
    from infra.aws.cloudformation import require_stack
    from infra.deploy.status import read_status

    settings = read_settings()
    account = account_of(settings)
    with progress().status("reading the status"):
        # First: without a stack there may be no tables.
        require_stack(account, settings.stack_name)
        status = read_status(account, settings, ledger_rows(settings))
    if as_json:
        click.echo(json.dumps(asdict(status)))
    else:
        _print_status(status, Console(highlight=False, soft_wrap=True))
    sys.exit(1 if status.problems else 0)


def ledger_rows(settings: Settings) -> list[dict[str, Any]]:
    """Rows of the ledger of the last 30 days."""
    from logdig.marts.reader import Marts

    since = (datetime.now(UTC) - timedelta(days=LEDGER_DAYS)).date()
    rows: list[dict[str, Any]] = Marts(settings, os.environ).table("ledger", where=[("day", ">=", since)]).to_pylist()
    return rows


def _domain_line(status: Status) -> dict[str, str]:
    if status.domain is None:
        return {}
    answers = "responds" if status.domain.healthy else "DOES NOT RESPOND"
    records = "; ".join(f"{name} CNAME {value}" for name, value in status.domain.dns.items())
    line = {"domain": f"https://{status.domain.name} {answers}, its stack {status.domain.state}"}
    return line | ({"dns": records} if records else {})


def _print_status(status: Status, console: Console) -> None:
    flush = status.last_flush
    flushed = (
        "none in the last day"
        if flush is None
        else f"{flush['at']}: {flush['logs']} events and {flush['rejected']} rejected in {flush['objects']} objects"
    )
    lines = {
        "stack": f"{status.stack} {status.state}",
        "endpoint": f"{status.endpoint} {'responds' if status.healthy else 'DOES NOT RESPOND'}",
        **_domain_line(status),
        "queue": f"{status.waiting} messages wait, the oldest {status.oldest_seconds:.0f} s; dead letters: "
        f"{status.dead_letters}",
        "last flush": flushed,
        "last jobs": "; ".join(f"{job['name']} {job['state']} {job['updated_at']}" for job in status.jobs) or "none",
        "alarms": ", ".join(name for name, state in status.alarms.items() if state == "ALARM") or "none",
        "ledger": f"counted up to {status.ledger_day}" if status.ledger_day else "never counted",
        "cost": f"${status.month_usd:,.2f} a month by the price list",
    }
    for name, text in lines.items():
        console.print(f"{name:<11} {text}", markup=False)
    for problem in status.problems:
        console.print(f"PROBLEM     {problem}", style="bold red", markup=False)
