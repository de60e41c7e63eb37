"""`logdig share`: who may look at the deployed dashboard."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cli.aws_options import account_of, aws_options, aws_settings
from cli.options import app_option, find_app, json_option, only_app_option, read_address
from cli.program import with_program
from logdig.config.settings import Settings
from logdig.errors import InputError
from logdig.times import wire_time

if TYPE_CHECKING:
    from logdig.store.state.shares import Share


@click.group("share")
def command() -> None:
    """Share the deployed dashboard of an app by links, list them, revoke one.

    It must be deployed with dashboard = "function" (docs/share.md).
    """


def _read_address(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    return None if text is None else read_address(context, option, text)


@command.command("create")
@click.option(
    "--scope",
    required=True,
    type=click.Choice(["numbers", "people"]),
    help="numbers = nothing about single persons; people = all, sessions one by one, too.",
)
@click.option("--until", help="Last moment: a time with an offset or Z, or local time of the app; default: no end.")
@click.option("--address", callback=_read_address, help="Of the dashboard; default: the deployed one's.")
@app_option
@json_option("Print JSON: id, app, scope, until, token, link (null where no dashboard is deployed).")
@aws_options
def create(scope: str, until: str | None, address: str | None, app: str | None, as_json: bool) -> None:
    """Make a link to the dashboard of an app. It is shown this once: only its hash is stored."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.releases import read_time
    from logdig.store.state.shares import Share, add_share, new_token, sha256_of_token

    settings, now = aws_settings(), datetime.now(UTC)
    owner = find_app(settings, app)
    end = None if until is None else read_time(until, owner.timezone, "--until")
    if end is not None and end <= now:
        raise InputError(f"--until {until!r} has passed; name a later time, or leave it out for no end")
    address = address or _deployed(settings)
    token = new_token()
    share = Share(owner.name, "people" if scope == "people" else "numbers", sha256_of_token(token), now, end)
    add_share(s3_store(settings), share)
    link = None if address is None else f"{address.rstrip('/')}/?app={owner.name}#share={token}"
    if as_json:
        click.echo(json.dumps({**_fields(share), "token": token, "link": link}))
        return
    click.echo(link or f"#share={token}")
    if link is None:
        hint = "no dashboard is deployed yet: set dashboard = \"function\" and run 'logdig deploy'; then append this"
        click.echo(with_program(f"{hint} to https://HOST/?app={owner.name}"), err=True)
    click.echo(with_program(f"shown this once; 'logdig share revoke {share.id}' ends it"), err=True)


@command.command("list")
@only_app_option
@json_option("Print a JSON list of objects with id, app, scope, created_at, until.")
@aws_options
def list_shares(app: str | None, as_json: bool) -> None:
    """List who may look: the id, the app, the scope, and until when. Tokens are not stored."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.shares import read_shares

    settings, now = aws_settings(), datetime.now(UTC)
    if app is not None:
        find_app(settings, app)
    listed = [share for share in read_shares(s3_store(settings)) if app in (None, share.app)]
    if as_json:
        click.echo(json.dumps([_fields(share) for share in listed]))
        return
    for share in listed:
        _print(share, settings, now)
    if not listed:
        click.echo(with_program("nobody; 'logdig share create' makes a link"), err=True)


@command.command("revoke")
@click.argument("id_", metavar="ID")
@json_option("Print the revoked share as one JSON object.")
@aws_options
def revoke(id_: str, as_json: bool) -> None:
    """End share ID (of `list`); whoever has its link sees nothing more within 60 seconds."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.shares import remove_share

    settings = aws_settings()
    share = remove_share(s3_store(settings), id_)
    if as_json:
        click.echo(json.dumps(_fields(share)))
        return
    click.echo(f"{share.id} is revoked: {share.scope} of {share.app} end within 60 s")


def _deployed(settings: Settings) -> str | None:
    """Address of the deployed dashboard; None = there is none."""
    if settings.dashboard == "local":
        return None
    from infra.aws.cloudformation import find_stack
    from infra.deploy.status import domain_status

    account = account_of(settings)
    stack = find_stack(account, settings.stack_name)
    if stack is None or "DashboardEndpoint" not in stack.outputs:
        return None
    # A name whose DNS does not lead here yet would make a dead link.
    domain = domain_status(account, settings)
    return f"https://{domain.name}" if domain is not None and domain.healthy else stack.outputs["DashboardEndpoint"]


def _fields(share: Share) -> dict[str, str | None]:
    return {
        "id": share.id,
        "app": share.app,
        "scope": share.scope,
        "created_at": wire_time(share.created_at),
        "until": None if share.until is None else wire_time(share.until),
    }


def _print(share: Share, settings: Settings, now: datetime) -> None:
    zones = {app.name: ZoneInfo(app.timezone) for app in settings.apps}
    zone = zones.get(share.app, ZoneInfo("UTC"))
    end = "no end" if share.until is None else f"until {share.until.astimezone(zone):%Y-%m-%d %H:%M %z}"
    if not share.holds(now):
        end += ", over"
    click.echo(
        f"{share.id}  {share.app:<16} {share.scope:<8} since {share.created_at.astimezone(zone):%Y-%m-%d}  {end}"
    )
