"""`logdig ledger`: what became of every event, and whether it adds up."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from cli.aws_options import aws_options, aws_settings
from cli.options import check_days, from_option, json_option, only_app_option, to_option
from cli.program import with_program
from logdig.errors import LogDigError

if TYPE_CHECKING:
    from analytics.jobs.ledger import Verification

SHOWN = (
    "sent", "received", "accepted", "rejected", "duplicates_browser", "duplicates_flush", "late", "raw_lines",
    "in_tables", "in_dlq", "dropped", "missing", "erased",
)  # fmt: skip


@click.command("ledger")
@click.option("--check", is_flag=True, help="Only print sums that do not add up; exit with 1 if there are any.")
@click.option(
    "--verify",
    "reads_all",
    is_flag=True,
    help="Count again, read every object again, and print each difference; exit with 1 if there are any.",
)
@only_app_option
@from_option
@to_option
@json_option("Print one JSON object for each row, with the sums that it breaks.")
@aws_options
def command(
    *, check: bool, reads_all: bool, app: str | None, start: datetime | None, end: datetime | None, as_json: bool
) -> None:
    """Show by app and day what became of every event.

    `logdig jobs run ledger` counts again; it reads objects that are new and keeps their counts. `--verify` compares
    what is kept with every object, and takes as long as reading them all; what differs is read again by the next run.
    """
    from logdig.marts.reader import Marts
    from logdig.questions.ledger import broken_sums

    if reads_all:
        if check or app or start or end:
            raise click.UsageError("--verify reads every object; it goes with --json only")
        _verify(as_json=as_json)
        return
    check_days(start, end)
    rows = _chosen(Marts(aws_settings(), os.environ).table("ledger").to_pylist(), app, start, end)
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


def _verify(*, as_json: bool) -> None:
    """Count and compare on this machine, with a progress bar on standard error; exit with 1 if something differs."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    from analytics.jobs.ledger import verify
    from cli.commands.jobs import reason_of, start_spark, writing_lake

    settings, console = aws_settings(), Console(stderr=True)
    with writing_lake(settings, "ledger --verify", console):
        with console.status("starting Spark"):
            spark = start_spark(settings)
        try:
            with Progress(
                *Progress.get_default_columns(), MofNCompleteColumn(), console=console, transient=True
            ) as bar:
                task = bar.add_task("counting", total=None)
                _report, found = verify(
                    spark, settings, datetime.now(UTC),
                    lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
                )  # fmt: skip
        except (Py4JJavaError, PySparkException) as err:
            raise LogDigError(f"the verification stopped; running it again is harmless: {reason_of(err)}") from err
        finally:
            spark.stop()
    _print_verification(found, as_json=as_json)
    sys.exit(1 if found.faults else 0)


def _print_verification(found: Verification, *, as_json: bool) -> None:
    for key, fault in sorted(found.faults.items()):
        click.echo(json.dumps({"object": key, "fault": fault}) if as_json else f"DIFFERS  {key} {fault}")
    for one in found.sums:
        place = f"{one['day']} {one['app'] or '(no app)'} {one['column']}"
        text = f"DIFFERS  {place}: {one['kept']}, by all objects {one['found']}"
        click.echo(json.dumps(one, default=str) if as_json else text)
    totals = {"objects": found.objects, "objects_that_differ": len(found.faults), "sums_that_differ": len(found.sums)}
    if as_json:
        click.echo(json.dumps(totals))
        return
    click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in totals.items()))
    if found.faults:
        click.echo(with_program("the next run reads these objects again: logdig jobs run ledger"), err=True)


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
