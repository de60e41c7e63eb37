"""`logdig plan`: what a deploy would do, and what it would cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table

from cli.aws_options import account_of, account_option, aws_options, progress
from cli.options import json_option, read_settings
from cli.program import with_program
from logdig.decide.sms import is_quiet

if TYPE_CHECKING:
    from infra.deploy.steps import DeployPlan, Step
    from logdig.config.settings import Settings

COLOURS = {
    "add": "green", "import": "green", "change": "yellow", "may replace": "bold red", "replace": "bold red",
    "remove": "bold red",
}  # fmt: skip
PEOPLE_A_MONTH = (1_000, 10_000, 100_000)
COME_ANYWAY = 0.05
"""For what a month's trial of an offer can prove."""


class StepPrinter:
    """An executor that prints each step and does none."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def carry_out(self, step: Step) -> None:
        """Print one step."""
        from infra.deploy.executor import describe_step

        self._console.print(f"  - {describe_step(step)}")


@click.command("plan")
@click.option("--events-per-month", default=1e6, show_default=True, help="Events a month, for the prices.")
@account_option
@json_option("Print JSON: stack, account, region, changes, steps, usd_a_month and other prices, proofs.")
@aws_options
def command(events_per_month: float, account: str | None, as_json: bool) -> None:
    """Show what `logdig deploy` would do and what a month costs. Changes nothing.

    Red lines replace or remove a resource; the plan says so where the resource holds data. With --account it asks AWS
    nothing and builds no package: it shows what a first deploy to that account makes.
    """
    from infra.deploy.plan import offline_plan

    settings = read_settings()
    plan = offline_plan(account, settings) if account is not None else _compare(settings)
    prices = prices_of(settings, events_per_month)
    if as_json:
        click.echo(json.dumps(as_data(plan, prices, proofs_of(settings))))
    else:
        show(plan, prices, settings, Console(highlight=False, soft_wrap=True))


def _compare(settings: Settings) -> DeployPlan:
    """Compare the settings with what is deployed."""
    from infra.aws.cloudformation import discard_change
    from infra.deploy.executor import build
    from infra.deploy.plan import make_plan
    from infra.deploy.steps import ApplyTemplate

    account = account_of(settings)
    with progress().status("building packages, asking CloudFormation"):
        packages, template = build(account, settings)
        plan = make_plan(account, settings, packages.all(), template)
    for step in plan.steps:
        if isinstance(step, ApplyTemplate) and step.change_set is not None:
            discard_change(account, step.change_set)
    return plan


def prices_of(settings: Settings, events: float) -> dict[str, Any]:
    """See `infra.cost.bill.monthly_prices`."""
    from infra.cost.bill import monthly_prices
    from infra.cost.prices import read_prices

    return monthly_prices(settings, events, read_prices())


def as_data(plan: DeployPlan, prices: dict[str, Any], proofs: list[dict[str, Any]]) -> dict[str, object]:
    """A plan as JSON data for scripts."""
    from infra.cost.prices import PRICED_REGION
    from infra.deploy.executor import describe_step

    changes = [
        {
            "action": change.action, "logical_id": change.logical_id, "type": change.kind, "causes": change.causes,
            "endangers_data": change.endangers_data, "domain": change.domain,
        }
        for change in plan.changes
    ]  # fmt: skip
    return {
        "stack": plan.stack,
        "account": plan.identity.account,
        "region": plan.region,
        "changes": changes,
        "steps": [describe_step(step) for step in plan.steps],
        **prices,
        "price_region": PRICED_REGION,
        "proofs": proofs,
    }


def proofs_of(settings: Settings) -> list[dict[str, Any]]:
    """Smallest effect of each offer that a month's trial can prove, for months of different size (docs/offers.md)."""
    from logdig.questions.trials.verdict import HOLDOUTS, least_holdout, smallest_provable

    found = []
    for offer in settings.offers:
        even = offer.ad_cost / offer.offer_value if offer.offer_value else 0.0
        months = []
        for people in PEOPLE_A_MONTH:
            auto = (least_holdout(people, COME_ANYWAY, even) if even else None) or HOLDOUTS[0]
            share = auto if isinstance(offer.holdout_share, str) else offer.holdout_share
            effect = smallest_provable(people, COME_ANYWAY, share) if 0 < share < 1 else None
            months.append({"people": people, "holdout": share, "provable": effect})
        found.append({"offer": offer.name, "break_even": even or None, "months": months})
    return found


def _proof_note(proof: dict[str, Any]) -> str:
    months = [
        f"{month['people']:,} people ({month['holdout']:.0%} held out): {100 * month['provable']:.2f} points"
        for month in proof["months"]
        if month["provable"] is not None
    ]
    if not months:
        return f"offer {proof['offer']}: nobody is held out, so nothing is proven"
    even = f"; it pays from {100 * proof['break_even']:.2f} on" if proof["break_even"] else ""
    return (
        f"offer {proof['offer']}: smallest effect that 28 days prove where {COME_ANYWAY:.0%} come anyway, with "
        f"{', '.join(months)}{even}"
    )


def show(plan: DeployPlan, prices: dict[str, Any], settings: Settings, console: Console) -> None:
    """Print a plan as text."""
    from infra.cost.prices import price_note
    from infra.deploy.steps import run

    caller = f"as {plan.identity.arn}" if plan.identity.arn else "not compared with what is deployed there"
    console.print(f"stack {plan.stack} in account {plan.identity.account}, {plan.region}, {caller}")
    if not plan.steps and not plan.changes:
        console.print("nothing to change")
    for change in sorted(plan.changes, key=lambda change: change.domain):
        causes = f" because of {', '.join(change.causes)}" if change.causes else ""
        colour, where = COLOURS[change.action], "domain: " if change.domain else ""
        console.print(f"  [{colour}]{change.action:<12}[/] {where}{change.logical_id}: {change.meaning}{causes}")
        if change.endangers_data:
            console.print(f"  [bold red]{'':<12} HOLDS DATA: its data is retained but no longer used[/]")
    if plan.steps:
        console.print("steps:")
        run(plan, StepPrinter(console))
    console.print(_price_table(prices, settings))
    console.print(_job_table(prices, settings))
    again, events = prices["usd_all_days_again"], prices["events_a_month"]
    console.print(
        f"computing every day of the marts again, after a new version of one or a changed time zone, page or goal: "
        f"{again:,.2f} usd once, after 12 months of {events:,.0f} events",
        markup=False,
    )
    for offer in proofs_of(settings):
        console.print(_proof_note(offer), markup=False)
    console.print(_listen_note(prices["usd_a_million_listens"]), markup=False)
    if settings.domain:
        usd = prices["usd_domain"]
        console.print(f"of it for {settings.domain}: {usd:,.2f} usd a month, for CloudFront", markup=False)
    console.print(price_note(settings.region), markup=False)
    for warning in _quiet_runs(settings):
        console.print(warning, markup=False)


def _quiet_runs(settings: Settings) -> Iterator[str]:
    """Say of each offer whose messages the daily run would always find in quiet hours."""
    hour, minute = (int(part) for part in settings.schedules.daily_at.split(":"))
    run = datetime.now(ZoneInfo(settings.schedules.timezone)).replace(hour=hour, minute=minute)
    for offer, app in product(settings.offers, settings.apps):
        local = run.astimezone(ZoneInfo(app.timezone))
        if offer.sms and offer.sms.when == "target" and settings.freshness != "hourly" and is_quiet(offer.sms, local):
            yield (
                f"messages of {offer.name}: the daily run at {settings.schedules.daily_at} "
                f"{settings.schedules.timezone} is {local:%H:%M} in {app.timezone}, in the quiet hours; change "
                "schedules.daily_at, or run 'logdig sms send' by day"
            )


def _listen_note(usd: float) -> str:
    if usd:
        return f"flush.on_listen: at most {usd:,.2f} usd a million listens, for DynamoDB"
    return "flush.on_listen is off: interests and segments follow once a run of the jobs"


def _price_table(prices: dict[str, Any], settings: Settings) -> Table:
    title = with_program(f"{settings.front_door}, {prices['events_a_month']:,.0f} events a month, see 'logdig cost'")
    table = Table("freshness", "usd, month 1", "usd, month 12", title=title)
    for name, usd in prices["usd_a_month"].items():
        mark = " (set)" if name == settings.freshness else ""
        table.add_row(f"{name}{mark}", *(f"{amount:,.2f}" for amount in usd.values()))
    return table


def _job_table(prices: dict[str, Any], settings: Settings) -> Table:
    table = Table(
        "job", "usd, month 1", "usd, month 12", title=f"of it Spark, {settings.freshness}, with the CPU of month 12"
    )
    for job in prices["jobs"]:
        table.add_row(job["job"], *(f"{amount:,.2f}" for amount in job["usd_a_month"].values()))
    return table
