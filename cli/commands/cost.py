"""`logdig cost`: what a month costs, a line a service."""

import json
import os
from typing import Any, cast

import click
from rich.console import Console
from rich.table import Table

from infra.cost.comparison import doors, published, shape_of_2016
from infra.cost.model import FRONT_DOORS, Freshness, FrontDoor, Line, Workload, bill, total
from infra.cost.prices import read_prices


@click.command("cost")
@click.option("--events-per-month", default=1e6, show_default=True, help="Events accepted in a month, such as 1e9.")
@click.option("--events-per-request", default=10.0, show_default=True, help="Mean; the tracker sends about ten.")
@click.option("--front-door", type=click.Choice(FRONT_DOORS), default="function-url", show_default=True)
@click.option("--freshness", type=click.Choice(["daily", "hourly", "live"]), default="daily", show_default=True)
@click.option("--decisions-per-month", default=0.0, show_default=True, help="Calls of the decision service.")
@click.option("--from-ledger", is_flag=True, help="Take the events of the last 30 days from the ledger.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: total_usd and lines.")
def command(
    events_per_month: float,
    events_per_request: float,
    front_door: str,
    freshness: str,
    decisions_per_month: float,
    from_ledger: bool,
    as_json: bool,
) -> None:
    """Show what a month costs, a line a service, beside other front doors and what others publish.

    Prices are those of infra/cost/prices.toml, free tiers left out.
    """
    events = _accepted_last_month() if from_ledger else events_per_month
    work = Workload(
        events, events_per_request, cast(FrontDoor, front_door), cast(Freshness, freshness), decisions_per_month
    )
    prices = read_prices()
    lines = bill(work, prices)
    if as_json:
        rows = [{"service": one.service, "what": one.what, "usd": one.usd} for one in lines]
        click.echo(json.dumps({"total_usd": total(lines), "lines": rows}))
        return
    console = Console()
    console.print(_table(lines, f"{events:,.0f} events a month, prices of {prices['date']}"))
    console.print(_beside(work, prices))


def _beside(work: Workload, prices: dict[str, Any]) -> Table:
    """The same events elsewhere, then what others publish beside ours for as many."""
    table = Table("to S3 only", "events a month", "usd", "LogDig", title="Beside it")
    for door, usd in doors(work, prices).items():
        table.add_row(f"LogDig, {door}", f"{work.events:,.0f}", f"{usd:,.2f}", "")
    older = total(shape_of_2016(work.events, prices))
    table.add_row("the shape of 2016", f"{work.events:,.0f}", f"{older:,.2f}", "")
    table.add_section()
    for row in published(work, prices):
        table.add_row(row.what, f"{row.events:,.0f}", f"{row.usd:,.2f}", f"{row.ours:,.2f}")
    return table


def _table(lines: list[Line], title: str) -> Table:
    table = Table("service", "what", "usd", title=title, show_footer=True)
    table.columns[0].footer, table.columns[2].footer = "all of it", f"{total(lines):,.2f}"
    for part in ("collect", "analyse", "operate"):
        for one in (line for line in lines if line.part == part):
            table.add_row(one.service, one.what, f"{one.usd:,.2f}")
        table.add_section()
    return table


def _accepted_last_month() -> float:
    from datetime import UTC, datetime, timedelta

    from cli.options import read_settings
    from logdig.errors import InputError
    from logdig.marts.reader import Marts

    since = (datetime.now(UTC) - timedelta(days=30)).date()
    marts = Marts(read_settings(), os.environ)
    rows = marts.table("ledger", ["accepted"], [("day", ">=", since)])
    if rows.num_rows == 0:
        raise InputError("the ledger has no row of the last 30 days; run: logdig jobs run ledger")
    return float(sum(value or 0 for value in rows.column("accepted").to_pylist()))
