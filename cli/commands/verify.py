"""`logdig verify`: check stored objects and list the faults."""

import json
import sys
from dataclasses import asdict
from datetime import datetime

import click
from rich.console import Console
from rich.progress import track

from cli.aws_options import aws_options, aws_settings
from cli.options import check_days, from_option, json_option, to_option


def read_share(_context: click.Context, _option: click.Parameter, text: str) -> float:
    """Read a share such as 1% or 0.01."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise click.BadParameter(f"{text!r}: a share above 0 up to 100%, such as 1%")
    return share


@click.command("verify")
@from_option
@to_option
@click.option(
    "--sample",
    callback=read_share,
    default="100%",
    show_default=True,
    help="Share of the objects, such as 1%, chosen by name: the same ones every time.",
)
@json_option("Print one JSON object for each fault, and one with the totals.")
@aws_options
def command(start: datetime | None, end: datetime | None, sample: float, as_json: bool) -> None:
    """Check stored objects: name against content, gzip, lines, order, day.

    Changes nothing. Exits with 1 when an object is wrong.
    """
    from logdig.aws.clients import s3_store
    from logdig.store.verify import check_all, chosen_keys

    check_days(start, end)
    store = s3_store(aws_settings())
    console = Console(stderr=True)
    with console.status("listing objects"):
        keys = chosen_keys(store, start.date() if start else None, end.date() if end else None, sample)
    objects = lines = faults = 0
    for check in track(check_all(store, keys), "verifying", total=len(keys), console=console):
        objects, lines, faults = objects + 1, lines + check.lines, faults + bool(check.fault)
        if check.fault:
            click.echo(json.dumps(asdict(check)) if as_json else f"WRONG  {check.key}: {check.fault}")
    if as_json:
        click.echo(json.dumps({"objects": objects, "lines": lines, "faults": faults}))
    else:
        click.echo(f"{objects:,} objects, {lines:,} lines, {faults:,} wrong")
    sys.exit(1 if faults else 0)
