"""Options and shapes that the commands on a deployed stack share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from logdig.errors import InputError

if TYPE_CHECKING:
    from infra.aws.account import Account
    from logdig.config.settings import Settings

NAMES = {"profile": "AWS_PROFILE", "region": "LOGDIG_REGION"}


def aws_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--profile`` and ``--region``: they stand for AWS_PROFILE and LOGDIG_REGION."""
    profile = click.option(
        "--profile", callback=_set, expose_value=False, is_eager=True, help="Profile of the AWS configuration."
    )
    region = click.option(
        "--region", callback=_set, expose_value=False, is_eager=True, help="AWS region, instead of logdig.toml's."
    )
    return profile(region(function))


def _set(_context: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None and option.name is not None:
        os.environ[NAMES[option.name]] = value


where_option = click.option(
    "--on",
    "where",
    type=click.Choice(["here", "aws"]),
    default="here",
    show_default=True,
    help="This machine, or the deployed stack.",
)


def account_of(settings: Settings) -> Account:
    """The account of AWS's standard chain in the region of the settings."""
    from infra.aws.account import open_account

    return open_account(settings.region)


def confirm(question: str, *, yes: bool) -> None:
    """Go on after a yes.

    Raises:
        InputError: Nobody is there to ask.
        click.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(f"{question} Nobody is there to answer; say --yes")
    click.confirm(question, abort=True, err=True)


def progress() -> Console:
    """Where progress is told: standard error, so that standard output is the result alone."""
    return Console(stderr=True, highlight=False, soft_wrap=True)
