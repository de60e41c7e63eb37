"""Carry a plan out: packages up, stack changed, road checked. Source: docs/deploy.md."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from infra.aws.account import Account, RefusedByAwsError
from infra.aws.cloudformation import Stack, apply_change, prepare_change, prepare_import, require_stack
from infra.aws.stack_events import Event
from infra.deploy.plan import ApplyTemplate, CheckRoad, MakeArtifacts, Step, TakeUp, Upload, upload_template
from infra.deploy.smoke_test import Found, check_road
from infra.packaging.build import Packages, build_packages
from infra.packaging.dependencies import target_for
from infra.template.build import Template, artifacts_of, build_template
from infra.template.resource import tags
from infra.template.server import Server
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.errors import SetupError

FOLDER = Path("build")
PLATFORM = re.compile(r"64bit Amazon Linux 2023 v([0-9.]+) running Docker")


def build(account: Account, settings: Settings) -> tuple[Packages, Template]:
    """Build packages and template of the settings.

    Raises:
        SetupError: Something on this machine or in the settings is missing.
    """
    account.identity()  # Without access nobody should wait for packages.
    packages = build_packages(settings, FOLDER, target_for(os.environ))
    bucket = settings.artifacts_bucket_name
    server = None
    if packages.server is not None:
        server = Server({"S3Bucket": bucket, "S3Key": packages.server.key}, newest_platform(account))
    return packages, build_template(settings, artifacts_of(packages, bucket, server))


def newest_platform(account: Account) -> str:
    """Name of Elastic Beanstalk's newest Docker platform."""
    answer = account.call("elasticbeanstalk", "list_available_solution_stacks")
    found = [match for name in answer["SolutionStacks"] if (match := PLATFORM.fullmatch(name))]
    if not found:
        raise SetupError(f"Elastic Beanstalk has no Docker platform in {account.region}; choose another region")
    return max(found, key=lambda match: [int(part) for part in match[1].split(".")])[0]


class Deployer:
    """Carries steps out.

    Args:
        account: Where.
        settings: What.
        tell: Called with every event of a stack.
        say: Called with a line before each step.
    """

    def __init__(
        self, account: Account, settings: Settings, tell: Callable[[Event], None], say: Callable[[str], None]
    ) -> None:
        self._account, self._settings, self._tell, self._say = account, settings, tell, say
        self.found: Found | None = None

    def carry_out(self, step: Step) -> None:
        """Do one step; all but the probe may be done again without harm."""
        self._say(in_words(step))
        match step:
            case MakeArtifacts(stack, template):
                self._apply(stack, {"TemplateBody": json.dumps(template)})
            case Upload():
                upload(self._account, step)
            case TakeUp(stack, bucket, template, kept):
                where = upload_template(self._account, bucket, template)
                change = prepare_import(self._account, stack, where, [one.as_import() for one in kept])
                apply_change(self._account, change, self._tell)
            case ApplyTemplate(stack, bucket, template, change_set):
                if change_set is None:
                    self._apply(stack, upload_template(self._account, bucket, template))
                else:
                    apply_change(self._account, change_set, self._tell)
            case CheckRoad():
                self.found = check_road(self._account, self._settings, self.stack, s3_store(self._settings))

    @property
    def stack(self) -> Stack:
        """The deployed stack."""
        return require_stack(self._account, self._settings.stack_name)

    def _apply(self, stack: str, template: dict[str, str]) -> None:
        change_set = prepare_change(self._account, stack, template, tags(self._settings))
        if change_set is not None:
            apply_change(self._account, change_set, self._tell)


def upload(account: Account, step: Upload) -> None:
    """Bring one package up; what is there already is the same, since its name holds its digest."""
    with step.package.path.open("rb") as body:
        try:
            account.call(
                "s3",
                "put_object",
                Bucket=step.bucket,
                Key=step.package.key,
                Body=body,
                ContentType=step.package.content_type,
                IfNoneMatch="*",
            )
        except RefusedByAwsError as err:
            if err.code != "PreconditionFailed":
                raise


def in_words(step: Step) -> str:
    """One line about a step."""
    match step:
        case MakeArtifacts(stack):
            return f"make the bucket of the packages (stack {stack})"
        case Upload(_, package):
            return f"upload {package.key} ({package.bytes / 1e6:,.1f} MB)"
        case TakeUp(stack, kept=kept):
            return f"take up into stack {stack} what an earlier one kept: {', '.join(one.name for one in kept)}"
        case ApplyTemplate(stack):
            return f"bring stack {stack} to what the template says"
        case CheckRoad():
            return "check the road: post a probe event, flush, find it in the bucket, remove it"
