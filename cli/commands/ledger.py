"""`logdig ledger`: what became of every event, and whether it adds up."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import Any

import click

from cli.options import check_days, from_option, json_option, read_settings, to_option
from cli.program import with_program

SHOWN = (
    "sent", "received", "accepted", "rejected", "duplicates_browser", "duplicates_flush", "late", "raw_lines",
    "in_tables", "in_dlq", "dropped", "missing", "erased",
)  # fmt: skip


@click.command("ledger")
@click.option("--check", is_flag=True, help="Only print sums that do not add up; exit with 1 if there are any.")
@click.option("--app", help="Only this app.")
@from_option
@to_option
@json_option("Print one JSON object for each row, with the sums that it breaks.")
def command(*, check: bool, app: str | None, start: datetime | None, end: datetime | None, as_json: bool) -> None:
    """Show by app and day what became of every event.

    `logdig jobs run ledger` counts again.
    """
    from logdig.marts.reader import Marts
    from logdig.questions.ledger import broken_sums

    check_days(start, end)
    rows = _chosen(Marts(read_settings(), os.environ).table("ledger").to_pylist(), app, start, end)
    broken = [line for row in rows for line in broken_sums(row)]
    if as_json:
        for row in rows:
            click.echo(json.dumps(_plain(row) | {"broken": broken_sums(row)}, default=str))
    elif not check:
        _print(rows)
    if not rows:
        click.echo(with_program("the ledger has no such rows; run: logdig jobs run ledger"), err=True)
    for line in broken:
        click.echo(f"DOES NOT ADD UP  {line}", err=True)
    sys.exit(1 if check and (broken or not rows) else 0)


def _chosen(
    rows: list[dict[str, Any]], app: str | None, start: datetime | None, end: datetime | None
) -> list[dict[str, Any]]:
    kept = [
        row
        for row in rows
        if (app is None or row["app"] == app)
        and (start is None or row["day"] >= start.date())
        and (end is None or row["day"] <= end.date())
    ]
    return sorted(kept, key=lambda row: (row["day"], row["app"]))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Convert Arrow's maps, lists of pairs, to JSON objects."""
    return {name: dict(value) if isinstance(value, list) else value for name, value in row.items()}


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        counts = "  ".join(f"{name} {row[name]:,}" for name in SHOWN if row[name])
        click.echo(f"{row['day']}  {row['app'] or '(no app)':<12}  {counts}")
        for outcome, field in (("rejected", "rejected_by_reason"), ("dropped", "dropped_by_reason")):
            for reason, count in _plain(row)[field].items():
                click.echo(f"    {outcome} {count:,}: {reason}")
