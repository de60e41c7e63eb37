"""`logdig deploy`: bring the settings into the owner's AWS account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.aws_options import account_of, aws_options, confirm, progress, yes_option
from cli.commands.plan import prices_of, show
from cli.options import json_option, read_settings
from cli.program import with_program
from logdig.config.toml_file import script_tag

if TYPE_CHECKING:
    from infra.aws.account import Account
    from infra.aws.stack_events import Event
    from infra.deploy.executor import Deployer
    from infra.deploy.steps import DeployPlan
    from infra.packaging.build import Packages
    from logdig.config.settings import Settings

PRICED_EVENTS = 1e6


@click.command("deploy")
@yes_option
@json_option(
    "Print JSON: stack, account, region, changed, endpoint, decide_endpoint, apps, dns, probe. The rest is on stderr."
)
@aws_options
def command(yes: bool, as_json: bool) -> None:
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
    probe = None
    if plan.steps:
        _ask(account, plan, yes=yes)
        probe = _carry_out(account, settings, plan, console).probe
    result = _result(account, settings, packages)
    if as_json:
        identity = {"stack": plan.stack, "account": plan.identity.account, "region": plan.region}
        shown = {"key": probe.key, "seconds": probe.seconds} if probe is not None else None
        click.echo(json.dumps({**identity, "changed": bool(plan.steps), **result, "probe": shown}))
    else:
        _print_result(result, settings)
    if not any(app.origins and not app.disabled for app in settings.apps):
        hint = "no app has an origin, so the smoke test did not run; see: logdig app add --help"
        click.echo(with_program(hint), err=True)


def _ask(account: Account, plan: DeployPlan, *, yes: bool) -> None:
    """Ask, and clean up after a no."""
    from infra.aws.cloudformation import discard_change
    from infra.deploy.steps import ApplyTemplate

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
    from infra.deploy.steps import run

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


def _result(account: Account, settings: Settings, packages: Packages) -> dict[str, Any]:
    """Addresses of what is deployed, and the script tag of each app."""
    from infra.aws.cloudformation import require_stack

    outputs = require_stack(account, settings.stack_name).outputs
    endpoint, decide, script = outputs["Endpoint"], outputs["DecideEndpoint"], "/clicktracker.js"
    tracker = packages.tracker[0]
    if settings.domain:
        endpoint = decide = f"https://{settings.domain}"
        script = f"{endpoint}/{tracker.key}"
    tags = [
        {
            "name": app.name,
            "script_tag": script_tag(
                app.token, endpoint, script=script, decide_endpoint=decide, integrity=tracker.integrity
            ),
        }
        for app in settings.apps
    ]
    return {"endpoint": endpoint, "decide_endpoint": decide, "apps": tags, "dns": _dns(account, settings)}


def _dns(account: Account, settings: Settings) -> dict[str, str]:
    """CNAME records that the owner makes, name -> value; none without a domain, or where a hosted zone is set."""
    from infra.aws.cloudformation import require_stack
    from infra.deploy.domain import domain_account, records
    from infra.template.domain import domain_stack

    if not settings.domain:
        return {}
    return records(account, settings, require_stack(domain_account(account), domain_stack(settings)))


def _print_result(result: dict[str, Any], settings: Settings) -> None:
    click.echo(f"endpoint   {result['endpoint']}")
    if result["decide_endpoint"] != result["endpoint"]:
        click.echo(f"decisions  {result['decide_endpoint']}")
    for app in result["apps"]:
        click.echo(f"{app['name']:<10} {app['script_tag']}")
    for name, value in result["dns"].items():
        click.echo(f"DNS        {name} CNAME {value}")
    if not settings.domain:
        click.echo("scripts    serve clicktracker*.js of clicktracker_js/dist from the root of your site")
    click.echo(with_program("dashboard  logdig dashboard"))
