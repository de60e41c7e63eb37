"""`logdig init`: write logdig.toml, by questions or by flags."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any

import click
import tomlkit

from cli.aws_options import confirm
from cli.commands.app import new_token
from cli.program import with_program
from logdig.config.loader import parse_settings
from logdig.config.toml_file import add_app
from logdig.errors import InvalidSettingError

QUESTIONS = {
    "service": "Name of the service (lower case, digits and '-', at most 17)",
    "region": "AWS region",
    "stage": "Stage (dev or prod)",
    "alarm_email": "E-mail address for alarms (empty: none)",
}
DEFAULTS = {"service": "logdig", "region": "ap-northeast-1", "stage": "prod", "alarm_email": ""}
BUCKET_BYTES = 4
"""Bucket names are global in AWS, so this one ends with eight random characters."""


@click.command("init")
@click.option("--service", help="Name of the service: lower case, digits and '-', at most 17.")
@click.option("--region", help="AWS region.")
@click.option("--stage", help="dev or prod.")
@click.option("--app", "app_name", help="Name of the first app; its token is generated.")
@click.option("--origin", "origins", multiple=True, help="Origin of pages that may send, such as https://shop.example.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of the app and of the daily run.")
@click.option("--front-door", default="function-url", show_default=True, help="function-url, rest-api or server.")
@click.option("--freshness", default="daily", show_default=True, help="daily, hourly or live.")
@click.option("--alarm-email", help="Address that alarms go to.")
@click.option("--budget", default=20.0, show_default=True, help="Dollars a month at which an alarm is sent; 0: none.")
@click.option("--yes", is_flag=True, help="Ask nothing: use defaults, and overwrite an existing file.")
def command(
    service: str | None,
    region: str | None,
    stage: str | None,
    app_name: str | None,
    origins: tuple[str, ...],
    timezone: str,
    front_door: str,
    freshness: str,
    alarm_email: str | None,
    budget: float,
    yes: bool,
) -> None:
    """Write logdig.toml; on a terminal it asks for the values that no flag gives.

    It never asks for AWS credentials: they come from AWS's standard credential chain.
    """
    path = Path(os.environ.get("LOGDIG_CONFIG") or "logdig.toml")
    if path.exists():
        confirm(f"{path} exists already. Overwrite it?", yes=yes)
    asks = not yes and sys.stdin.isatty()
    given = {"service": service, "region": region, "stage": stage, "alarm_email": alarm_email}
    table: dict[str, Any] = {key: _value(key, value, asks=asks) for key, value in given.items()}
    table["bucket"] = f"{table['service']}-{table['stage']}-{secrets.token_hex(BUCKET_BYTES)}"
    table |= {"front_door": front_door, "freshness": freshness, "monthly_budget_usd": budget}
    table["schedules"] = {"daily_at": "03:00", "timezone": timezone}
    if asks and app_name is None:
        app_name = click.prompt("Name of the first app", default="web", err=True)
    if asks and not origins:
        origins = tuple(click.prompt("Its page, such as https://shop.example", err=True).split())
    text = settings_file(table, app_name or "web", origins, timezone)
    path.write_text(text, encoding="utf-8")
    click.echo(with_program(f"wrote {path}; next, see what a deploy would do and cost: logdig plan"))


def settings_file(table: dict[str, Any], app: str, origins: tuple[str, ...], timezone: str) -> str:
    """Text of logdig.toml with one app.

    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    parse_settings(table)
    document = tomlkit.document()
    document.add(tomlkit.comment("Every key: docs/settings.md. No secret belongs here."))
    for key, value in table.items():
        if value != "":
            document[key] = value
    text, _ = add_app(tomlkit.dumps(document), app, origins, timezone, new_token)
    return text


def _value(key: str, given: str | None, *, asks: bool) -> str:
    """A value by flag, by question or by default; a wrong answer is reported and asked again."""
    if given is not None or not asks:
        value = DEFAULTS[key] if given is None else given
        parse_settings({key: value})
        return value

    def checked(answer: str) -> str:
        try:
            parse_settings({key: answer})
        except InvalidSettingError as err:
            raise click.BadParameter(err.message) from err
        return answer

    answered: str = click.prompt(QUESTIONS[key], default=DEFAULTS[key], value_proc=checked, err=True)
    return answered
