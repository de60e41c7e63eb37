"""`logdig send`: post recorded listens, ad clicks or events of the wire format to the collector."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal, cast
from zoneinfo import ZoneInfo

import click

from cli.aws_options import confirm, yes_option
from cli.file_options import columns_option, encoding_option, print_rows, progress_bar, read_columns
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
from logdig.backfill.checkpoint import Checkpoint, SentFile, SentFiles, file_digest, require_folder
from logdig.backfill.file_sender import FileReport, SendOptions, scan, send_file
from logdig.backfill.sender import EventSender
from logdig.config.settings import AppSettings
from logdig.errors import InputError
from logdig.files.moments import TimeRules
from logdig.files.records import open_source
from logdig.files.values import read_time
from logdig.times import wire_time

FOLDER = "send"


@click.command("send")
@click.argument("kind", type=click.Choice(["listens", "clicks", "views", "events"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@collector_option
@app_option
@consent_option
@columns_option
@encoding_option
@click.option("--shift-to-now", is_flag=True, help="Move times by whole days so that the newest row is just past.")
@click.option("--newest", metavar="TIME", help="With --shift-to-now: the time that moves; later rows are refused.")
@click.option("--rate", type=Number(0.1), help="Events a second; default: as fast as they are taken.")
@click.option("--pace", is_flag=True, help="One row at a time with random delays of 1.065 s on average.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a row was refused.")
@yes_option
@json_option("Print the report as JSON.")
def command(
    kind: str,
    file: Path,
    endpoint: str,
    app: str | None,
    consent: str | None,
    columns: tuple[str, ...],
    encoding: str | None,
    shift_to_now: bool,
    newest: str | None,
    rate: float | None,
    pace: bool,
    strict: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Post recorded listens, ad clicks or ad views of FILE, or events of the wire format, to the collector.

    FILE is CSV, NDJSON or Parquet; events are NDJSON. Rows go as a signed server sends them; the secret is the
    variable LOGDIG_SIGNING_SECRET_<APP>. A row that cannot be read is named and costs no other. Interrupted, the same
    command goes on where it stopped; sending a file twice changes nothing. Exits with 1 when no row was right.
    """
    settings = read_settings()
    chosen, names = find_app(settings, app), read_columns(settings, kind, columns)
    sending = _Sending(
        kind=cast(Literal["listens", "clicks", "views", "events"], kind),
        file=file,
        digest=file_digest(file),
        endpoint=endpoint,
        app=chosen,
        secret=require_secret(chosen.name),
        encoding=encoding,
        columns=names,
        ads_consent=wants_ads(consent) if consent else None if kind == "events" else False,
        shift_to_now=shift_to_now,
        newest=_newest(newest, kind, chosen, shift_to_now),
    )
    require_folder(cache_folder() / FOLDER)
    sent_files = SentFiles(cache_folder() / FOLDER, chosen.name, endpoint)
    if not sending.checkpoint.is_begun:
        _ask(sent_files.find(kind, sending.digest), file, chosen, endpoint, yes=yes)
    report = _send(sending, rate, pace)
    if report.tally.accepted:
        sent_files.add(kind, sending.digest, SentFile(str(file), wire_time(datetime.now(UTC)), report.rows))
    _print(file, report, as_json)
    sys.exit(1 if report.is_failure or (strict and not report.is_complete) else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """What makes two runs of the command the same one."""

    kind: Literal["listens", "clicks", "views", "events"]
    file: Path
    digest: str
    endpoint: str
    app: AppSettings
    secret: bytes
    encoding: str | None
    columns: Mapping[str, str]
    ads_consent: bool | None
    shift_to_now: bool
    newest: datetime | None

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the last run came; whatever changes the events makes another sending."""
        options = f"{self.columns} {self.encoding} {self.ads_consent} {self.shift_to_now} {self.newest}"
        identity = f"{self.kind} {self.digest} {self.endpoint} {self.app.name} {self.app.timezone} {options}"
        return Checkpoint(cache_folder() / FOLDER, identity)


def _send(sending: _Sending, rate: float | None, pace: bool) -> FileReport:
    """Read the file twice: to judge it as a whole, and to send it."""
    times = TimeRules(ZoneInfo(sending.app.timezone), datetime.now(UTC), sending.newest)
    with progress_bar() as bar:
        task = bar.add_task(f"reading {sending.file.name}", total=None)
        source = open_source(sending.file, sending.kind, sending.columns, sending.encoding)
        options = SendOptions(sending.kind, source, times, sending.ads_consent, sending.columns, rate, pace)
        scanned = scan(options, lambda line: bar.update(task, completed=line, total=source.lines))
        _, shift = sending.checkpoint.read(scanned.shift(times) if sending.shift_to_now else timedelta())
        if sending.shift_to_now:
            bar.console.print(f"times move by {_days(shift)}")
        on_retry = partial(bar.console.print, markup=False)
        sender = EventSender(sending.endpoint, sending.app.token, sending.secret, on_retry=on_retry)
        bar.update(task, description=f"sending {sending.kind}", completed=0, total=source.lines)
        try:
            report = send_file(
                options, sender, shift, sending.checkpoint, progress=lambda line: bar.update(task, completed=line)
            )
        except KeyboardInterrupt:
            click.echo("interrupted; the same command goes on from here", err=True)
            sys.exit(130)
        bar.update(task, completed=source.lines)
    return report


def _newest(text: str | None, kind: str, app: AppSettings, shift_to_now: bool) -> datetime | None:
    if kind == "events" and shift_to_now:
        raise InputError("--shift-to-now moves recorded rows; events keep their times")
    if text is None:
        return None
    if not shift_to_now:
        raise InputError(f"--newest {text!r} goes with --shift-to-now")
    try:
        return TimeRules(ZoneInfo(app.timezone), datetime.now(UTC)).local(read_time("--newest", text))
    except ValueError as err:
        raise InputError(str(err)) from err


def _ask(before: SentFile | None, file: Path, app: AppSettings, endpoint: str, *, yes: bool) -> None:
    """Ask whether a file of this content is sent once more."""
    if before is not None:
        what = f"{before.name} with {before.rows:,} rows" if before.name != str(file) else f"its {before.rows:,} rows"
        click.echo(f"{file} was sent to {endpoint} for {app.name} at {before.sent_at}: {what}", err=True)
        confirm("Equal rows make equal events, which count once; moved ones are new. Send it again?", yes=yes)


def _print(file: Path, report: FileReport, as_json: bool) -> None:
    refused = [(row.line, row.reason, row.text) for row in report.refused]
    refused += [(refusal.line, f"collector: {refusal.reason}", "") for refusal in report.tally.refusals]
    tally = report.tally
    if as_json:
        rows = [{"file": str(file), "line": line, "reason": why, "text": text} for line, why, text in refused]
        counts = {"rows": report.rows, "sent": tally.sent, "accepted": tally.accepted, "duplicates": tally.duplicates}
        moved = {"repeats": report.repeats, "resumed_after": report.resumed_after, "shift_days": report.shift.days}
        click.echo(json.dumps(counts | moved | {"refused": rows}))
        return
    if report.resumed_after:
        click.echo(f"went on after line {report.resumed_after:,}")
    if report.shift:
        click.echo(f"times moved by {_days(report.shift)}")
    click.echo(
        f"{tally.sent:,} sent: {tally.accepted:,} accepted, {tally.duplicates:,} duplicates, "
        f"{len(tally.refusals):,} rejected; {len(report.refused):,} rows of the file refused"
    )
    if report.repeats:
        click.echo(f"{report.repeats:,} rows repeat another row of the file and were not sent:", err=True)
        print_rows(file, [(line, f"as line {first}", "") for line, first in report.first_repeats])
    print_rows(file, refused)
    if not report.rows and not refused:
        click.echo(f"{file}: no rows", err=True)


def _days(shift: timedelta) -> str:
    return f"{shift.days:,} day{'' if abs(shift.days) == 1 else 's'}"
