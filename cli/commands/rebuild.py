"""`logdig rebuild`: rebuild the tables from the raw zone."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import Progress

from cli.aws_options import aws_options, aws_settings, yes_option
from cli.options import check_days, from_option, json_option, to_option
from cli.program import with_program
from logdig.errors import InputError, LogDigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from analytics.lake.rebuild import Day
    from logdig.config.settings import Settings


@click.command("rebuild")
@from_option
@to_option
@click.option("--dry-run", is_flag=True, help="Show what would be read, and change nothing.")
@yes_option
@json_option("Print one JSON object.")
@aws_options
def command(*, start: datetime | None, end: datetime | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Rebuild the tables from the objects of raw and bad.

    Rows that arrived on the chosen days are replaced by rows from the objects, in one commit for each run of days;
    rows of other days, and of days without objects, stay. Then the marts compute the days that this has changed. Equal
    code makes equal rows. To finish an interrupted rebuild, run it again.
    """
    from analytics.lake.rebuild import days_of, runs_of
    from logdig.aws.clients import s3_store

    settings = aws_settings()
    check_days(start, end)
    days = days_of(s3_store(settings), _date(start), _date(end))
    if not days:
        raise InputError("there is no object in raw or bad on these days; nothing was changed")
    _print_days(days, as_json=as_json and dry_run)
    if dry_run:
        return
    if not yes and not click.confirm("Replace the rows of these days, and compute the marts again?", err=True):
        raise click.Abort
    rows_by_table = _rebuild(list(runs_of(days)))
    if as_json:
        click.echo(json.dumps(_extent(days) | {"rows": rows_by_table}))
        return
    for name, rows in rows_by_table.items():
        click.echo(f"{name:<16} {rows:>12,} rows")
    click.echo(with_program("next, for models and targets: logdig jobs run all"), err=True)


def _rebuild(runs: list[list[Day]]) -> dict[str, int]:
    """Rebuild the tables with a progress bar on standard error; return rows by table."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    from cli.commands.jobs import reason_of, start_spark, writing_lake

    settings, console = aws_settings(), Console(stderr=True)
    with writing_lake(settings, "rebuild", console):
        with console.status("starting Spark"):
            spark = start_spark(settings)
        try:
            with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
                return _rebuild_tables(spark, settings, runs, progress)
        except (Py4JJavaError, PySparkException) as err:
            raise LogDigError(f"the rebuild stopped, run it again: {reason_of(err)}") from err
        finally:
            spark.stop()


def _rebuild_tables(
    spark: SparkSession, settings: Settings, runs: list[list[Day]], progress: Progress
) -> dict[str, int]:
    from analytics import tables
    from analytics.jobs import registry
    from analytics.jobs.kinds import WAITING
    from analytics.jobs.runs import run_together_noted
    from analytics.lake.rebuild import LEFT_TO_OTHERS, prepare, remake

    marts = [name for name in registry.JOBS if name not in LEFT_TO_OTHERS]
    bar = progress.add_task("events", total=len(runs) + len(marts) + 1)
    prepare(spark, settings, datetime.now(UTC))
    progress.advance(bar)
    for run in runs:
        progress.update(bar, description=f"events of {run[0].day} to {run[-1].day}")
        remake(spark, settings, run, datetime.now(UTC))
        progress.advance(bar)
    rows = {name: tables.read(spark, settings, name).count() for name in ("events", "bad_events")}
    for names in registry.together(marts):
        progress.update(bar, description=", ".join(names))
        options = registry.known(names[0], [WAITING])
        reports = run_together_noted(names, spark, settings, lambda: datetime.now(UTC), options)
        rows |= {report.name: report.rows for report in reports}
        progress.advance(bar, len(names))
    return rows


def _print_days(days: list[Day], *, as_json: bool) -> None:
    extent = _extent(days)
    if as_json:
        click.echo(json.dumps({"dry_run": True} | extent))
        return
    click.echo(
        f"{extent['days']:,} days from {extent['from']} to {extent['to']}: {extent['objects']:,} objects, "
        f"{extent['bytes'] / 2**20:,.1f} MiB",
        err=True,
    )


def _extent(days: list[Day]) -> dict[str, Any]:
    return {
        "from": days[0].day.isoformat(),
        "to": days[-1].day.isoformat(),
        "days": len(days),
        "objects": sum(sum(day.objects.values()) for day in days),
        "bytes": sum(day.size_bytes for day in days),
    }


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
