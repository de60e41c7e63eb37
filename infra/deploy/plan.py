"""Plan a deploy: compare what is deployed with the settings. Source: docs/deploy.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from infra.aws.account import Account, Identity
from infra.aws.cloudformation import ChangeSet, Stack, find_stack, prepare_change
from infra.deploy.buckets import object_exists
from infra.deploy.domain import (
    UNUSABLE,
    are_uploaded,
    compare_domain,
    deployed_domain,
    domain_account,
    origin_parameter,
    origin_secret,
    tracker_files,
)
from infra.deploy.retained import find_retained, importable_part
from infra.deploy.steps import (
    ApplyDomain,
    ApplyTemplate,
    Change,
    DeployPlan,
    ImportRetained,
    MakeArtifacts,
    MakeOriginSecret,
    RemoveDomain,
    RunSmokeTest,
    Step,
    Upload,
)
from infra.packaging.build import Package
from infra.template.build import Artifacts, Template, artifacts_template, build_template, template_text
from infra.template.domain import domain_stack, domain_template
from infra.template.resource import tags
from infra.template.server import Server
from logdig.config.settings import Settings

ACTIONS = {"Add": "add", "Import": "import", "Modify": "change", "Remove": "remove"}
"""CloudFormation's action -> the action shown."""


def make_plan(account: Account, settings: Settings, packages: Iterable[Package], template: Template) -> DeployPlan:
    """Compare the deployed stack with the settings.

    Changes nothing but prepares a change set where a stack exists; see `infra.aws.cloudformation.discard_change`.
    Packages of `tracker/` are also files of the domain.

    Raises:
        SetupError: No access, or the stack is in a state that must be fixed first.
    """
    identity = account.identity()
    stack, bucket = settings.stack_name, settings.artifacts_bucket_name
    packages = tuple(packages)
    steps: list[Step] = []
    has_bucket = find_stack(account, artifacts_stack(settings)) is not None
    if not has_bucket:
        steps.append(MakeArtifacts(artifacts_stack(settings), artifacts_template(settings)))
    steps += [
        Upload(bucket, package)
        for package in packages
        if not (has_bucket and object_exists(account, bucket, package.key))
    ]
    deployed = find_stack(account, stack)
    is_first = deployed is None
    change_set = None
    if is_first:
        part, retained = importable_part(template, tuple(find_retained(account, settings)))
        steps += [ImportRetained(stack, bucket, part, retained)] if retained else []
        changes = all_added(template, {resource.logical_id for resource in retained})
    elif not has_bucket:
        changes = all_added(template, set())
    else:
        change_set = prepare_change(account, stack, upload_template(account, bucket, template), tags(settings))
        changes = changes_of(change_set, template) if change_set is not None else ()
    main: list[Step] = [ApplyTemplate(stack, bucket, template, change_set), RunSmokeTest()] if changes else []
    before, domain_changes, after = _domain_part(account, settings, deployed, packages, is_changed=bool(changes))
    return DeployPlan(
        identity, account.region, stack, is_first, changes + domain_changes, (*steps, *before, *main, *after)
    )


def _domain_part(
    account: Account, settings: Settings, deployed: Stack | None, packages: tuple[Package, ...], *, is_changed: bool
) -> tuple[tuple[Step, ...], tuple[Change, ...], tuple[Step, ...]]:
    """Steps before the main stack's, changes, and steps after it.

    The domain leaves first, so that the main stack's output tells of it until it is gone. A changed main stack may have
    other hosts.
    """
    stack, outputs = domain_stack(settings), {} if deployed is None else deployed.outputs
    if not settings.domain:
        if "Domain" not in outputs:
            return (), (), ()
        template = domain_template(deployed_domain(settings, outputs))
        gone = tuple(replace(change, action="remove", domain=True) for change in all_added(template, set()))
        return (RemoveDomain(outputs["Domain"], stack),), gone, ()
    before = () if origin_secret(account, settings) else (MakeOriginSecret(origin_parameter(settings)),)
    template = domain_template(settings)
    there, is_waiting = find_stack(domain_account(account), stack), False
    if there is None or there.status in UNUSABLE:
        changes = all_added(template, set())
    elif is_waiting := there.status.endswith("_IN_PROGRESS"):
        changes = ()
    else:
        found = compare_domain(account, settings, template, outputs)
        changes = changes_of(found, template) if found is not None else ()
    changes = tuple(replace(change, domain=True) for change in changes)
    scripts = tracker_files(packages)
    needed = is_changed or changes or before or is_waiting or not are_uploaded(account, settings, scripts)
    after = (ApplyDomain(settings.domain, stack, template, scripts),) if needed else ()
    return before, changes, after


def artifacts_stack(settings: Settings) -> str:
    """Name of the small stack that holds the bucket of the packages."""
    return f"{settings.stack_name}-artifacts"


def upload_template(account: Account, bucket: str, template: Template) -> dict[str, str]:
    """Upload a template for CloudFormation; return the argument that names it."""
    body = template_text(template).encode()
    key = f"templates/{hashlib.sha256(body).hexdigest()[:16]}.json"
    account.call("s3", "put_object", Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    if account.endpoint:
        return {"TemplateURL": f"{account.endpoint}/{bucket}/{key}"}
    return {"TemplateURL": f"https://{bucket}.s3.{account.region}.amazonaws.com/{key}"}


def offline_plan(account: str, settings: Settings) -> DeployPlan:
    """What a first deploy to an account makes, without a question to AWS and without packages; it has no steps.

    Args:
        account: Twelve digits.
        settings: What.
    """
    bucket = settings.artifacts_bucket_name
    server = Server({"S3Bucket": bucket, "S3Key": "server"}, "newest") if settings.front_door == "server" else None
    shown = "dashboard" if settings.dashboard == "function" else ""
    template = build_template(settings, Artifacts(bucket, "functions", "entry", "", server, shown))
    changes = all_added(template, set())
    if settings.domain:
        of_domain = all_added(domain_template(settings), set())
        changes += tuple(replace(change, domain=True) for change in of_domain)
    return DeployPlan(Identity(account, ""), settings.region, settings.stack_name, True, changes, ())


def all_added(template: Template, retained: set[str]) -> tuple[Change, ...]:
    """Changes of a first deploy; ``retained`` exist already and are imported."""
    return tuple(
        Change("import" if name in retained else "add", name, resource["Type"], resource["Metadata"]["Meaning"])
        for name, resource in template["Resources"].items()
    )


def changes_of(change_set: ChangeSet, template: Template) -> tuple[Change, ...]:
    """Read CloudFormation's changes."""
    return tuple(_change(row, template) for row in change_set.changes)


def _change(row: dict[str, Any], template: Template) -> Change:
    action: Any = ACTIONS.get(row["Action"], "change")
    if action == "change":
        action = {"True": "replace", "Conditional": "may replace"}.get(row.get("Replacement", ""), "change")
    targets = [detail.get("Target", {}) for detail in row.get("Details", [])]
    causes = dict.fromkeys(target.get("Name") or target.get("Attribute", "") for target in targets)
    resource = template["Resources"].get(row["LogicalResourceId"], {})
    meaning = resource.get("Metadata", {}).get("Meaning", "")
    names = tuple(name for name in causes if name)
    return Change(action, row["LogicalResourceId"], row["ResourceType"], meaning, names)
