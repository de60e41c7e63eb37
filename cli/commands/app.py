"""`logdig app`: the apps that may send events."""

import json
import os
import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cli.options import Number, json_option, read_address, read_settings
from cli.program import with_program
from logdig.config.retention import MOST_DAYS
from logdig.config.settings import AppSettings, PreviousToken
from logdig.config.toml_file import add_app, rotate_token, script_tag, set_disabled
from logdig.errors import SetupError
from logdig.times import in_utc

TOKEN_BYTES = 10


def _read_endpoint(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    return None if text is None else read_address(context, option, text)


endpoint_option = click.option(
    "--endpoint",
    callback=_read_endpoint,
    help="Address of the collector; with it the script tag is printed.",
)


@click.group("app")
def command() -> None:
    """Add, list, rotate and disable apps in logdig.toml."""


@command.command("add")
@click.argument("name")
@click.option("--origin", "origins", multiple=True, help="Origin of pages that may send, such as https://shop.example.")
@click.option("--timezone", default="UTC", show_default=True, help="Time zone of recorded times that name none.")
@endpoint_option
@json_option("Print JSON: name, token, script_tag (null without --endpoint).")
def add(name: str, origins: tuple[str, ...], timezone: str, endpoint: str | None, as_json: bool) -> None:
    """Add app NAME with a new token; print the token, and with --endpoint its script tag."""
    text, token = add_app(_read(missing_ok=True), name, origins, timezone, new_token)
    _write(text)
    _print_token(name, token, endpoint, as_json)


@command.command("list")
@json_option()
def list_apps(as_json: bool) -> None:
    """List the apps with their tokens; an old token is shown with the time until which it is valid."""
    apps, now = read_settings().apps, datetime.now(UTC)
    if as_json:
        rows = [
            {
                "name": app.name,
                "token": app.token,
                "origins": app.origins,
                "disabled": app.disabled,
                "previous_tokens": [
                    {"token": old.token, "valid_until": in_utc(old.valid_until).astimezone(UTC).isoformat()}
                    for old in _tokens_of(app, now)
                ],
            }
            for app in apps
        ]
        click.echo(json.dumps(rows))
        return
    for app in apps:
        state = "  disabled" if app.disabled else ""
        click.echo(f"{app.name:<16} {app.token:<32} {', '.join(app.origins) or '(signed servers only)'}{state}")
        for old in _tokens_of(app, now):
            click.echo(f"{'':<16} {old.token:<32} until {in_utc(old.valid_until).astimezone(UTC):%Y-%m-%d %H:%M} UTC")


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
@json_option("Print JSON: name, token, script_tag (null without --endpoint).")
def rotate(name: str, grace_days: float, endpoint: str | None, as_json: bool) -> None:
    """Give app NAME a new token; the old one stays valid for a while."""
    text, token = rotate_token(_read(), name, timedelta(days=grace_days), datetime.now(UTC), new_token)
    _write(text)
    _print_token(name, token, endpoint, as_json)


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


def _print_token(name: str, token: str, endpoint: str | None, as_json: bool) -> None:
    """Print the script tag where it can work; else the token, and on standard error what gives the tag."""
    tag = None if endpoint is None else script_tag(token, endpoint)
    if as_json:
        click.echo(json.dumps({"name": name, "token": token, "script_tag": tag}))
        return
    if tag is not None:
        click.echo(tag)
        return
    click.echo(token)
    hint = "the token is in logdig.toml; 'logdig deploy' and 'logdig dev' print the script tag, and so does --endpoint"
    click.echo(with_program(hint), err=True)


def _tokens_of(app: AppSettings, now: datetime) -> list[PreviousToken]:
    """Old tokens that are still valid."""
    return [previous for previous in app.previous_tokens if in_utc(previous.valid_until) > now]


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
        step = "LOGDIG_CONFIG names the settings file, and 'logdig init' makes one"
        raise SetupError(f"{path}: {err.strerror}; {step}") from err
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
