"""`logdig load`: bring customers or tracks from a file into the lake."""

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from logdig.cli import read_settings
from logdig.cli.options import app_option, find_app
from logdig.recorded import RefusedRow
from logdig.settings import Settings


@click.command("load")
@click.argument("kind", type=click.Choice(["customers", "tracks"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@app_option
@click.option("--strict", is_flag=True, help="Exit with 1 when a row was refused.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(kind: str, file: Path, app: str | None, strict: bool, as_json: bool) -> None:
    """Load customers or tracks of FILE; the job of that name brings them into its table.

    Of several loads of one id the latest counts. Names and addresses of customers are left out.
    """
    settings = read_settings()
    loaded, refused = load_file(settings, kind, file, find_app(settings, app).name, datetime.now(UTC))
    if as_json:
        rows = [{"file": str(file), "line": row.line, "reason": row.reason, "text": row.text} for row in refused]
        click.echo(json.dumps({"loaded": loaded, "refused": rows}))
    else:
        click.echo(f"{loaded:,} {kind} loaded, {len(refused):,} rows refused; next: logdig jobs run {kind}")
        for row in refused[:20]:
            click.echo(f"  {file}:{row.line}: {row.reason}: {row.text}", err=True)
    sys.exit(1 if strict and refused else 0)


def load_file(settings: Settings, kind: str, file: Path, app: str, now: datetime) -> tuple[int, list[RefusedRow]]:
    """Put the readable rows of a file under ``load/<kind>/``; return how many, and those refused."""
    from logdig.clients import s3_store
    from logdig.loading import READERS
    from logdig.objects import compress
    from logdig.times import wire_time

    facts = {"app": app, "loaded_at": wire_time(now)}
    lines, refused = [], []
    with file.open(encoding="utf-8-sig", errors="replace", newline="\n") as text:
        for row in READERS[kind](text):
            if isinstance(row, RefusedRow):
                refused.append(row)
            else:
                lines.append(json.dumps(row | facts, separators=(",", ":")))
    body = ("\n".join(lines) + "\n").encode("ascii")
    if lines:
        s3_store(settings).put(f"load/{kind}/{hashlib.sha256(body).hexdigest()}.jsonl.gz", compress(body))
    return len(lines), refused
