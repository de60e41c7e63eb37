"""Options and functions that the commands on a deployed stack share."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from cli.options import read_settings
from logdig.errors import InputError

if TYPE_CHECKING:
    from infra.aws.account import Account
    from logdig.config.settings import Settings

VARIABLES = {"profile": "AWS_PROFILE", "region": "LOGDIG_REGION"}


def aws_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--profile`` and ``--region``, which set AWS_PROFILE and LOGDIG_REGION."""
    profile = click.option(
        "--profile", callback=_set, expose_value=False, is_eager=True, help="Profile of the AWS configuration."
    )
    region = click.option(
        "--region",
        callback=_set,
        expose_value=False,
        is_eager=True,
        help="AWS region, instead of the one in logdig.toml.",
    )
    return profile(region(function))


def open_access() -> None:
    """Check the keys of this machine, and let calls that fail say that they are tried again.

    Raises:
        SetupError: There are no usable keys.
        TransientError: They cannot be fetched.
    """
    from logdig.aws.access import check_access
    from logdig.aws.retry_notice import watch_retries

    check_access(os.environ)
    watch_retries(lambda line: click.echo(line, err=True))


def _set(_context: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None and option.name is not None:
        os.environ[VARIABLES[option.name]] = value


def _read_account(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Accept twelve digits."""
    if text is not None and not re.fullmatch(r"[0-9]{12}", text):
        raise click.BadParameter(f"{text!r}: an account has twelve digits")
    return text


account_option = click.option(
    "--account",
    callback=_read_account,
    help="Number of the account, to work without AWS; default: the account of your keys.",
)


class Place(click.Choice[str]):
    """Where a command works; `here` is the older word for `local`."""

    def __init__(self) -> None:
        super().__init__(["local", "aws"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert("local" if value == "here" else value, param, ctx)


where_option = click.option(
    "--on",
    "where",
    type=Place(),
    default="local",
    show_default=True,
    help="This machine, or the deployed stack.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def aws_settings() -> Settings:
    """Settings of a command that speaks to AWS, after a check of the access; see `open_access`."""
    settings = read_settings()
    open_access()
    return settings


def account_of(settings: Settings) -> Account:
    """The account of AWS's standard credential chain in the region of the settings; see `open_access`."""
    from infra.aws.account import open_account

    open_access()
    return open_account(settings.region)


def confirm(question: str, *, yes: bool) -> None:
    """Continue after a yes.

    Raises:
        InputError: There is no terminal to ask on.
        click.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(f"{question} There is no terminal to answer on; add --yes")
    click.confirm(question, abort=True, err=True)


def is_agreed(question: str, *, yes: bool) -> bool:
    """Whether to go on: ``--yes``, or a yes at the terminal; without a terminal no."""
    return yes or (sys.stdin.isatty() and click.confirm(question, err=True))


def progress() -> Console:
    """Console for progress: standard error, so that standard output holds the result alone."""
    return Console(stderr=True, highlight=False, soft_wrap=True)
