"""`logdig sms`: messages of offers, and who wants none."""

from __future__ import annotations

import json
import os

import click

from cli.aws_options import aws_options, aws_settings
from cli.options import app_option, find_app, json_option
from logdig.errors import InputError


@click.group("sms")
def command() -> None:
    """Send the messages of an offer, or end all messages to a customer (docs/sms.md)."""


@command.command("send")
@click.argument("offer")
@app_option
@click.option("--dry-run", is_flag=True, help="Send nothing, even where the offer's settings would.")
@json_option("Print the counts as one JSON object.")
@aws_options
def send(offer: str, app: str | None, dry_run: bool, as_json: bool) -> None:
    """Send OFFER's message to every target who may get it now, each once.

    Without dry_run = false in [offers.sms] nothing is sent, and the counts say what would be. Whoever has quiet hours
    now gets it from a later run.
    """
    from logdig.aws.message_sender import message_sender
    from logdig.config.apps import app_from_settings
    from logdig.marts.reader import Marts

    settings = aws_settings()
    owner = app_from_settings(find_app(settings, app))
    chosen = next((one for one in settings.offers if one.name == offer), None)
    if chosen is None or chosen.sms is None:
        names = ", ".join(one.name for one in settings.offers if one.sms) or "none"
        raise InputError(f"logdig.toml has no offer {offer!r} with a table [offers.sms]; with one are: {names}")
    rows = Marts(settings, os.environ).table(
        "targets", ["customer_id"], [("app", "=", owner.name), ("offer", "=", offer)]
    )
    customers = [customer for customer in rows["customer_id"].to_pylist() if customer is not None]
    with message_sender(settings, dry_run=dry_run) as messages:
        outcomes = messages.offer_to_all(owner, chosen, customers)
    is_dry = dry_run or chosen.sms.dry_run
    if as_json:
        click.echo(json.dumps({"offer": offer, "dry_run": is_dry, "targets": len(customers), "outcomes": outcomes}))
        return
    for outcome, count in sorted(outcomes.items()):
        click.echo(f"{outcome:<12} {count:>10,}")
    ending = "nothing was sent: a dry run" if is_dry else f"{outcomes['sent']:,} messages sent"
    click.echo(f"{len(customers):,} targets; {ending}")


@command.command("stop")
@click.option("--customer-id", required=True, help="The customer with this customer_id.")
@app_option
@json_option("Print one JSON object.")
@aws_options
def stop(customer_id: str, app: str | None, as_json: bool) -> None:
    """End all messages to a customer, at once. A load that opts the customer out, and a later one in, begins again."""
    from logdig.aws.clients import profile_store
    from logdig.decide.profiles import person_key

    if not customer_id.strip():
        raise InputError(f"--customer-id {customer_id!r} names nobody, so nobody was stopped; give the customer's id")
    settings = aws_settings()
    owner = find_app(settings, app)
    person = person_key(owner.name, customer_id=customer_id, user_key=None)
    is_stopped = profile_store(settings).stop_messages(person)
    if as_json:
        click.echo(json.dumps({"app": owner.name, "customer_id": customer_id, "had_contact": is_stopped}))
    elif is_stopped:
        click.echo(f"customer {customer_id} of {owner.name} gets no more messages")
    else:
        click.echo(f"customer {customer_id} of {owner.name} has no phone number here, so no message can go")
