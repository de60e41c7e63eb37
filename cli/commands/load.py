"""`logdig load`: load customers or tracks from a file into the lake."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.options import app_option, find_app, json_option, read_settings
from cli.program import with_program
from logdig.backfill.reference_files import load_file


@click.command("load")
@click.argument("kind", type=click.Choice(["customers", "tracks"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@app_option
@click.option("--strict", is_flag=True, help="Exit with 1 when a row was refused.")
@json_option("Print the report as JSON.")
def command(kind: str, file: Path, app: str | None, strict: bool, as_json: bool) -> None:
    """Load customers or tracks of FILE; the job of that name then writes them to its table.

    The latest load of an id counts. Names and addresses of customers are left out.
    """
    settings = read_settings()
    loaded, refused = load_file(settings, kind, file, find_app(settings, app).name, datetime.now(UTC))
    if as_json:
        rows = [{"file": str(file), "line": row.line, "reason": row.reason, "text": row.text} for row in refused]
        click.echo(json.dumps({"loaded": loaded, "refused": rows}))
    else:
        result = f"{loaded:,} {kind} loaded, {len(refused):,} rows refused; next: logdig jobs run {kind}"
        click.echo(with_program(result))
        for row in refused[:20]:
            click.echo(f"  {file}:{row.line}: {row.reason}: {row.text}", err=True)
    sys.exit(1 if strict and refused else 0)
