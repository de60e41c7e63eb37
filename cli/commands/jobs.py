"""`logdig jobs`: list and run the Spark jobs."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console

from cli.aws_options import account_of, aws_options, where_option
from cli.options import json_option, read_settings
from logdig.config.settings import Settings
from logdig.errors import LogDigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from analytics.jobs.report import JobReport

SHOWN_CHARACTERS = 400
UNREADABLE = re.compile(r"FAILED_READ_FILE\.\w+\] .*?(s3a?://\S+?)\.?\s")


@click.group("jobs")
def command() -> None:
    """List and run the Spark jobs: ingest, marts, model, targets."""


@command.command("list")
@json_option()
def list_jobs(as_json: bool) -> None:
    """List the jobs in the order of `run all`."""
    from analytics.jobs.registry import JOBS

    if as_json:
        click.echo(json.dumps({name: job.meaning for name, job in JOBS.items()}))
        return
    for name, job in JOBS.items():
        click.echo(f"{name:<12} {job.meaning}")


@command.command("run")
@click.argument("name")
@where_option
@json_option("Print one JSON object for each job.")
@aws_options
def run_jobs(name: str, where: str, as_json: bool) -> None:
    """Run job NAME, or every job for `all`.

    A rerun is harmless: tables hold each event once, and marts are rebuilt. By default Spark runs inside this process,
    with the archives of `make setup`; with `--on aws` EMR Serverless runs the jobs, and the command waits for the end.
    """
    from analytics.jobs.registry import names_of, run

    settings = read_settings()
    names = names_of(name)
    if where == "aws":
        _run_deployed(settings, name, as_json=as_json)
        return
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    console = Console(stderr=True)
    with console.status("starting Spark"):
        spark = start_spark(settings)
    try:
        for job in names:
            with console.status(job):
                report = run(job, spark, settings, datetime.now(UTC))
            click.echo(_line(report, as_json))
    except (Py4JJavaError, PySparkException) as err:
        raise LogDigError(f"job {job} failed; running it again is harmless: {reason_of(err)}") from err
    finally:
        spark.stop()


def _run_deployed(settings: Settings, name: str, *, as_json: bool) -> None:
    from infra.aws.cloudformation import require_stack
    from infra.aws.remote import follow_job, start_job

    account = account_of(settings)
    stack = require_stack(account, settings.stack_name)
    run = start_job(account, settings, stack, [name])
    with Console(stderr=True).status(f"run {run}") as status:
        follow_job(account, stack, run, lambda state: status.update(f"run {run} is {state}"))
    click.echo(json.dumps({"name": name, "run": run, "state": "SUCCESS"}) if as_json else f"{name} done, run {run}")


def reason_of(err: Exception) -> str:
    """Spark's message without its stack trace; for an unreadable object its name and the next step."""
    unreadable = UNREADABLE.search(str(err))
    if unreadable:
        return (
            f"{unreadable[1]} cannot be read; 'logdig verify' lists damaged and foreign objects: remove them from the "
            "bucket, and run the job again"
        )
    return " ".join(re.split(r"\n\s+at |\nJVM stacktrace", str(err))[0].split())[:SHOWN_CHARACTERS]


def _line(report: JobReport, as_json: bool) -> str:
    if as_json:
        return json.dumps(asdict(report), default=str)
    notes = ", ".join(f"{key}: {value}" for key, value in report.notes.items())
    return f"{report.name:<12} {report.rows:>10,} rows {report.seconds:7.1f} s  {notes}".rstrip()


def start_spark(settings: Settings) -> SparkSession:
    """Start Spark with Java 17 if this machine has it; EMR has its own."""
    from analytics.spark import session
    from infra.local.machine import find_java, java_home
    from logdig.aws.clients import s3_store

    # Fail before Spark starts when there is no access or no bucket.
    next(iter(s3_store(settings).list("raw/")), None)
    java = find_java()
    if java is not None:
        os.environ["JAVA_HOME"] = java_home(java)
    return session(settings, os.environ)
