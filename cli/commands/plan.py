"""`logdig plan`: what a deploy would do, in words, and what it would cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from cli.aws_options import account_of, aws_options, progress
from cli.options import read_settings

if TYPE_CHECKING:
    from infra.deploy.plan import Plan, Step
    from logdig.config.settings import Settings

COLOURS = {
    "add": "green", "take up": "green", "change": "yellow", "may replace": "bold red", "replace": "bold red",
    "remove": "bold red",
}  # fmt: skip


class Shower:
    """Shows steps and does none."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def carry_out(self, step: Step) -> None:
        """Print one step."""
        from infra.deploy.executor import in_words

        self._console.print(f"  - {in_words(step)}")


@click.command("plan")
@click.option("--events-per-month", default=1e6, show_default=True, help="For the prices.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: stack, account, region, changes, steps, prices.")
@aws_options
def command(events_per_month: float, as_json: bool) -> None:
    """Show what `logdig deploy` would do, in words, and what a month costs. Nothing is changed.

    Red lines replace or remove a resource; where it holds data, the plan says so.
    """
    from infra.aws.cloudformation import forget_change
    from infra.deploy.executor import build
    from infra.deploy.plan import ApplyTemplate, make_plan

    settings = read_settings()
    account = account_of(settings)
    with progress().status("building packages, asking CloudFormation"):
        packages, template = build(account, settings)
        plan = make_plan(account, settings, packages.all(), template)
    for step in plan.steps:
        if isinstance(step, ApplyTemplate) and step.change_set is not None:
            forget_change(account, step.change_set)
    prices = monthly_prices(settings, events_per_month)
    if as_json:
        click.echo(json.dumps(as_data(plan, prices)))
    else:
        show(plan, prices, settings, Console(highlight=False, soft_wrap=True))


def monthly_prices(settings: Settings, events: float) -> dict[str, float]:
    """Dollars a month for everything, by freshness."""
    from infra.cost.model import RUNS_A_MONTH, Workload, bill, total
    from infra.cost.prices import read_prices

    prices = read_prices()
    works = {one: Workload(events, front_door=settings.front_door, freshness=one) for one in RUNS_A_MONTH}
    return {one: total(bill(work, prices)) for one, work in works.items()}


def as_data(plan: Plan, prices: dict[str, float]) -> dict[str, object]:
    """A plan for scripts."""
    from infra.deploy.executor import in_words

    changes = [
        {
            "action": one.action, "logical_id": one.logical_id, "type": one.kind, "causes": one.causes,
            "endangers_data": one.endangers_data,
        }
        for one in plan.changes
    ]  # fmt: skip
    return {
        "stack": plan.stack,
        "account": plan.identity.account,
        "region": plan.region,
        "changes": changes,
        "steps": [in_words(step) for step in plan.steps],
        "usd_a_month": prices,
    }


def show(plan: Plan, prices: dict[str, float], settings: Settings, console: Console) -> None:
    """Print a plan for people."""
    from infra.deploy.plan import run

    console.print(f"stack {plan.stack} in account {plan.identity.account}, {plan.region}, as {plan.identity.arn}")
    if not plan.steps:
        console.print("nothing to change")
    for one in plan.changes:
        causes = f" because of {', '.join(one.causes)}" if one.causes else ""
        console.print(f"  [{COLOURS[one.action]}]{one.action:<12}[/] {one.logical_id}: {one.meaning}{causes}")
        if one.endangers_data:
            console.print(f"  [bold red]{'':<12} HOLDS DATA: what is in it stays behind and is no longer used[/]")
    if plan.steps:
        console.print("steps:")
        run(plan, Shower(console))
    console.print(_price_table(prices, settings))


def _price_table(prices: dict[str, float], settings: Settings) -> Table:
    table = Table("freshness", "usd a month", title=f"{settings.front_door}, see 'logdig cost'")
    for name, usd in prices.items():
        mark = " (set)" if name == settings.freshness else ""
        table.add_row(f"{name}{mark}", f"{usd:,.2f}")
    return table
