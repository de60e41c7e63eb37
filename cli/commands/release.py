"""`logdig release`: the list of an owner's releases, for comparisons of before and after."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from cli.aws_options import aws_options, aws_settings
from cli.options import app_option, find_app, json_option, only_app_option
from logdig.times import wire_time

if TYPE_CHECKING:
    from logdig.store.state.releases import Release


class ReleaseGroup(click.Group):
    """A group whose command may be left out: ``logdig release 2.1`` is ``logdig release add 2.1``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``add`` before what is no command and no call for help."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["add", *args]
        return super().parse_args(ctx, args)


@click.group("release", cls=ReleaseGroup)
def command() -> None:
    """Note a release of a site, so that before and after can be compared; NAME alone adds it.

    A page that says its version by data-logdig-version needs no note.
    """


@command.command("add")
@click.argument("name")
@click.option("--at", help="Time with an offset or Z, or local time of the app; default: now.")
@app_option
@json_option("Print the release as one JSON object.")
@aws_options
def add(name: str, at: str | None, app: str | None, as_json: bool) -> None:
    """Add release NAME of an app. Adding the same once more changes nothing; `remove` undoes it."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.releases import Release, add_release, check_name, read_time

    settings = aws_settings()
    owner = find_app(settings, app)
    text = datetime.now(UTC).isoformat() if at is None else at
    release = Release(read_time(text, owner.timezone), owner.name, check_name(name))
    add_release(s3_store(settings), release)
    _print(release, owner.timezone, as_json)


@command.command("list")
@only_app_option
@json_option("Print a JSON list of objects with name, app and at.")
@aws_options
def list_releases(app: str | None, as_json: bool) -> None:
    """List the releases that were added, oldest first, in the local time of their app."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.releases import read_releases

    settings = aws_settings()
    if app is not None:
        find_app(settings, app)
    listed = [release for release in read_releases(s3_store(settings)) if app in (None, release.app)]
    if as_json:
        click.echo(json.dumps([{"name": one.name, "app": one.app, "at": wire_time(one.at)} for one in listed]))
        return
    zones = {known.name: known.timezone for known in settings.apps}
    for release in listed:
        _print(release, zones.get(release.app, "UTC"), as_json)
    if not listed:
        click.echo("no releases; 'logdig release NAME' adds one", err=True)


@command.command("remove")
@click.argument("name")
@app_option
@json_option("Print the removed release as one JSON object.")
@aws_options
def remove(name: str, app: str | None, as_json: bool) -> None:
    """Remove release NAME of an app from the list."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.releases import remove_release

    settings = aws_settings()
    owner = find_app(settings, app)
    _print(remove_release(s3_store(settings), owner.name, name), owner.timezone, as_json)


def _print(release: Release, timezone: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"name": release.name, "app": release.app, "at": wire_time(release.at)}))
        return
    local = release.at.astimezone(ZoneInfo(timezone))
    click.echo(f"{local:%Y-%m-%d %H:%M:%S %z}  {release.app:<16} {release.name}")
