"""`logdig send`: send recorded listens, ad clicks or ad views to the collector."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.options import (
    Number,
    app_option,
    cache_folder,
    collector_option,
    consent_option,
    find_app,
    json_option,
    read_settings,
    require_secret,
    wants_ads,
)
from logdig.backfill.file_sender import FileReport
from logdig.backfill.recorded_files import Kind

SHOWN_REFUSALS = 20


@click.command("send")
@click.argument("kind", type=click.Choice(["listens", "clicks", "views"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@collector_option
@app_option
@consent_option
@click.option("--shift-to-now", is_flag=True, help="Move times by whole days so that the newest row is recent.")
@click.option("--rate", type=Number(0.1), help="Events a second; default: as fast as the collector accepts them.")
@click.option("--pace", is_flag=True, help="One row at a time with random delays of 1.065 s on average.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a row was refused.")
@json_option("Print the report as JSON.")
def command(
    kind: str,
    file: Path,
    endpoint: str,
    app: str | None,
    consent: str,
    shift_to_now: bool,
    rate: float | None,
    pace: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Send recorded listens, ad clicks or ad views of FILE to the collector.

    Requests are signed with the secret in the variable LOGDIG_SIGNING_SECRET_<APP>. A row that cannot be read is
    reported and the others are sent. After an interruption the same command continues; sending a file twice changes
    nothing.
    """
    from logdig.backfill.file_sender import Mark, Plan, scan, send_file
    from logdig.backfill.sender import Sender

    app_settings = find_app(read_settings(), app)
    zone = ZoneInfo(app_settings.timezone)
    now = datetime.now(zone).replace(tzinfo=None) if shift_to_now else None
    plan = Plan(cast(Kind, kind), file, zone, wants_ads(consent), now, rate, pace)
    sender = Sender(endpoint, app_settings.token, require_secret(app_settings.name))
    lines, shift = scan(plan)
    stat = file.stat()
    version = f"{file.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    identity = f"{kind} {version} {endpoint} {app_settings.name} {consent} {now is None}"
    mark = Mark(cache_folder() / "send", identity)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"sending {kind}", total=lines)
        try:
            report = send_file(plan, sender, shift, mark, progress=lambda line: bar.update(task, completed=line))
        except KeyboardInterrupt:
            click.echo("interrupted; the same command continues from here", err=True)
            sys.exit(130)
        bar.update(task, completed=lines)
    _print_report(file, report, as_json)
    sys.exit(1 if strict and (report.refused or report.tally.refusals) else 0)


def _print_report(file: Path, report: FileReport, as_json: bool) -> None:
    refused = [(row.line, row.reason, row.text) for row in report.refused]
    refused += [(row.line, f"collector: {row.reason}", "") for row in report.tally.refusals]
    tally = report.tally
    if as_json:
        rows = [{"file": str(file), "line": line, "reason": reason, "text": text} for line, reason, text in refused]
        counts = {"rows": report.rows, "sent": tally.sent, "accepted": tally.accepted}
        click.echo(json.dumps(counts | {"duplicates": tally.duplicates, "refused": rows}))
        return
    if report.resumed_after:
        click.echo(f"continued after line {report.resumed_after:,}")
    click.echo(
        f"{tally.sent:,} sent: {tally.accepted:,} accepted, {tally.duplicates:,} duplicates, "
        f"{len(tally.refusals):,} rejected; {len(report.refused):,} rows of the file refused"
    )
    for line, reason, text in refused[:SHOWN_REFUSALS]:
        click.echo(f"  {file}:{line}: {reason}: {text}", err=True)
    if len(refused) > SHOWN_REFUSALS:
        click.echo(f"  and {len(refused) - SHOWN_REFUSALS:,} more (--json lists all)", err=True)
