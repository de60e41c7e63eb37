"""`logdig deploy`: bring the settings into the owner's AWS account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.aws_options import account_of, aws_options, confirm, progress, yes_option
from cli.commands.plan import prices_of, show
from cli.options import read_settings
from cli.program import with_program
from logdig.config.toml_file import script_tag

if TYPE_CHECKING:
    from infra.aws.account import Account
    from infra.aws.stack_events import Event
    from infra.deploy.executor import Deployer
    from infra.deploy.plan import DeployPlan
    from infra.packaging.build import Packages
    from logdig.config.settings import Settings

PRICED_EVENTS = 1e6


@click.command("deploy")
@yes_option
@aws_options
def command(yes: bool) -> None:
    """Deploy logdig.toml to AWS: show the plan, ask, apply it, and run a smoke test.

    If a step fails, the change is rolled back and the error names the resource. A second run changes nothing.
    """
    from infra.deploy.executor import build
    from infra.deploy.plan import make_plan

    settings = read_settings()
    account = account_of(settings)
    console = progress()
    with console.status("building packages, asking CloudFormation"):
        packages, template = build(account, settings)
        plan = make_plan(account, settings, packages.all(), template)
    show(plan, prices_of(settings, PRICED_EVENTS), settings, console)
    if plan.steps:
        _ask(account, plan, yes=yes)
        _carry_out(account, settings, plan, console)
    _print_result(account, settings, packages)


def _ask(account: Account, plan: DeployPlan, *, yes: bool) -> None:
    """Ask, and clean up after a no."""
    from infra.aws.cloudformation import discard_change
    from infra.deploy.plan import ApplyTemplate

    question = f"Deploy to account {plan.identity.account} in {plan.region}?"
    if plan.dangers:
        names = ", ".join(change.logical_id for change in plan.dangers)
        question = f"{names} would be replaced or removed; their data is retained but no longer used. {question}"
    try:
        confirm(question, yes=yes)
    except BaseException:
        for step in plan.steps:
            if isinstance(step, ApplyTemplate) and step.change_set is not None:
                discard_change(account, step.change_set)
        raise


def _carry_out(account: Account, settings: Settings, plan: DeployPlan, console: Console) -> Deployer:
    from infra.deploy.executor import Deployer
    from infra.deploy.plan import run

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("resources", total=len(plan.changes))

        def print_event(event: Event) -> None:
            if event.is_failure:
                bar.console.print(f"[bold red]{event.status}[/] {event.logical_id} {event.kind}: {event.reason}")
            elif event.status.endswith("_COMPLETE"):
                bar.console.print(f"{event.status:<28} {event.logical_id}")
                bar.advance(task)

        deployer = Deployer(account, settings, print_event, lambda line: bar.console.print(f"[bold]{line}[/]"))
        run(plan, deployer)
    if deployer.probe is not None:
        console.print(f"smoke test passed: the probe was in {deployer.probe.key} after {deployer.probe.seconds:.0f} s")
    return deployer


def _print_result(account: Account, settings: Settings, packages: Packages) -> None:
    from infra.aws.cloudformation import require_stack

    outputs = require_stack(account, settings.stack_name).outputs
    endpoint, decide = outputs["Endpoint"], outputs["DecideEndpoint"]
    click.echo(f"endpoint   {endpoint}")
    if decide != endpoint:
        click.echo(f"decisions  {decide}")
    integrity = packages.tracker[0].integrity
    for app in settings.apps:
        tag = script_tag(app.token, endpoint, decide_endpoint=decide, integrity=integrity)
        click.echo(f"{app.name:<10} {tag}")
    click.echo("scripts    serve clicktracker*.js of clicktracker_js/dist from the root of your site")
    click.echo(with_program("dashboard  logdig dashboard"))
    if not any(app.origins and not app.disabled for app in settings.apps):
        hint = "no app has an origin, so the smoke test did not run; see: logdig app add --help"
        click.echo(with_program(hint), err=True)
