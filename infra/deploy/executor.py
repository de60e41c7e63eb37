"""Carry out a plan: upload packages, change the stack, run the smoke test. Source: docs/deploy.md."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from infra.aws.account import Account
from infra.aws.cloudformation import Stack, apply_change, prepare_change, prepare_import, require_stack
from infra.aws.stack_events import Event
from infra.deploy.buckets import put_package
from infra.deploy.domain import (
    apply_domain,
    deployed_domain,
    make_origin_secret,
    record_of,
    remove_domain,
    upload_scripts,
)
from infra.deploy.plan import upload_template
from infra.deploy.smoke_test import ProbeResult, smoke_test
from infra.deploy.steps import (
    ApplyDomain,
    ApplyTemplate,
    ImportRetained,
    MakeArtifacts,
    MakeOriginSecret,
    RemoveDomain,
    RunSmokeTest,
    Step,
    Upload,
)
from infra.packaging.build import Packages, build_packages
from infra.packaging.dependencies import target_for
from infra.template.build import Template, artifacts_of, build_template
from infra.template.domain import DOMAIN_REGION
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
    account.identity()  # Fail before building packages takes time.
    packages = build_packages(settings, FOLDER, target_for(os.environ))
    bucket = settings.artifacts_bucket_name
    server = None
    if packages.server is not None:
        server = Server({"S3Bucket": bucket, "S3Key": packages.server.key}, newest_platform(account))
    return packages, build_template(settings, artifacts_of(packages, bucket, server))


def newest_platform(account: Account) -> str:
    """Name of Elastic Beanstalk's newest Docker platform."""
    response = account.call("elasticbeanstalk", "list_available_solution_stacks")
    platforms = [match for name in response["SolutionStacks"] if (match := PLATFORM.fullmatch(name))]
    if not platforms:
        raise SetupError(f"Elastic Beanstalk has no Docker platform in {account.region}; choose another region")
    return max(platforms, key=lambda match: [int(part) for part in match[1].split(".")])[0]


class Deployer:
    """Carries steps out.

    Args:
        account: Where.
        settings: What.
        on_event: Called with every event of a stack.
        print_line: Called with a line before each step.
    """

    def __init__(
        self,
        account: Account,
        settings: Settings,
        on_event: Callable[[Event], None],
        print_line: Callable[[str], None],
    ) -> None:
        self._account, self._settings, self._on_event, self._print_line = account, settings, on_event, print_line
        self.probe: ProbeResult | None = None

    def carry_out(self, step: Step) -> None:
        """Do one step; every step but the smoke test is idempotent."""
        self._print_line(describe_step(step))
        match step:
            case MakeArtifacts(stack, template):
                self._apply(stack, {"TemplateBody": json.dumps(template)})
            case Upload(bucket, package):
                put_package(self._account, bucket, package)
            case ImportRetained(stack, bucket, template, retained):
                location = upload_template(self._account, bucket, template)
                change = prepare_import(self._account, stack, location, [resource.as_import() for resource in retained])
                apply_change(self._account, change, self._on_event)
            case ApplyTemplate(stack, bucket, template, change_set):
                if change_set is None:
                    self._apply(stack, upload_template(self._account, bucket, template))
                else:
                    apply_change(self._account, change_set, self._on_event)
            case MakeOriginSecret():
                make_origin_secret(self._account, self._settings)
            case ApplyDomain():
                self._apply_domain(step)
            case RemoveDomain():
                gone = deployed_domain(self._settings, self.stack.outputs)
                remove_domain(self._account, gone, self._on_event, self._print_line)
            case RunSmokeTest():
                store = s3_store(self._settings)
                self.probe = smoke_test(self._account, self._settings, self.stack, store, self._print_line)

    @property
    def stack(self) -> Stack:
        """The deployed stack."""
        return require_stack(self._account, self._settings.stack_name)

    def _apply_domain(self, step: ApplyDomain) -> None:
        """Say at once which record the certificate waits for."""

        def on_event(event: Event) -> None:
            record = record_of(event)
            if record is not None and not self._settings.domain_zone:
                self._print_line(f"add this record to your DNS, and leave it there: {record[0]} CNAME {record[1]}")
            self._on_event(event)

        apply_domain(self._account, self._settings, step.template, self.stack.outputs, on_event)
        upload_scripts(self._account, self._settings, step.scripts)

    def _apply(self, stack: str, template: dict[str, str]) -> None:
        change_set = prepare_change(self._account, stack, template, tags(self._settings))
        if change_set is not None:
            apply_change(self._account, change_set, self._on_event)


def describe_step(step: Step) -> str:
    """One line about a step."""
    match step:
        case MakeArtifacts(stack):
            return f"create the bucket of the packages (stack {stack})"
        case Upload(_, package):
            return f"upload {package.key} ({package.bytes / 1e6:,.1f} MB)"
        case ImportRetained(stack, retained=retained):
            return f"import retained data into stack {stack}: {', '.join(resource.name for resource in retained)}"
        case ApplyTemplate(stack):
            return f"apply the template to stack {stack}"
        case MakeOriginSecret(parameter):
            return f"make the origin secret in the parameter store ({parameter})"
        case ApplyDomain(domain, stack):
            return f"put {domain} in front (stack {stack} in {DOMAIN_REGION}) and upload the tracker's files to it"
        case RemoveDomain(domain, stack):
            return f"remove {domain} (stack {stack} in {DOMAIN_REGION}), its copies of the tracker and its secret"
        case RunSmokeTest():
            return "run the smoke test: post a probe event, flush, find it in the bucket, remove it"
