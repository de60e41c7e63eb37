"""`logdig bad`: read rejected events, correct them and send them again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from cli.aws_options import aws_options, aws_settings
from cli.options import (
    check_days,
    collector_option,
    day_type,
    find_app,
    from_option,
    json_option,
    only_app_option,
    require_secret,
    to_option,
)
from cli.terminal import report_unreadable
from logdig.errors import InputError
from logdig.files.refused_rows import printable

if TYPE_CHECKING:
    from logdig.backfill.bad_retry import RetryResult
    from logdig.events.lines import BadEvent


@click.group("bad")
def command() -> None:
    """List, show and retry rejected events."""


day_option = click.option("--day", "days", multiple=True, type=day_type, hidden=True, help="UTC day; repeatable.")


@command.command("list")
@from_option
@to_option
@day_option
@only_app_option
@click.option("--reason", default="", help="Only events whose first error contains this text.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Maximum number of events.")
@json_option("Print each whole event as a JSON object.")
@aws_options
def list_bad(
    start: datetime | None,
    end: datetime | None,
    days: tuple[datetime, ...],
    app: str | None,
    reason: str,
    limit: int,
    as_json: bool,
) -> None:
    """List rejected events with their first error."""
    from logdig.aws.clients import s3_store
    from logdig.store.bad_events import Filter, read_bad

    check_days(start, end)
    selection = Filter([day.date() for day in days], app, reason, _date(start), _date(end))
    count = 0
    for event in islice(read_bad(s3_store(aws_settings()), selection, report_unreadable), limit):
        count += 1
        if as_json:
            click.echo(msgspec.json.encode(event).decode())
        else:
            click.echo(f"{event.bad_id:<24} {event.received_at}  {event.app or '-':<12} {printable(event.reason)}")
    if not count:
        click.echo("no rejected events", err=True)
    if count == limit and not as_json:
        click.echo(f"the first {limit}; --limit shows more", err=True)


@command.command("show")
@click.argument("bad_id")
@aws_options
def show(bad_id: str) -> None:
    """Show the rejected event BAD_ID as JSON."""
    from logdig.aws.clients import s3_store
    from logdig.store.bad_events import find_bad

    (event,) = find_bad(s3_store(aws_settings()), [bad_id], report_unreadable)
    click.echo(msgspec.json.format(msgspec.json.encode(event)).decode())


@command.command("retry")
@click.argument("bad_ids", nargs=-1)
@from_option
@to_option
@day_option
@click.option("--reason", default="", help="Without ids: all events whose first error contains this text.")
@only_app_option
@click.option("--set", "changes", multiple=True, metavar="FIELD=JSON", help="Change a field, such as element.ex=0.")
@click.option("--remove", "removals", multiple=True, metavar="FIELD", help="Remove a field.")
@click.option("--event", "file", type=click.Path(exists=True, path_type=Path), help="Send this event instead (one id).")
@collector_option
@json_option("Print one JSON object for each event.")
@aws_options
def retry(
    bad_ids: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    days: tuple[datetime, ...],
    reason: str,
    app: str | None,
    changes: tuple[str, ...],
    removals: tuple[str, ...],
    file: Path | None,
    endpoint: str,
    as_json: bool,
) -> None:
    """Correct rejected events, by BAD_IDS or all of a --from, --to or --reason, and send them to the collector again.

    Where a rejected line names no app, --app does. Each event keeps its event_id, so a second retry changes nothing.
    The lines in the bad zone stay as a record.
    Exits with 1 when an event is rejected again.
    """
    from logdig.aws.clients import s3_store
    from logdig.backfill.bad_retry import retry as send_again
    from logdig.backfill.sender import EventSender
    from logdig.store.bad_events import Filter, correct_event, find_bad, read_bad

    if file is not None and len(bad_ids) != 1:
        raise InputError("--event FILE replaces one event; give one id")
    if bool(bad_ids) == bool(start or end or days or reason):
        raise InputError("give either ids of events, or --from, --to or --reason")
    check_days(start, end)
    settings = aws_settings()
    store = s3_store(settings)
    selection = Filter([day.date() for day in days], app, reason, _date(start), _date(end))
    parsed = _parse(changes)

    @cache
    def sender_of(name: str) -> EventSender:
        app_settings = find_app(settings, name or app)
        secret = require_secret(app_settings.name)
        return EventSender(endpoint, app_settings.token, secret, on_retry=lambda words: click.echo(words, err=True))

    events: Iterable[BadEvent]
    events = find_bad(store, bad_ids, report_unreadable) if bad_ids else read_bad(store, selection, report_unreadable)
    outcomes = send_again(
        events, lambda event: _load(file) if file else correct_event(event, parsed, removals), sender_of
    )
    sys.exit(1 if _print(outcomes, len(bad_ids) or None, as_json) else 0)


def _print(outcomes: Iterable[RetryResult], total: int | None, as_json: bool) -> int:
    """Print outcomes as they come, with a bar on stderr; count those that were not accepted."""
    rejected = count = 0
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("sending again", total=total)
        for outcome in outcomes:
            count, rejected = count + 1, rejected + (not outcome.accepted)
            bar.update(task, completed=count)
            if as_json:
                row = {"bad_id": outcome.bad_id, "accepted": outcome.accepted, "reason": outcome.reason}
                click.echo(json.dumps(row))
            else:
                click.echo(f"{outcome.bad_id:<24} {printable(outcome.reason) or 'accepted'}")
    click.echo(f"{count:,} sent again: {count - rejected:,} accepted, {rejected:,} not", err=True)
    return rejected


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _load(file: Path) -> dict[str, Any]:
    try:
        event = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as err:
        raise InputError(f"{file}: not JSON: {err}") from err
    if not isinstance(event, dict):
        raise InputError(f"{file}: must hold one JSON object, the event")
    return event


def _parse(changes: tuple[str, ...]) -> dict[str, Any]:
    parsed = {}
    for change in changes:
        field, _, text = change.partition("=")
        try:
            parsed[field] = json.loads(text)
        except ValueError as err:
            raise InputError(f"--set {change}: the value is not JSON ({err}); put text in double quotes") from err
    return parsed
