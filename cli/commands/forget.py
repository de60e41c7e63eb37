"""`logdig forget`: erase a person from all stored data."""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console

from cli.aws_options import aws_options, aws_settings, is_agreed, yes_option
from cli.options import json_option
from cli.person_options import check_app, named_person, person_options
from logdig.errors import LakeBusyError, LogDigError, SetupError

if TYPE_CHECKING:
    from analytics.privacy.erasure import Receipt


@click.command("forget")
@person_options
@yes_option
@json_option("Print the counts, or the receipt, as one JSON object.")
@aws_options
def command(*, user_key: str | None, customer_id: str | None, app: str | None, yes: bool, as_json: bool) -> None:
    """Remove a person's events and rows from objects, tables and profiles.

    Without --yes it counts by place what would be removed and asks; with --json, or where there is no terminal, it only
    counts. Events that still wait in a queue or in
    the person's browser are removed when they arrive. To finish an interrupted run, run it again. There is no undo.
    Exits with 1 when data of the person is left.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    from analytics.privacy.erasure import PersonErasure
    from cli.commands.jobs import SHOWN_CHARACTERS, start_spark, writing_lake
    from logdig.aws.clients import profile_store, s3_store

    person = named_person(user_key, customer_id, app)
    settings = aws_settings()
    check_app(settings, person)
    with Console(stderr=True).status("starting Spark") as status:
        spark = start_spark(settings)
        checked = itertools.count(1)
        erasure = PersonErasure(
            spark,
            settings,
            s3_store(settings),
            profile_store(settings),
            person,
            lambda: datetime.now(UTC),
            lambda: status.update(f"{step}: {next(checked):,} objects checked"),
        )
        step = "counting"
        try:
            before = erasure.count()
            if not yes:
                status.stop()
                _print_counts(before, as_json)
                if as_json or not is_agreed("Remove them for good?", yes=False):
                    return
                status.start()
            receipt = erasure.open_receipt(before)
            step = "waiting for the lake"
            status.stop()
            with writing_lake(settings, "forget", Console(stderr=True)):
                status.start()
                for step, act in erasure.steps(receipt):
                    status.update(step)
                    act()
        except (SetupError, LakeBusyError):
            raise
        except (LogDigError, Py4JJavaError, PySparkException) as err:
            reason = " ".join(str(err).split())[:SHOWN_CHARACTERS]
            raise LogDigError(f"interrupted at {step!r}: {reason}; run the same command again") from err
        finally:
            spark.stop()
    _print_receipt(receipt, as_json)
    sys.exit(0 if receipt.is_complete else 1)


def _print_counts(before: dict[str, int], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"dry_run": True, "before": before}))
        return
    for place, count in before.items():
        if count:
            click.echo(f"{place:<24} {count:>10,}")
    click.echo(f"{sum(before.values()):,} in all; nothing was changed; --yes removes them for good")


def _print_receipt(receipt: Receipt, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(receipt) | {"complete": receipt.is_complete}))
        return
    for place, count in receipt.before.items():
        if count or receipt.after.get(place):
            click.echo(f"{place:<24} {count:>10,} -> {receipt.after.get(place, 0):,}")
    click.echo(
        f"{receipt.objects_rewritten:,} objects rewritten, {receipt.old_versions_removed:,} old versions removed; "
        f"receipt {receipt.person} of {receipt.asked_at}"
    )
    earlier = (days for one in receipt.interrupted for days in one.get("sums_stay", ()))
    for days in sorted({*receipt.sums_stay, *earlier}):
        click.echo(f"sums stay as they are: {days}; the day's first events may have expired")
    for key in receipt.damaged:
        click.echo(f"CANNOT BE READ  {key}; it may hold the person", err=True)
    if not receipt.is_complete:
        click.echo("logdig: something is left; run the same command again", err=True)
