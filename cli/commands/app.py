"""`logdig app`: the apps that may send events."""

import json
import os
import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cli.options import Number, json_option, read_address, read_settings
from logdig.config.retention import MOST_DAYS
from logdig.config.toml_file import add_app, rotate_token, script_tag, set_disabled
from logdig.errors import SetupError

TOKEN_BYTES = 10


endpoint_option = click.option(
    "--endpoint",
    callback=read_address,
    default="https://collect.example",
    show_default=True,
    help="Address of the collector, for the script tag.",
)


@click.group("app")
def command() -> None:
    """Add, list, rotate and disable apps in logdig.toml."""


@command.command("add")
@click.argument("name")
@click.option("--origin", "origins", multiple=True, help="Origin of pages that may send, such as https://shop.example.")
@click.option("--timezone", default="UTC", show_default=True, help="Time zone of recorded times that name none.")
@endpoint_option
def add(name: str, origins: tuple[str, ...], timezone: str, endpoint: str) -> None:
    """Add app NAME with a new token and print its script tag."""
    text, token = add_app(_read(missing_ok=True), name, origins, timezone, new_token)
    _write(text)
    click.echo(script_tag(token, endpoint))


@command.command("list")
@json_option()
def list_apps(as_json: bool) -> None:
    """List the apps."""
    apps = read_settings().apps
    if as_json:
        rows = [
            {"name": app.name, "token": app.token, "origins": app.origins, "disabled": app.disabled} for app in apps
        ]
        click.echo(json.dumps(rows))
        return
    for app in apps:
        state = "  disabled" if app.disabled else ""
        click.echo(f"{app.name:<16} {app.token:<32} {', '.join(app.origins) or '(signed servers only)'}{state}")


@command.command("rotate")
@click.argument("name")
@click.option(
    "--grace-days",
    type=Number(0, MOST_DAYS),
    default=7.0,
    show_default=True,
    help="Days that the old token stays valid; 0 ends it now.",
)
@endpoint_option
def rotate(name: str, grace_days: float, endpoint: str) -> None:
    """Give app NAME a new token; the old one stays valid for a while."""
    text, token = rotate_token(_read(), name, timedelta(days=grace_days), datetime.now(UTC), new_token)
    _write(text)
    click.echo(script_tag(token, endpoint))


@command.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Reject the token of app NAME; `enable` reverses it."""
    _write(set_disabled(_read(), name, disabled=True))
    click.echo(f"{name} is disabled; its token is rejected once the collector has read the file again")


@command.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Accept the token of app NAME again."""
    _write(set_disabled(_read(), name, disabled=False))
    click.echo(f"{name} is enabled")


def new_token(name: str) -> str:
    """Make a write token: public, but hard to guess."""
    return f"pk_{name}_{secrets.token_hex(TOKEN_BYTES)}"


def _path() -> Path:
    return Path(os.environ.get("LOGDIG_CONFIG") or "logdig.toml")


def _read(*, missing_ok: bool = False) -> str:
    path = _path()
    if not path.exists() and missing_ok:
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as err:
        raise SetupError(f"{path}: {err.strerror}; add the first app with 'logdig app add'") from err
    except UnicodeDecodeError as err:
        raise SetupError(f"{path}: not TOML: {err}; nothing was changed") from err


def _write(text: str) -> None:
    """Replace the file atomically; symbolic links, permissions and line endings stay."""
    path = _path().resolve()
    part = path.with_name(path.name + ".part")
    try:
        newline = "\r\n" if path.exists() and b"\r\n" in path.read_bytes() else "\n"
        part.write_text(text, encoding="utf-8", newline=newline)
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except OSError as err:
        raise SetupError(f"{path}: {err.strerror}; nothing was changed") from err
