"""`logdig bad`: read rejected events, and send mended ones again."""

import json
import sys
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

from logdig.cli import read_settings
from logdig.cli.options import find_app, require_secret
from logdig.errors import InputError


@click.group("bad")
def command() -> None:
    """List, show and retry rejected events."""


@command.command("list")
@click.option("--day", "days", multiple=True, type=click.DateTime(["%Y-%m-%d"]), help="UTC day of arrival; repeatable.")
@click.option("--app", help="Of this app only.")
@click.option("--reason", default="", help="Only where the first error holds this text.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Most events to list.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an event, whole.")
def list_bad(days: tuple[datetime, ...], app: str | None, reason: str, limit: int, as_json: bool) -> None:
    """List rejected events with their first error."""
    from logdig.bad import Filter, read_bad
    from logdig.clients import s3_store

    wanted = Filter([day.date() for day in days], app, reason)
    count = 0
    for event in islice(read_bad(s3_store(read_settings()), wanted), limit):
        count += 1
        if as_json:
            click.echo(msgspec.json.encode(event).decode())
        else:
            click.echo(f"{event.bad_id:<24} {event.received_at}  {event.app or '-':<12} {event.reason}")
    if count == limit and not as_json:
        click.echo(f"the first {limit}; --limit shows more", err=True)


@command.command("show")
@click.argument("bad_id")
def show(bad_id: str) -> None:
    """Show the rejected event BAD_ID whole, as JSON."""
    from logdig.bad import find_bad
    from logdig.clients import s3_store

    event = find_bad(s3_store(read_settings()), bad_id)
    click.echo(msgspec.json.format(msgspec.json.encode(event)).decode())


@command.command("retry")
@click.argument("bad_ids", nargs=-1, required=True)
@click.option("--set", "changes", multiple=True, metavar="FIELD=JSON", help="Change a field, such as element.ex=0.")
@click.option("--remove", "removals", multiple=True, metavar="FIELD", help="Take a field out.")
@click.option("--from", "file", type=click.Path(exists=True, path_type=Path), help="Send this event instead (one id).")
@click.option("--app", help="App of the event, where the bad line names none.")
@click.option("--endpoint", default="http://127.0.0.1:8000", show_default=True, help="Address of the collector.")
def retry(
    bad_ids: tuple[str, ...],
    changes: tuple[str, ...],
    removals: tuple[str, ...],
    file: Path | None,
    app: str | None,
    endpoint: str,
) -> None:
    """Mend rejected events and send them through the front door again.

    The event keeps its event_id, so that a second retry changes nothing. The line in the bad zone stays, as the
    record of what came. Exits with 1 when one is rejected again.
    """
    from logdig.bad import find_bad, mend
    from logdig.clients import s3_store
    from logdig.sending import Batch, Sender

    if file is not None and len(bad_ids) != 1:
        raise InputError("--from FILE stands for one event; name one id")
    settings = read_settings()
    store = s3_store(settings)
    failed = 0
    for bad_id in bad_ids:
        event = find_bad(store, bad_id)
        chosen = find_app(settings, event.app or app)
        mended = json.loads(file.read_text()) if file else mend(event, _parse(changes), removals)
        tally = Sender(endpoint, chosen.token, require_secret(chosen.name)).send(Batch(0, (mended,), (0,)))
        failed += len(tally.refusals)
        outcome = tally.refusals[0].reason if tally.refusals else "accepted"
        click.echo(f"{bad_id:<24} {outcome}")
    sys.exit(1 if failed else 0)


def _parse(changes: tuple[str, ...]) -> dict[str, Any]:
    parsed = {}
    for change in changes:
        field, _, text = change.partition("=")
        try:
            parsed[field] = json.loads(text)
        except ValueError as err:
            raise InputError(f"--set {change}: the value is no JSON ({err}); text goes in double quotes") from err
    return parsed
