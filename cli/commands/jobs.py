"""`logdig jobs`: list and run the Spark jobs."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from cli.aws_options import account_of, aws_options, where_option
from cli.options import read_settings
from logdig.config.settings import Settings
from logdig.errors import LogDigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from analytics.jobs.report import JobReport

SHOWN_CHARACTERS = 400
UNREADABLE = re.compile(r"FAILED_READ_FILE\.\w+\] .*?(s3a?://\S+?)\.?\s")


@click.group("jobs")
def command() -> None:
    """Run Spark jobs: ingest, marts, model, targets."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_jobs(as_json: bool) -> None:
    """List the jobs in the order in which `run all` does them."""
    from analytics.jobs.registry import JOBS

    if as_json:
        click.echo(json.dumps({name: job.meaning for name, job in JOBS.items()}))
        return
    for name, job in JOBS.items():
        click.echo(f"{name:<12} {job.meaning}")


@command.command("run")
@click.argument("name")
@where_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a job.")
@aws_options
def run_jobs(name: str, where: str, as_json: bool) -> None:
    """Run job NAME, or every job for `all`.

    A rerun is harmless: tables hold each event once, and marts are made anew. On a machine of its own (archives of
    `make setup` beside the checkout) Spark runs inside this process; with `--on aws` EMR Serverless runs them, and the
    command waits for the end.
    """
    from analytics.jobs.registry import names_of, run

    settings = read_settings()
    names = names_of(name)
    if where == "aws":
        _run_there(settings, name, as_json=as_json)
        return
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    console = Console(stderr=True)
    with console.status("starting Spark"):
        spark = start_spark(settings)
    try:
        for one in names:
            with console.status(one):
                report = run(one, spark, settings, datetime.now(UTC))
            click.echo(_line(report, as_json))
    except (Py4JJavaError, PySparkException) as err:
        raise LogDigError(f"job {one} failed; running it again is harmless: {reason_of(err)}") from err
    finally:
        spark.stop()


def _run_there(settings: Settings, name: str, *, as_json: bool) -> None:
    from infra.aws.cloudformation import require_stack
    from infra.aws.remote import follow_job, start_job

    account = account_of(settings)
    stack = require_stack(account, settings.stack_name)
    run = start_job(account, settings, stack, [name])
    with Console(stderr=True).status(f"run {run}") as status:
        follow_job(account, stack, run, lambda state: status.update(f"run {run} is {state}"))
    click.echo(json.dumps({"name": name, "run": run, "state": "SUCCESS"}) if as_json else f"{name} done, run {run}")


def reason_of(err: Exception) -> str:
    """Say what Spark said, without the places in its code; of an object that cannot be read its name."""
    found = UNREADABLE.search(str(err))
    if found:
        return (
            f"{found[1]} cannot be read; 'logdig verify' names what is damaged or none of ours: take it out of the "
            "bucket, and run the job again"
        )
    return " ".join(re.split(r"\n\s+at |\nJVM stacktrace", str(err))[0].split())[:SHOWN_CHARACTERS]


def _line(report: JobReport, as_json: bool) -> str:
    if as_json:
        return json.dumps(asdict(report), default=str)
    notes = ", ".join(f"{key}: {value}" for key, value in report.notes.items())
    return f"{report.name:<12} {report.rows:>10,} rows {report.seconds:7.1f} s  {notes}".rstrip()


def start_spark(settings: Settings) -> SparkSession:
    """Start Spark with the Java that fits it, if this machine has one; EMR brings its own."""
    from analytics.spark import session
    from infra.local.machine import find_java
    from logdig.aws.clients import s3_store

    # Nobody should wait for Spark to hear that there is no access, or no bucket.
    next(iter(s3_store(settings).list("raw/")), None)
    java = find_java()
    if java is not None:
        os.environ["JAVA_HOME"] = str(Path(java).resolve().parent.parent)
    return session(settings, os.environ)
