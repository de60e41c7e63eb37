"""The steps of a deploy and the changes that they make, as data: shown first, then carried out by an executor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from infra.aws.account import Identity
from infra.aws.cloudformation import ChangeSet
from infra.deploy.retained import RetainedResource
from infra.packaging.build import Package
from infra.template.build import Template
from infra.template.resource import DATA_TYPES

Action = Literal["add", "import", "change", "replace", "may replace", "remove"]
DESTRUCTIVE = ("replace", "may replace", "remove")


@dataclass(frozen=True, slots=True)
class Change:
    """Change of one resource; ``causes`` are the properties that differ, ``domain`` tells that it is the domain's."""

    action: Action
    logical_id: str
    kind: str
    meaning: str
    causes: tuple[str, ...] = ()
    domain: bool = False

    @property
    def endangers_data(self) -> bool:
        """Whether a queue, bucket, database or table would be left behind; the domain's bucket holds copies only."""
        return not self.domain and self.kind in DATA_TYPES and self.action in DESTRUCTIVE


@dataclass(frozen=True, slots=True)
class MakeArtifacts:
    """Create the bucket that packages are uploaded to."""

    stack: str
    template: Template


@dataclass(frozen=True, slots=True)
class Upload:
    """Upload one package."""

    bucket: str
    package: Package


@dataclass(frozen=True, slots=True)
class ImportRetained:
    """Create the stack by importing retained data; ``template`` holds exactly the resources in ``retained``."""

    stack: str
    bucket: str
    template: Template
    retained: tuple[RetainedResource, ...]


@dataclass(frozen=True, slots=True)
class ApplyTemplate:
    """Apply the template to the stack; ``change_set`` is None when the stack does not exist yet."""

    stack: str
    bucket: str
    template: Template
    change_set: ChangeSet | None


@dataclass(frozen=True, slots=True)
class MakeOriginSecret:
    """Make the secret that CloudFront adds to each request."""

    parameter: str


@dataclass(frozen=True, slots=True)
class ApplyDomain:
    """Bring the domain's stack to the template, with the hosts that the main stack then has; upload the scripts."""

    domain: str
    stack: str
    template: Template
    scripts: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class RemoveDomain:
    """Remove the domain's stack, its scripts and its secret."""

    domain: str
    stack: str


@dataclass(frozen=True, slots=True)
class RunSmokeTest:
    """Send a probe event through the deployed pipeline and remove it again."""


Step = (
    MakeArtifacts | Upload | ImportRetained | ApplyTemplate | MakeOriginSecret | ApplyDomain | RemoveDomain
    | RunSmokeTest
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """Steps in order, and the changes of the main stack and the domain's; no steps = nothing to do."""

    identity: Identity
    region: str
    stack: str
    is_first: bool
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]

    @property
    def dangers(self) -> tuple[Change, ...]:
        """Changes that leave data behind."""
        return tuple(change for change in self.changes if change.endangers_data)


class Executor(Protocol):
    """Carries steps out, or only shows them."""

    def carry_out(self, step: Step) -> None:
        """Do one step."""


def run(plan: DeployPlan, executor: Executor) -> None:
    """Hand every step to the executor, in order."""
    for step in plan.steps:
        executor.carry_out(step)
