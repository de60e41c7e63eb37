"""`logdig jobs`: list and run the Spark jobs, and say how far they are."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

from cli.aws_options import account_of, aws_options, aws_settings, progress, where_option
from cli.options import json_option
from logdig.config.settings import Settings
from logdig.errors import LakeBusyError, LogDigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from rich.status import Status as Spinner

    from analytics.jobs.report import JobReport
    from analytics.jobs.status import JobStatus, Status

SHOWN_CHARACTERS = 400
SHOWN_DAYS = 3
"""Runs of days that a line names; --json has them all."""
UNREADABLE = re.compile(r"FAILED_READ_FILE\.\w+\] .*?(s3a?://\S+?)\.?\s")


@click.group("jobs")
def command() -> None:
    """List and run the Spark jobs: ingest, marts, model, targets."""


@command.command("list")
@json_option()
def list_jobs(as_json: bool) -> None:
    """List the jobs in the order of `run all`, and which jobs read what others write."""
    from analytics.jobs.registry import JOBS, readers_of

    if as_json:
        found = {
            name: {"meaning": job.meaning, "reads": job.sources, "read_by": readers_of(name), "options": job.options}
            for name, job in JOBS.items()
        }
        click.echo(json.dumps(found))
        return
    width = max(map(len, JOBS))
    for name, job in JOBS.items():
        reads = f"  Reads {', '.join(job.sources)}." if job.sources else ""
        click.echo(f"{name:<{width}}  {job.meaning}{reads}")


@command.command("status")
@json_option("Print one JSON object, with every day that is due or waits.")
@aws_options
def show_status(as_json: bool) -> None:
    """Show how far each mart is, which days wait, how the last runs ended, and who writes the lake now.

    Reads tables and bucket without Spark. A day older than three waits until a thousandth of its events is new, or
    for a week; `logdig jobs run NAME --waiting` computes it at once.
    """
    from analytics.jobs.status import status
    from logdig.aws.clients import s3_store
    from logdig.marts.reader import Marts

    settings, now = aws_settings(), datetime.now(UTC)
    found = status(Marts(settings, os.environ), s3_store(settings), settings, now)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for text in _status_lines(found):
        click.echo(text)


def _status_lines(found: Status) -> Iterator[str]:
    holder = found.writing
    yield f"writing now: {holder.work}, since {_time(holder.taken_at)}" if holder else "writing now: nobody"
    width = max(len(job.name) for job in found.jobs)
    yield f"{'job':<{width}} {'rows':>12} {'seconds':>8}  {'last run':<16}  {'up to':<16}  days"
    for job in found.jobs:
        rows = "-" if job.rows is None else f"{job.rows:,}"
        done = job.last.done_at if job.last else None
        seconds = f"{job.last.seconds:.1f}" if job.last and done else "-"
        yield (
            f"{job.name:<{width}} {rows:>12} {seconds:>8}  {_time(done):<16}  {_time(job.up_to):<16}  {_days(job)}"
        ).rstrip()
        if job.last and job.last.error:
            yield f"{'':<{width}} failed {_time(job.last.ended_at)}: {job.last.error}"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def _days(job: JobStatus) -> str:
    parts = {"due": job.due, "waiting": job.waiting, "frozen": job.frozen}
    return "; ".join(f"{word} {_few(days)}" for word, days in parts.items() if days)


def _few(days: list[str]) -> str:
    return ", ".join(days[:SHOWN_DAYS]) + (f" and {len(days) - SHOWN_DAYS} more" if len(days) > SHOWN_DAYS else "")


@command.command("run")
@click.argument("name")
@click.option("--all", "everything", is_flag=True, help="Of a mart, compute every day again that is not frozen.")
@click.option("--waiting", is_flag=True, help="Of a mart, also compute the days that wait.")
@click.option("--retry", is_flag=True, help="Of ingest, read once more the objects that were set aside.")
@where_option
@json_option("Print one JSON object for each job.")
@aws_options
def run_jobs(name: str, *, everything: bool, waiting: bool, retry: bool, where: str, as_json: bool) -> None:
    """Run job NAME, or every job for `all`.

    A rerun is harmless: tables hold each event once, and a mart computes the days that have changed. When nothing has,
    Spark is not started. By default Spark runs inside this process, with the archives of `make setup`; with `--on aws`
    EMR Serverless runs the jobs, and the command waits for the end. While another run writes the tables, this one
    waits for it, at most 10 minutes.
    """
    from analytics.jobs.kinds import RETRY, WAITING, WHOLE
    from analytics.jobs.registry import check_options, names_of

    settings = aws_settings()
    flags = {WHOLE: everything, WAITING: waiting, RETRY: retry}
    options = tuple(option for option, given in flags.items() if given)
    names = names_of(name)
    check_options(name, options)
    if where == "aws":
        _run_deployed(settings, name, options, as_json=as_json)
        return
    _run_here(settings, name, names, options, as_json=as_json)


def _run_here(settings: Settings, name: str, names: list[str], options: tuple[str, ...], *, as_json: bool) -> None:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    from analytics.jobs.registry import known, together
    from analytics.jobs.runs import is_idle, run_together_noted

    if is_idle(name, settings, os.environ, datetime.now(UTC), options):
        click.echo(json.dumps({"name": name, "nothing_new": True}) if as_json else f"{name:<12} nothing new")
        return
    console, job = Console(stderr=True), name
    with writing_lake(settings, f"jobs run {name}", console):
        with console.status("starting Spark"):
            spark = start_spark(settings)
        try:
            for jobs in together(names):
                job, known_ones = ", ".join(jobs), known(jobs[0], options)
                with console.status(job):
                    reports = run_together_noted(jobs, spark, settings, lambda: datetime.now(UTC), known_ones)
                for report in reports:
                    click.echo(_line(report, as_json))
        except (Py4JJavaError, PySparkException) as err:
            raise LogDigError(f"job {job} failed; running it again is harmless: {reason_of(err)}") from err
        finally:
            spark.stop()


@contextmanager
def writing_lake(settings: Settings, work: str, console: Console) -> Iterator[None]:
    """Hold the lease of the lake; while another run has it, wait and say who that is."""
    from analytics.jobs.runs import writing

    spinner = console.status("waiting for the lake")
    with spinner, writing(settings, work, lambda: datetime.now(UTC), on_busy=_teller(console, spinner)):
        spinner.stop()
        yield


def _teller(console: Console, spinner: Spinner) -> Callable[[LakeBusyError], None]:
    """Show who writes the lake; where there is no terminal, once for each."""
    told: list[str] = []

    def tell(busy: LakeBusyError) -> None:
        text = f"waiting: {busy.message}"
        spinner.update(text)
        work = str(busy.context.get("work"))
        if not console.is_terminal and work not in told:
            told.append(work)
            console.print(text, soft_wrap=True)

    return tell


def _run_deployed(settings: Settings, name: str, options: tuple[str, ...], *, as_json: bool) -> None:
    from infra.aws.cloudformation import require_stack
    from infra.aws.remote import JOB_SECONDS, follow_job, start_job

    account = account_of(settings)
    stack = require_stack(account, settings.stack_name)
    run = start_job(account, settings, stack, [name, *(f"--{option}" for option in options)])
    console = progress()
    console.print(
        f"run {run} is started; waiting for its end, at most {JOB_SECONDS // 3600} h; it goes on without this"
    )
    with console.status(f"run {run}") as status:
        follow_job(account, stack, run, lambda state: _show_state(console, status, run, state))
    click.echo(json.dumps({"name": name, "run": run, "state": "SUCCESS"}) if as_json else f"{name} done, run {run}")


def _show_state(console: Console, status: Spinner, run: str, state: str) -> None:
    status.update(f"run {run} is {state}")
    if not console.is_terminal:
        console.print(f"run {run} is {state}")


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
    notes = ", ".join(
        f"{key}: {_few(value) if isinstance(value, list) else value}" for key, value in report.notes.items()
    )
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
