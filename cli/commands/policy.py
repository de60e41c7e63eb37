"""`logdig policy`: the IAM policies that a deploy, and work on the lake, need."""

import click

from cli.aws_options import account_of, account_option, aws_options
from cli.options import read_settings


@click.command("policy")
@click.argument("part", type=click.Choice(["data", "work", "domain", "lake"]))
@account_option
@aws_options
def command(part: str, account: str | None) -> None:
    """Print least-privilege IAM policies with the names of your settings.

    plan, deploy, status, tail and destroy need two, since IAM limits the length of a policy: `data` for resources that
    hold data, `work` for compute. An administrator of the account attaches both to the person who deploys. Server mode
    also needs AWS's own policy AdministratorAccess-AWSElasticBeanstalk.

    With a `domain`, the deploy needs `domain`, too: distribution, certificate and their stack in us-east-1.

    `lake` is for people who work with events and tables: forget, rebuild, jobs run, load, ledger, verify, bad, dlq,
    flush.
    """
    from infra.deploy.iam_policies import deployer_policy

    settings = read_settings()
    click.echo(deployer_policy(settings, account or account_of(settings).identity().account, part), nl=False)
