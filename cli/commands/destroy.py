"""`logdig destroy`: remove the deployed stack; the data stays unless its name is typed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from cli.aws_options import account_of, aws_options, confirm, progress, yes_option
from cli.options import json_option, read_settings
from logdig.errors import InputError

if TYPE_CHECKING:
    from infra.aws.account import Account
    from infra.aws.stack_events import Event
    from logdig.config.settings import Settings


@click.command("destroy")
@click.option("--delete-data", is_flag=True, help="Also delete queue, bucket, tables and profiles. There is no undo.")
@click.option("--name", help="With --delete-data: the stack's name, instead of typing it when asked.")
@yes_option
@json_option("Print JSON: stack, removed, drained, kept, deleted. The rest is on stderr.")
@aws_options
def command(delete_data: bool, name: str | None, yes: bool, as_json: bool) -> None:
    """Remove the deployed stack. Queue, bucket, tables and profiles stay, and the next deploy imports them again.

    With --delete-data they are deleted too, after you typed the stack's name.
    """
    from infra.deploy.destroy import drain, remove_stacks

    settings = read_settings()
    account = account_of(settings)
    stack = settings.stack_name
    if delete_data:
        _check_name(stack, name)
    confirm(f"Remove stack {stack} from account {account.identity().account} in {account.region}?", yes=yes)
    console = progress()

    def print_event(event: Event) -> None:
        if event.is_failure or event.status.endswith("_COMPLETE"):
            console.print(f"{event.status:<28} {event.logical_id} {event.reason}", markup=False)

    drained = None
    if not delete_data:
        with console.status("flushing queued events"):
            drained = drain(account, settings)
            if not drained:
                console.print("the queue could not be emptied; it stays and keeps its messages for 14 days")
    removed = remove_stacks(account, settings, print_event, lambda line: console.print(line, markup=False))
    if not as_json:
        click.echo(f"{stack} is removed" if removed else f"there was no stack {stack}")
    handled = _handle_data(account, settings, delete=delete_data, quiet=as_json)
    if as_json:
        data = {"kept": [] if delete_data else handled, "deleted": handled if delete_data else []}
        click.echo(json.dumps({"stack": stack, "removed": removed, "drained": drained, **data}))


def _check_name(stack: str, name: str | None) -> None:
    if name is None:
        if not sys.stdin.isatty():
            raise InputError(f"--delete-data needs --name {stack} where there is no terminal to type it on")
        name = click.prompt(f"All data of {stack} will be deleted for good. Type its name", err=True)
    if name != stack:
        raise InputError(f"{name!r} is not the name of the stack, {stack}; nothing was removed")


def _handle_data(account: Account, settings: Settings, *, delete: bool, quiet: bool) -> list[dict[str, str]]:
    """Keep or delete what holds data; return kind and name of each resource."""
    from infra.deploy.destroy import delete_retained
    from infra.deploy.retained import find_retained

    handled = []
    for resource in list(find_retained(account, settings)):
        if delete:
            with progress().status(f"deleting {resource.kind} {resource.name}") as status:
                delete_retained(account, resource, lambda count: status.update(f"deleting {count:,} objects"))
        if not quiet:
            click.echo(f"{'deleted' if delete else 'kept':<10} {resource.kind} {resource.name}")
        handled.append({"kind": resource.kind, "name": resource.name})
    return handled
