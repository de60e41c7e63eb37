"""`logdig bad`: read rejected events, and send mended ones again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from cli.options import collector_option, find_app, read_settings, require_secret
from logdig.backfill.refused_rows import printable
from logdig.errors import InputError

if TYPE_CHECKING:
    from logdig.backfill.bad_retry import RetryResult
    from logdig.store.bad_events import BadEvent


@click.group("bad")
def command() -> None:
    """List, show and retry rejected events."""


day_option = click.option(
    "--day", "days", multiple=True, type=click.DateTime(["%Y-%m-%d"]), help="UTC day of arrival; repeatable."
)


def tell_unreadable(key: str) -> None:
    """Name an object that was left out."""
    click.echo(f"CANNOT BE READ  {key}; see: logdig verify", err=True)


@command.command("list")
@day_option
@click.option("--app", help="Of this app only.")
@click.option("--reason", default="", help="Only where the first error holds this text.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Most events to list.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an event, whole.")
def list_bad(days: tuple[datetime, ...], app: str | None, reason: str, limit: int, as_json: bool) -> None:
    """List rejected events with their first error."""
    from logdig.aws.clients import s3_store
    from logdig.store.bad_events import Filter, read_bad

    wanted = Filter([day.date() for day in days], app, reason)
    count = 0
    for event in islice(read_bad(s3_store(read_settings()), wanted, tell_unreadable), limit):
        count += 1
        if as_json:
            click.echo(msgspec.json.encode(event).decode())
        else:
            click.echo(f"{event.bad_id:<24} {event.received_at}  {event.app or '-':<12} {printable(event.reason)}")
    if count == limit and not as_json:
        click.echo(f"the first {limit}; --limit shows more", err=True)


@command.command("show")
@click.argument("bad_id")
def show(bad_id: str) -> None:
    """Show the rejected event BAD_ID whole, as JSON."""
    from logdig.aws.clients import s3_store
    from logdig.store.bad_events import find_bad

    (event,) = find_bad(s3_store(read_settings()), [bad_id], tell_unreadable)
    click.echo(msgspec.json.format(msgspec.json.encode(event)).decode())


@command.command("retry")
@click.argument("bad_ids", nargs=-1)
@day_option
@click.option("--reason", default="", help="All whose first error holds this text, where no ids are given.")
@click.option("--app", help="All of this app; also the app of events whose bad line names none.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=JSON", help="Change a field, such as element.ex=0.")
@click.option("--remove", "removals", multiple=True, metavar="FIELD", help="Take a field out.")
@click.option("--from", "file", type=click.Path(exists=True, path_type=Path), help="Send this event instead (one id).")
@collector_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an event.")
def retry(
    bad_ids: tuple[str, ...],
    days: tuple[datetime, ...],
    reason: str,
    app: str | None,
    changes: tuple[str, ...],
    removals: tuple[str, ...],
    file: Path | None,
    endpoint: str,
    as_json: bool,
) -> None:
    """Mend rejected events, by BAD_IDS or all of a --day or --reason, and send them through the front door again.

    Each event keeps its event_id, so that a second retry changes nothing. The lines in the bad zone stay, as the
    record of what came. Exits with 1 when one is rejected again.
    """
    from logdig.aws.clients import s3_store
    from logdig.backfill.bad_retry import retry as send_again
    from logdig.backfill.sender import EventSender
    from logdig.store.bad_events import Filter, find_bad, mend, read_bad

    if file is not None and len(bad_ids) != 1:
        raise InputError("--from FILE stands for one event; name one id")
    if bool(bad_ids) == bool(days or reason):
        raise InputError("name either the ids of events, or all of a --day or --reason")
    settings = read_settings()
    store = s3_store(settings)
    wanted = Filter([day.date() for day in days], app, reason)
    parsed = _parse(changes)

    @cache
    def sender_of(name: str) -> EventSender:
        chosen = find_app(settings, name or app)
        secret = require_secret(chosen.name)
        return EventSender(endpoint, chosen.token, secret, on_retry=lambda words: click.echo(words, err=True))

    events: Iterable[BadEvent]
    events = find_bad(store, bad_ids, tell_unreadable) if bad_ids else read_bad(store, wanted, tell_unreadable)
    outcomes = send_again(events, lambda event: _load(file) if file else mend(event, parsed, removals), sender_of)
    sys.exit(1 if _print(outcomes, len(bad_ids) or None, as_json) else 0)


def _print(outcomes: Iterable[RetryResult], total: int | None, as_json: bool) -> int:
    """Print outcomes as they come, with a bar on stderr; count those that were not accepted."""
    refused = count = 0
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("sending again", total=total)
        for outcome in outcomes:
            count, refused = count + 1, refused + (not outcome.accepted)
            bar.update(task, completed=count)
            if as_json:
                row = {"bad_id": outcome.bad_id, "accepted": outcome.accepted, "reason": outcome.reason}
                click.echo(json.dumps(row))
            else:
                click.echo(f"{outcome.bad_id:<24} {printable(outcome.reason) or 'accepted'}")
    click.echo(f"{count:,} sent again: {count - refused:,} accepted, {refused:,} not", err=True)
    return refused


def _load(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as err:
        raise InputError(f"{file}: no JSON: {err}") from err
    if not isinstance(found, dict):
        raise InputError(f"{file}: must hold one JSON object, the event")
    return found


def _parse(changes: tuple[str, ...]) -> dict[str, Any]:
    parsed = {}
    for change in changes:
        field, _, text = change.partition("=")
        try:
            parsed[field] = json.loads(text)
        except ValueError as err:
            raise InputError(f"--set {change}: the value is no JSON ({err}); text goes in double quotes") from err
    return parsed
