"""`logdig jobs`: list and run the Spark jobs."""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.console import Console

from logdig.cli import read_settings


@click.group("jobs")
def command() -> None:
    """Run Spark jobs: ingest, marts, model, targets."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_jobs(as_json: bool) -> None:
    """List the jobs in the order in which `run all` does them."""
    from analytics.jobs import JOBS

    if as_json:
        click.echo(json.dumps(JOBS))
        return
    for name, meaning in JOBS.items():
        click.echo(f"{name:<12} {meaning}")


@command.command("run")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a job.")
def run_job(name: str, as_json: bool) -> None:
    """Run job NAME, or every job for `all`.

    A rerun is harmless: tables hold each event once, and marts are made anew.
    """
    from analytics.jobs import names_of, run
    from analytics.spark import session

    settings = read_settings()
    console = Console(stderr=True)
    names = names_of(name)
    with console.status("starting Spark"):
        spark = session(settings, os.environ)
    for one in names:
        with console.status(one):
            report = run(one, spark, settings, datetime.now(UTC))
        if as_json:
            click.echo(json.dumps(asdict(report), default=str))
        else:
            notes = ", ".join(f"{key} {value}" for key, value in report.notes.items())
            click.echo(f"{report.name:<12} {report.rows:>9,} rows {report.seconds:6.1f} s  {notes}")
