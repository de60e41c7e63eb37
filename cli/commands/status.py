"""`logdig status`: how the deployed stack is."""

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
from cli.options import read_settings

if TYPE_CHECKING:
    from infra.deploy.status import Status
    from logdig.config.settings import Settings

LEDGER_DAYS = 30


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@aws_options
def command(as_json: bool) -> None:
    """Show how the deployed stack is: health, queue, last flush, last jobs, alarms, ledger, cost.

    Exits with 1 when anything needs somebody.
    """
    from infra.aws.cloudformation import require_stack
    from infra.deploy.status import look

    settings = read_settings()
    account = account_of(settings)
    with progress().status("looking"):
        # First, for without a stack there need be no tables either.
        require_stack(account, settings.stack_name)
        found = look(account, settings, ledger_rows(settings))
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        _print(found, Console(highlight=False, soft_wrap=True))
    sys.exit(1 if found.problems else 0)


def ledger_rows(settings: Settings) -> list[dict[str, Any]]:
    """Rows of the ledger of the last 30 days."""
    from logdig.marts.reader import Marts

    since = (datetime.now(UTC) - timedelta(days=LEDGER_DAYS)).date()
    rows: list[dict[str, Any]] = Marts(settings, os.environ).table("ledger", where=[("day", ">=", since)]).to_pylist()
    return rows


def _print(found: Status, console: Console) -> None:
    flush = found.last_flush
    told = (
        "none of the last day"
        if flush is None
        else f"{flush['at']}: {flush['logs']} logs and {flush['rejected']} rejected in {flush['objects']} objects"
    )
    lines = {
        "stack": f"{found.stack} {found.state}",
        "endpoint": f"{found.endpoint} {'answers' if found.healthy else 'DOES NOT ANSWER'}",
        "queue": f"{found.waiting} messages wait, the oldest {found.oldest_seconds:.0f} s; dead letters: "
        f"{found.dead_letters}",
        "last flush": told,
        "last jobs": "; ".join(f"{one['name']} {one['state']} {one['updated_at']}" for one in found.jobs) or "none",
        "alarms": ", ".join(name for name, state in found.alarms.items() if state == "ALARM") or "none is on",
        "ledger": f"counted up to {found.ledger_day}" if found.ledger_day else "never counted",
        "cost": f"${found.month_usd:,.2f} a month by the price list",
    }
    for name, words in lines.items():
        console.print(f"{name:<11} {words}", markup=False)
    for problem in found.problems:
        console.print(f"PROBLEM     {problem}", style="bold red", markup=False)
