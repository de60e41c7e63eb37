"""`logdig dlq`: look at the dead-letter queue and send its messages back."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.progress import track

from cli.options import read_settings


@click.group("dlq")
def command() -> None:
    """List messages that no flush could handle, and send them back."""


@command.command("list")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1), help="Most messages to list.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a message.")
def list_messages(limit: int, as_json: bool) -> None:
    """List dead messages, oldest first, with age, content and reason; nothing is taken out."""
    from logdig.aws.clients import dead_letter_queue
    from logdig.queue.dead_letters import list_dead

    with Console(stderr=True).status("reading the dead-letter queue"):
        found = list_dead(dead_letter_queue(read_settings()), limit)
    now = datetime.now(UTC)
    for one in found:
        age = timedelta(seconds=round((now - one.sent_at).total_seconds()))
        if as_json:
            facts = asdict(one) | {"sent_at": one.sent_at.isoformat(), "age_seconds": age.total_seconds()}
            click.echo(json.dumps(facts))
        else:
            content = f"{one.app or '-'}  {one.events} events, {one.rejected} rejected"
            click.echo(f"{one.message_id}  {age} old  received {one.receive_count}  {content}  {one.reason}")
    click.echo(f"{len(found)} messages", err=True)


@command.command("redrive")
@click.option("--yes", is_flag=True, help="Do it; without this it only says what it would do.")
def redrive_messages(yes: bool) -> None:
    """Send every dead message back to the queue, for the next flush.

    Breaking it off loses nothing: a message is sent before it is deleted, and copies are told apart later.
    """
    from logdig.aws.clients import dead_letter_queue, sqs_queue
    from logdig.queue.dead_letters import list_dead, redrive

    settings = read_settings()
    dlq = dead_letter_queue(settings)
    if not yes:
        with Console(stderr=True).status("reading the dead-letter queue"):
            found = list_dead(dlq, 10_000)
        events = sum(one.events + one.rejected for one in found)
        click.echo(f"would send back {len(found)} messages with {events} events; --yes does it")
        return
    moved = sum(track(redrive(dlq, sqs_queue(settings)), "sending back", console=Console(stderr=True)))
    click.echo(f"sent back {moved} messages; 'logdig flush' writes them")
