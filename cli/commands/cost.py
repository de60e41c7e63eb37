"""`logdig cost`: the cost of a month, one line for each service."""

import json
import os
from dataclasses import replace
from typing import Any, cast

import click
from rich.console import Console
from rich.table import Table

from cli.aws_options import aws_options, aws_settings
from cli.options import json_option, read_settings
from infra.cost.bill import bill
from infra.cost.comparison import by_front_door, design_of_2016, published
from infra.cost.model import FRONT_DOORS, PARTS, Freshness, FrontDoor, Line, Workload, total
from infra.cost.prices import PRICED_REGION, price_note, read_prices


@click.command("cost")
@click.option("--events-per-month", default=1e6, show_default=True, help="Events accepted in a month, such as 1e9.")
@click.option("--events-per-request", default=10.0, show_default=True, help="Mean; the tracker sends about ten.")
@click.option("--front-door", type=click.Choice(FRONT_DOORS), default="function-url", show_default=True)
@click.option("--freshness", type=click.Choice(["daily", "hourly", "live"]), default="daily", show_default=True)
@click.option("--decisions-per-month", default=0.0, show_default=True, help="Calls of the decision service.")
@click.option("--messages-per-month", default=0.0, show_default=True, help="Text messages of offers.")
@click.option(
    "--month",
    default=12,
    show_default=True,
    type=click.IntRange(1, 1200),
    help="Month since the first event, which is shown beside the first: what is stored grows until it expires.",
)
@click.option("--from-ledger", is_flag=True, help="Take the events of the last 30 days from the ledger.")
@json_option("Print JSON: total_usd and lines of --month, each beside month 1.")
@aws_options
def command(
    events_per_month: float,
    events_per_request: float,
    front_door: str,
    freshness: str,
    decisions_per_month: float,
    messages_per_month: float,
    month: int,
    from_ledger: bool,
    as_json: bool,
) -> None:
    """Show the cost of a month by service and job, compared with other endpoints and published prices.

    Prices are the list prices of us-east-1, without free tiers.
    """
    events = _accepted_last_month() if from_ledger else events_per_month
    settings, prices = read_settings(), read_prices()
    kept = settings.retention
    work = Workload(
        events, events_per_request, cast(FrontDoor, front_door), cast(Freshness, freshness), decisions_per_month,
        messages=messages_per_month, raw_days=kept.raw_days, old_files_days=kept.snapshot_days + kept.old_versions_days,
    )  # fmt: skip
    first, lines = bill(work, prices), bill(replace(work, month=month), prices)
    if as_json:
        rows = [
            {"service": line.service, "what": line.what, "usd": line.usd, "usd_month_1": before.usd}
            for before, line in zip(first, lines, strict=True)
        ]
        totals = {"month": month, "total_usd": total(lines), "total_usd_month_1": total(first)}
        click.echo(json.dumps({**totals, "price_region": PRICED_REGION, "lines": rows}))
        return
    console = Console()
    console.print(_table(first, lines, month, f"{events:,.0f} events a month, prices of {prices['date']}"))
    console.print(_comparison(work, prices))
    console.print(price_note(settings.region), markup=False)


def _comparison(work: Workload, prices: dict[str, Any]) -> Table:
    """The same events with other endpoints, then published prices with LogDig's for as many events."""
    table = Table("to S3 only", "events a month", "usd, month 1", "LogDig", title="Comparison")
    for name, usd in by_front_door(work, prices).items():
        table.add_row(f"LogDig, {name}", f"{work.events:,.0f}", f"{usd:,.2f}", "")
    older = total(design_of_2016(work.events, prices))
    table.add_row("the design of 2016", f"{work.events:,.0f}", f"{older:,.2f}", "")
    table.add_section()
    for row in published(work, prices):
        table.add_row(row.what, f"{row.events:,.0f}", f"{row.usd:,.2f}", f"{row.ours:,.2f}")
    return table


def _table(first: list[Line], lines: list[Line], month: int, title: str) -> Table:
    table = Table(
        "service", f"what, in month {month}", "usd, month 1", f"usd, month {month}", title=title, show_footer=True
    )
    table.columns[0].footer = "total"
    table.columns[2].footer, table.columns[3].footer = (f"{total(one):,.2f}" for one in (first, lines))
    for part in PARTS:
        for before, line in zip(first, lines, strict=True):
            if line.part == part:
                table.add_row(line.service, line.what, f"{before.usd:,.2f}", f"{line.usd:,.2f}")
        table.add_section()
    return table


def _accepted_last_month() -> float:
    from datetime import UTC, datetime, timedelta

    from logdig.errors import InputError
    from logdig.marts.reader import Marts

    since = (datetime.now(UTC) - timedelta(days=30)).date()
    marts = Marts(aws_settings(), os.environ)
    rows = marts.table("ledger", ["accepted"], [("day", ">=", since)])
    if rows.num_rows == 0:
        raise InputError("the ledger has no row for the last 30 days; run: logdig jobs run ledger")
    return float(sum(value or 0 for value in rows.column("accepted").to_pylist()))
