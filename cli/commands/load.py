"""`logdig load`: bring customers or tracks from a file into the lake."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.aws_options import aws_options, aws_settings
from cli.file_options import columns_option, encoding_option, print_rows, progress_bar, read_columns
from cli.options import app_option, find_app, json_option
from cli.program import with_program
from logdig.backfill.reference_files import load_file


@click.command("load")
@click.argument("kind", type=click.Choice(["customers", "tracks"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@app_option
@columns_option
@encoding_option
@click.option("--strict", is_flag=True, help="Exit with 1 when a row was refused.")
@json_option("Print the report as JSON.")
@aws_options
def command(
    kind: str,
    file: Path,
    app: str | None,
    columns: tuple[str, ...],
    encoding: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Load customers or tracks of FILE; the job of that name brings them into its table.

    FILE is CSV with a header, NDJSON or Parquet. Of several loads of one id the latest counts. Names and addresses of
    customers are left out; their phone numbers, where the file has them, go to the profile store only (docs/sms.md).
    Exits with 1 when no row could be read.
    """
    settings = aws_settings()
    chosen, names = find_app(settings, app).name, read_columns(settings, kind, columns)
    with progress_bar() as bar:
        task = bar.add_task(f"loading {kind}", total=None)
        report = load_file(
            settings,
            kind,
            file,
            chosen,
            datetime.now(UTC),
            encoding=encoding,
            columns=names,
            progress=lambda line, lines: bar.update(task, completed=line, total=lines),
        )
        bar.remove_task(task)
    refused = [(row.line, row.reason, row.text) for row in report.refused]
    without = [(row.line, row.reason, row.text) for row in report.contacts_refused]
    if as_json:
        rows = [{"file": str(file), "line": line, "reason": why, "text": text} for line, why, text in refused]
        found = {"loaded": report.loaded, "refused": rows, "missing_columns": report.missing}
        click.echo(json.dumps(found | {"contacts": report.contacts, "contacts_refused": len(without)}))
    else:
        following = f"; next: logdig jobs run {kind}" if report.loaded else ""
        click.echo(with_program(f"{report.loaded:,} {kind} loaded, {len(refused):,} rows refused{following}"))
        if report.contacts or without:
            click.echo(f"{report.contacts:,} phone numbers put into the profile store, {len(without):,} left out")
            print_rows(file, without)
        if report.missing:
            click.echo(f"not in the file, stored as empty: {', '.join(report.missing)}", err=True)
        print_rows(file, refused)
        if not report.loaded and not refused:
            click.echo(f"{file}: no rows", err=True)
    sys.exit(1 if not report.loaded or (strict and (refused or without)) else 0)
