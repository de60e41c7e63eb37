"""Options that several commands share."""

import math
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from logdig.config.loader import find_settings
from logdig.config.settings import AppSettings, Settings
from logdig.config.signatures import secret_variable, signing_secret
from logdig.errors import InputError, SetupError
from logdig.tables.catalog import check_tables

ADDRESS = re.compile(r"https?://[^\s\"'<>&?#]+")

CommandT = TypeVar("CommandT", bound=Callable[..., Any] | click.Command)

app_option = click.option("--app", help="App of logdig.toml; optional when there is only one.")
only_app_option = click.option("--app", help="Only this app; default: every app.")
consent_option = click.option(
    "--consent",
    help="Purposes that the users consented to: analytics (the default of recorded rows), or analytics,ads.",
)


def read_address(_context: click.Context, _option: click.Parameter, text: str) -> str:
    """Accept a collector's address that is safe inside a script tag."""
    try:
        parts = urlsplit(text)
        is_address = bool(ADDRESS.fullmatch(text) and parts.hostname) and parts.port != 0
    except ValueError:  # Of a port that is none.
        is_address = False
    if not is_address:
        raise click.BadParameter(f"{text!r}: an address such as https://collect.example, without '?' and '#'")
    return text


collector_option = click.option(
    "--endpoint",
    callback=read_address,
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Address of the collector.",
)


class Number(click.FloatRange):
    """A number within limits; unlike click's own type it refuses `nan`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


day_type = click.DateTime(["%Y-%m-%d"])
from_option = click.option(
    "--from", "start", type=day_type, help="First UTC day of arrival; default: the first that is stored."
)
to_option = click.option(
    "--to", "end", type=day_type, help="Last UTC day of arrival, included; default: the last that is stored."
)


def json_option(help_text: str = "Print JSON.") -> Callable[[CommandT], CommandT]:
    """``--json``, as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)


def port_option(part: str, default: int) -> Callable[[CommandT], CommandT]:
    """``--<part>-port``; 0 takes a free one."""
    help_text = f"Port of the {part}; 0 takes a free one."
    return click.option(
        f"--{part}-port", type=click.IntRange(0, 65535), default=default, show_default=True, help=help_text
    )


def check_days(start: datetime | None, end: datetime | None) -> None:
    """Refuse a range of days that ends before it starts.

    Raises:
        InputError: --from is after --to.
    """
    if start and end and start > end:
        raise InputError(f"--from {start:%Y-%m-%d} is after --to {end:%Y-%m-%d}")


def find_app(settings: Settings, name: str | None) -> AppSettings:
    """The named app, or the only one.

    Raises:
        InputError: No such app, or a name is needed because there are several.
    """
    names = ", ".join(app.name for app in settings.apps) or "none"
    if name is None and len(settings.apps) == 1:
        return settings.apps[0]
    for app in settings.apps:
        if app.name == name:
            return app
    if name is None:
        raise InputError(f"logdig.toml has several apps or none ({names}); choose one with --app")
    raise InputError(f"logdig.toml has no app {name!r}; it has: {names}")


def wants_ads(consent: str) -> bool:
    """Read the purposes.

    Raises:
        InputError: A purpose that does not exist, or analytics is missing.
    """
    purposes = {part.strip() for part in consent.split(",")}
    if not purposes <= {"analytics", "ads"} or "analytics" not in purposes:
        raise InputError(f"--consent {consent!r}: analytics, or analytics,ads")
    return "ads" in purposes


def require_secret(app: str) -> bytes:
    """The signing secret of an app from the environment.

    Raises:
        SetupError: The variable is not set.
    """
    secret = signing_secret(app, os.environ)
    if secret is None:
        raise SetupError(
            f"{secret_variable(app)} is not set; a server signs its requests with the secret that the collector has"
        )
    return secret


def read_settings() -> Settings:
    """Read the settings as every command does."""
    settings = find_settings(os.environ)
    check_tables(settings.retention)
    return settings


def cache_folder() -> Path:
    """The user's folder for files that can be recreated."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "logdig"
