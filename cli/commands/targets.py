"""`logdig targets`: who is worth an offer, and lists of them for other channels."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from zoneinfo import ZoneInfo

import click

from cli.aws_options import aws_options, aws_settings, progress
from cli.commands.model import find_offer, offer_option
from cli.options import app_option, find_app, json_option
from cli.program import with_program

if TYPE_CHECKING:
    from logdig.config.settings import AppSettings, Settings

COLUMNS = ("rank", "customer_id", "user_key", "score", "reason", "expires_at")


@click.group("targets")
def command() -> None:
    """List and export the people who are worth an offer."""


@command.command("list")
@app_option
@offer_option
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Most people; 0 = all.")
@json_option("Print a JSON list of the targets.")
@aws_options
def list_targets(app: str | None, offer: str | None, limit: int, as_json: bool) -> None:
    """List an offer's targets, the best first, with score, reason and until when the score is used.

    Some of them are held out for comparison and get the offer by no channel; `export` leaves them out.
    """
    settings = aws_settings()
    rows, name = _targets(settings, find_app(settings, app), offer)
    shown = rows[:limit] if limit else rows
    if as_json:
        click.echo(json.dumps([{key: row[key] for key in COLUMNS} for row in shown], default=str))
        return
    for row in shown:
        person = row["customer_id"] or f"visitor {row['user_key']}"
        until = f"{row['expires_at']:%Y-%m-%d %H:%M}"
        click.echo(f"{row['rank']:>6}  {person:24}  {row['score']:.4f}  until {until}  {row['reason'] or ''}")
    click.echo(f"{len(rows):,} targets of {name}, {len(shown):,} shown", err=True)
    if not rows:
        click.echo(with_program("why there are none: logdig model show"), err=True)


@command.command("export")
@app_option
@offer_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; default: stdout.")
@json_option("Write a JSON list instead of CSV.")
@aws_options
def export(app: str | None, offer: str | None, output: Path | None, as_json: bool) -> None:
    """Write the targets whom the policy would show the offer now, as CSV.

    Nobody who is held out, capped, over budget or stale is in it. A spreadsheet formula in an id is defused.
    """
    settings = aws_settings()
    site = find_app(settings, app)
    rows, name = _targets(settings, site, offer)
    with progress().status("asking the policy"):
        reached = list(_reached(settings, site, name, rows, datetime.now(UTC)))
    if output is None:
        _write(sys.stdout, reached, as_json=as_json)
    else:
        with output.open("w", encoding="utf-8", newline="") as file:
            _write(file, reached, as_json=as_json)
    click.echo(f"{len(reached):,} of {len(rows):,} targets of {name} written", err=True)


def _targets(settings: Settings, site: AppSettings, offer: str | None) -> tuple[list[dict[str, Any]], str]:
    """Rows of table targets of an offer, the best first, and its name."""
    from logdig.marts.reader import Marts

    name = find_offer(settings, offer)
    with progress().status("reading the targets"):
        found = Marts(settings, os.environ).table("targets", where=[("app", "=", site.name)]).to_pylist()
    return sorted((row for row in found if row["offer"] == name), key=lambda row: row["rank"]), name


def _reached(
    settings: Settings, site: AppSettings, name: str, rows: Iterable[Mapping[str, Any]], now: datetime
) -> Iterator[dict[str, Any]]:
    """Those whom the policy shows the offer."""
    from logdig.aws.clients import profile_store
    from logdig.decide.channels import budgets_of, channel_decision
    from logdig.decide.profiles import person_key

    offer = next(one for one in settings.offers if one.name == name)
    store, local, budgets = profile_store(settings), now.astimezone(ZoneInfo(site.timezone)), budgets_of(offer)
    for row in rows:
        person = person_key(site.name, customer_id=row["customer_id"], user_key=row["user_key"])
        reading = store.read(person, site.name, local.date(), budgets)
        if channel_decision(reading, offer, local).decision == "show":
            yield {key: row[key] for key in COLUMNS}


def _write(file: TextIO, rows: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        file.write(json.dumps(list(rows), default=str) + "\n")
        return
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_defused(row[name]) for name in COLUMNS])


def _defused(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, with an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
