"""`logdig dlq`: list the dead-letter queue and redrive its messages."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.progress import track

from cli.aws_options import aws_options, aws_settings, is_agreed, yes_option
from cli.options import json_option
from cli.program import with_program


@click.group("dlq")
def command() -> None:
    """List dead-letter messages and send them back to the queue."""


@command.command("list")
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1), help="Maximum number of messages.")
@json_option("Print one JSON object for each message.")
@aws_options
def list_messages(limit: int, as_json: bool) -> None:
    """List dead-letter messages, oldest first, with age, content and reason. Removes nothing."""
    from logdig.aws.clients import dead_letter_queue
    from logdig.queue.dead_letters import list_dead

    with Console(stderr=True).status("reading the dead-letter queue"):
        messages = list_dead(dead_letter_queue(aws_settings()), limit)
    now = datetime.now(UTC)
    for message in messages:
        age = timedelta(seconds=round((now - message.sent_at).total_seconds()))
        if as_json:
            row = asdict(message) | {"sent_at": message.sent_at.isoformat(), "age_seconds": age.total_seconds()}
            click.echo(json.dumps(row))
        else:
            content = f"{message.app or '-'}  {message.events} events, {message.rejected} rejected"
            receives = f"received {message.receive_count} times"
            click.echo(f"{message.message_id}  {age} old  {receives}  {content}  {message.reason}")
    click.echo(f"{len(messages)} messages", err=True)


@command.command("redrive")
@yes_option
@json_option("Print JSON: dry_run, messages; of a dry run also events.")
@aws_options
def redrive_messages(yes: bool, as_json: bool) -> None:
    """Send every dead-letter message back to the queue, for the next flush.

    Without --yes it asks; with --json, or where there is no terminal, it only shows what it would do.
    An interruption loses nothing: each message is sent before it is deleted, and duplicates are removed later.
    """
    from logdig.aws.clients import dead_letter_queue, sqs_queue
    from logdig.queue.dead_letters import list_dead, redrive

    settings = aws_settings()
    dlq = dead_letter_queue(settings)
    if not yes:
        with Console(stderr=True).status("reading the dead-letter queue"):
            messages = list_dead(dlq, 10_000)
        events = sum(message.events + message.rejected for message in messages)
        if as_json:
            click.echo(json.dumps({"dry_run": True, "messages": len(messages), "events": events}))
            return
        if not is_agreed(f"Send back {len(messages)} messages with {events} events?", yes=yes):
            click.echo(f"would send back {len(messages)} messages with {events} events; --yes does it")
            return
    moved = sum(track(redrive(dlq, sqs_queue(settings)), "sending back", console=Console(stderr=True)))
    if as_json:
        click.echo(json.dumps({"dry_run": False, "messages": moved}))
        return
    click.echo(with_program(f"sent back {moved} messages; write them with: logdig flush"))
