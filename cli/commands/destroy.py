"""`logdig destroy`: take the deployed stack away; the data stays unless its name is typed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.aws_options import account_of, aws_options, confirm, progress
from cli.options import read_settings
from logdig.errors import InputError

if TYPE_CHECKING:
    from infra.aws.account import Account
    from infra.aws.stack_events import Event
    from logdig.config.settings import Settings


@click.command("destroy")
@click.option("--delete-data", is_flag=True, help="Delete queue, bucket, tables and profiles, too. No way back.")
@click.option("--name", help="With --delete-data: the stack's name, instead of typing it when asked.")
@click.option("--yes", is_flag=True, help="Do not ask about what runs.")
@aws_options
def command(delete_data: bool, name: str | None, yes: bool) -> None:
    """Take the deployed stack away. Queue, bucket, tables and profiles stay, and the next deploy takes them up again.

    With --delete-data they go, too, after the stack's name was typed.
    """
    from infra.deploy.destroy import drain, remove_running

    settings = read_settings()
    account = account_of(settings)
    stack = settings.stack_name
    if delete_data:
        _check_name(stack, name)
    confirm(f"Remove stack {stack} from account {account.identity().account} in {account.region}?", yes=yes)
    console = progress()

    def tell(event: Event) -> None:
        if event.is_failure or event.status.endswith("_COMPLETE"):
            console.print(f"{event.status:<28} {event.logical_id} {event.reason}", markup=False)

    if not delete_data:
        with console.status("flushing what waits"):
            if not drain(account, settings):
                console.print("the queue could not be emptied; it stays, and keeps its messages for 14 days")
    found = remove_running(account, settings, tell)
    click.echo(f"{stack} is removed" if found else f"there was no stack {stack}")
    _data(account, settings, delete=delete_data)


def _check_name(stack: str, name: str | None) -> None:
    if name is None:
        if not sys.stdin.isatty():
            raise InputError(f"--delete-data needs --name {stack} where nobody is there to type it")
        name = click.prompt(f"All data of {stack} will be deleted for ever. Type its name", err=True)
    if name != stack:
        raise InputError(f"{name!r} is not the name of the stack, {stack}; nothing was removed")


def _data(account: Account, settings: Settings, *, delete: bool) -> None:
    from infra.deploy.destroy import delete_kept
    from infra.deploy.retained import find_kept

    for one in list(find_kept(account, settings)):
        if not delete:
            click.echo(f"kept       {one.what} {one.name}")
            continue
        with progress().status(f"deleting {one.what} {one.name}") as status:
            delete_kept(account, one, lambda count: status.update(f"deleting {count:,} objects"))
        click.echo(f"deleted    {one.what} {one.name}")
