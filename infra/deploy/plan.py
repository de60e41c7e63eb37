"""What a deploy will do, as data: read by people before, carried out by an executor after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from infra.aws.account import Account, Identity
from infra.aws.cloudformation import ChangeSet, find_stack, prepare_change
from infra.deploy.retained import Kept, find_kept, part_of
from infra.packaging.build import Package
from infra.template.build import Template, artifacts_template, template_text
from infra.template.resource import DATA_TYPES, tags
from logdig.config.settings import Settings

Action = Literal["add", "take up", "change", "replace", "may replace", "remove"]
NAMES = {"Add": "add", "Import": "take up", "Modify": "change", "Remove": "remove"}
"""CloudFormation's word for an action -> ours."""
LOSING = ("replace", "may replace", "remove")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one resource; ``causes`` are the properties that differ."""

    action: Action
    logical_id: str
    kind: str
    meaning: str
    causes: tuple[str, ...] = ()

    @property
    def endangers_data(self) -> bool:
        """Whether a queue, bucket, database or table would be left behind."""
        return self.kind in DATA_TYPES and self.action in LOSING


@dataclass(frozen=True, slots=True)
class MakeArtifacts:
    """Make the bucket that packages are uploaded to."""

    stack: str
    template: Template


@dataclass(frozen=True, slots=True)
class Upload:
    """Bring one package to the bucket."""

    bucket: str
    package: Package


@dataclass(frozen=True, slots=True)
class TakeUp:
    """Make the stack of the data that an earlier one left; ``template`` holds exactly what is in ``kept``."""

    stack: str
    bucket: str
    template: Template
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class ApplyTemplate:
    """Bring the stack to what the template says; ``change_set`` is there when the stack is."""

    stack: str
    bucket: str
    template: Template
    change_set: ChangeSet | None


@dataclass(frozen=True, slots=True)
class CheckRoad:
    """Send a probe from the endpoint to the bucket and take it out again."""


Step = MakeArtifacts | Upload | TakeUp | ApplyTemplate | CheckRoad


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, and what the main one changes. No changes: nothing to do."""

    identity: Identity
    region: str
    stack: str
    is_first: bool
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]

    @property
    def dangers(self) -> tuple[Change, ...]:
        """Changes that leave data behind."""
        return tuple(one for one in self.changes if one.endangers_data)


class Executor(Protocol):
    """Carries steps out, or only shows them."""

    def carry_out(self, step: Step) -> None:
        """Do one step."""


def run(plan: Plan, executor: Executor) -> None:
    """Hand every step to the executor, in order."""
    for step in plan.steps:
        executor.carry_out(step)


def make_plan(account: Account, settings: Settings, packages: Iterable[Package], template: Template) -> Plan:
    """Compare what is there with what the settings say.

    Nothing changes but that a change set is prepared where there is a stack; see `infra.stacks.forget_change`.

    Raises:
        SetupError: No access, or the stack is in a state that must be mended first.
    """
    identity = account.identity()
    stack, bucket = settings.stack_name, settings.artifacts_bucket_name
    steps: list[Step] = []
    has_bucket = find_stack(account, artifacts_stack(settings)) is not None
    if not has_bucket:
        steps.append(MakeArtifacts(artifacts_stack(settings), artifacts_template(settings)))
    steps += [Upload(bucket, one) for one in packages if not (has_bucket and is_there(account, bucket, one.key))]
    is_first = find_stack(account, stack) is None
    change_set = None
    if is_first:
        part, kept = part_of(template, tuple(find_kept(account, settings)))
        steps += [TakeUp(stack, bucket, part, kept)] if kept else []
        changes = all_added(template, {one.logical_id for one in kept})
    elif not has_bucket:
        changes = all_added(template, set())
    else:
        change_set = prepare_change(account, stack, upload_template(account, bucket, template), tags(settings))
        changes = changes_of(change_set, template) if change_set is not None else ()
    if changes:
        steps += [ApplyTemplate(stack, bucket, template, change_set), CheckRoad()]
    return Plan(identity, account.region, stack, is_first, changes, tuple(steps))


def artifacts_stack(settings: Settings) -> str:
    """Name of the small stack that is there first."""
    return f"{settings.stack_name}-artifacts"


def is_there(account: Account, bucket: str, key: str) -> bool:
    """Tell whether an object exists."""
    return account.find("s3", "head_object", "404", Bucket=bucket, Key=key) is not None


def upload_template(account: Account, bucket: str, template: Template) -> dict[str, str]:
    """Bring a template to where CloudFormation reads it; return the argument that names it."""
    body = template_text(template).encode()
    key = f"templates/{hashlib.sha256(body).hexdigest()[:16]}.json"
    account.call("s3", "put_object", Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    if account.endpoint:
        return {"TemplateURL": f"{account.endpoint}/{bucket}/{key}"}
    return {"TemplateURL": f"https://{bucket}.s3.{account.region}.amazonaws.com/{key}"}


def all_added(template: Template, kept: set[str]) -> tuple[Change, ...]:
    """Changes of a first deploy; ``kept`` are there already."""
    return tuple(
        Change("take up" if name in kept else "add", name, one["Type"], one["Metadata"]["Meaning"])
        for name, one in template["Resources"].items()
    )


def changes_of(change_set: ChangeSet, template: Template) -> tuple[Change, ...]:
    """Read CloudFormation's changes."""
    return tuple(_change(one, template) for one in change_set.changes)


def _change(told: dict[str, Any], template: Template) -> Change:
    action: Any = NAMES.get(told["Action"], "change")
    if action == "change":
        action = {"True": "replace", "Conditional": "may replace"}.get(told.get("Replacement", ""), "change")
    targets = [detail.get("Target", {}) for detail in told.get("Details", [])]
    causes = dict.fromkeys(target.get("Name") or target.get("Attribute", "") for target in targets)
    made = template["Resources"].get(told["LogicalResourceId"], {})
    meaning = made.get("Metadata", {}).get("Meaning", "")
    names = tuple(name for name in causes if name)
    return Change(action, told["LogicalResourceId"], told["ResourceType"], meaning, names)
