"""`logdig init`: write logdig.toml, by questions or by flags."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import click
import tomlkit

from cli.aws_options import confirm, yes_option
from cli.commands.app import new_token
from cli.options import cache_folder
from cli.program import with_program
from logdig.config.loader import parse_settings
from logdig.config.toml_file import add_app
from logdig.errors import InvalidSettingError

QUESTIONS = {
    "service": "Name of the service (lower case, digits and '-', at most 17)",
    "region": "AWS region",
    "stage": "Stage (dev or prod)",
    "alarm_email": "E-mail address for alarms (empty: none)",
    "app": "Name of the first app",
    "origins": "Its pages, such as https://shop.example (several: a blank between; empty: signed servers only)",
}
DEFAULTS = {
    "service": "logdig", "region": "ap-northeast-1", "stage": "prod", "alarm_email": "", "app": "web", "origins": "",
}  # fmt: skip
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
@yes_option
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

    With --yes it uses the defaults and overwrites an existing file. Each answer is checked at once. After Ctrl-C the
    next run offers the answers that were given.
    It never asks for AWS credentials: they come from AWS's standard credential chain.
    """
    path = Path(os.environ.get("LOGDIG_CONFIG") or "logdig.toml")
    given = {"service": service, "region": region, "stage": stage, "alarm_email": alarm_email, "app": app_name}
    given["origins"] = " ".join(origins) or None
    fixed = {"front_door": front_door, "freshness": freshness, "monthly_budget_usd": budget}
    fixed["schedules"] = {"daily_at": "03:00", "timezone": timezone}
    # Before the first question, so that no answer is asked for in vain.
    for key, value in {**given, **fixed}.items():
        if value is not None:
            check_reply(key, value)
    if path.exists():
        confirm(f"{path} exists already. Overwrite it?", yes=yes)
    replies = Replies(cache_folder() / "init" / f"{hashlib.sha256(bytes(path.resolve())).hexdigest()}.json")
    asks = not yes and sys.stdin.isatty()
    answers = {key: _reply(key, value, replies, asks=asks) for key, value in given.items()}
    table: dict[str, Any] = {key: answers[key] for key in ("service", "region", "stage", "alarm_email")}
    table["bucket"] = f"{table['service']}-{table['stage']}-{secrets.token_hex(BUCKET_BYTES)}"
    text = settings_file(table | fixed, answers["app"], tuple(answers["origins"].split()), timezone)
    path.write_text(text, encoding="utf-8")
    replies.forget()
    click.echo(with_program(f"wrote {path}; next, see what a deploy would do and cost: logdig plan"))


class Replies:
    """Answers of an unfinished run, the defaults of the next one; in the user's cache, by the file to write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def keep(self, key: str, value: str) -> None:
        """Add one answer; a cache that cannot be written costs only the convenience."""
        self.known[key] = value
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self.known), encoding="utf-8")

    def forget(self) -> None:
        """Remove what is finished."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


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


def check_reply(key: str, value: Any) -> None:
    """Check one value by the rules of the settings.

    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    if key not in ("app", "origins"):
        parse_settings({key: value})
        return
    name, origins = (value, []) if key == "app" else (DEFAULTS["app"], value.split())
    parse_settings({"apps": [{"name": name, "token": "pk_checked", "origins": origins}]})


def _reply(key: str, given: str | None, replies: Replies, *, asks: bool) -> str:
    """A value by flag, by question or by default; a wrong answer is reported and asked again, a right one is kept."""
    if given is not None or not asks:
        return DEFAULTS[key] if given is None else given

    def checked(answer: str) -> str:
        try:
            check_reply(key, answer)
        except InvalidSettingError as err:
            raise click.BadParameter(err.message) from err
        return answer

    try:
        answered: str = click.prompt(
            QUESTIONS[key], default=replies.known.get(key, DEFAULTS[key]), value_proc=checked, err=True
        )
    except click.Abort:
        if replies.known:
            click.echo(with_program("\nyour answers are kept; go on with: logdig init"), err=True)
        raise
    replies.keep(key, answered)
    return answered
