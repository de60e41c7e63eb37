"""`logdig policy`: the IAM policies that a deploy, and work on the lake, need."""

import re

import click

from cli.aws_options import account_of, aws_options
from cli.options import read_settings


def read_account(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Accept twelve digits."""
    if text is not None and not re.fullmatch(r"[0-9]{12}", text):
        raise click.BadParameter(f"{text!r}: an account has twelve digits")
    return text


@click.command("policy")
@click.argument("part", type=click.Choice(["data", "work", "lake"]))
@click.option("--account", callback=read_account, help="Account number; default: the account of your credentials.")
@aws_options
def command(part: str, account: str | None) -> None:
    """Print least-privilege IAM policies with the names of your settings.

    plan, deploy, status, tail and destroy need two, since IAM limits the length of a policy: `data` for resources that
    hold data, `work` for compute. An administrator of the account attaches both to the person who deploys. Server mode
    also needs AWS's own policy AdministratorAccess-AWSElasticBeanstalk.

    `lake` is for people who work with events and tables: forget, rebuild, jobs run, load, ledger, verify, bad, dlq,
    flush.
    """
    from infra.deploy.iam_policies import deployer_policy

    settings = read_settings()
    click.echo(deployer_policy(settings, account or account_of(settings).identity().account, part), nl=False)
