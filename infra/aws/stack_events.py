"""Events of a CloudFormation stack, and the reasons why it refused or failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.aws.account import Account
from logdig.errors import LogDigError


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one resource."""

    event_id: str
    logical_id: str
    kind: str
    status: str
    reason: str

    @property
    def is_failure(self) -> bool:
        # Cancelled resources only follow from the first failure.
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


class StackFailedError(LogDigError):
    """A change of a stack failed and is rolled back; names the resource that failed first, and the next step."""

    def __init__(self, stack: str, status: str, failures: Sequence[Event], causes: str = "") -> None:
        first = failures[0] if failures else None
        failure = f"{first.logical_id} ({first.kind}): {first.reason}" if first else "CloudFormation gave no reason"
        super().__init__(f"{stack} is {status}: {causes or failure}; {advice(causes or failure)}", status=status)
        self.status = status
        self.failures = tuple(failures)


_TAKEN_NAME = (
    "the domain still belongs to another distribution: delete its CNAME record from your DNS, wait until nobody "
    "remembers it, and take the name off the other distribution if that still exists"
)


def advice(reason: str) -> str:
    """Next step after a failure, from CloudFormation's reason."""
    steps = {
        "already exist": "its name is taken: choose another service, stage or bucket in logdig.toml, or remove it",
        "CNAMEAlreadyExists": _TAKEN_NAME,
        "another CloudFront distribution": _TAKEN_NAME,
        "not authorized": "give yourself the missing permission (see: logdig policy --help)",
        "AccessDenied": "give yourself the missing permission (see: logdig policy --help)",
        "limit": "ask AWS for a higher limit, or choose another region",
    }
    next_step = next((step for phrase, step in steps.items() if phrase in reason), "fix what it names")
    return f"everything is rolled back; {next_step}, then deploy again"


def stack_events(account: Account, stack_id: str) -> Iterator[Event]:
    """Events of a stack, newest first."""
    for event in account.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack_id):
        yield Event(
            event["EventId"],
            event.get("LogicalResourceId", ""),
            event.get("ResourceType", ""),
            event.get("ResourceStatus", ""),
            event.get("ResourceStatusReason", ""),
        )


def causes_of(account: Account, reason: str, **where: str) -> str:
    """Failures of CloudFormation's validation before it changes anything; empty where its reason is complete.

    Args:
        account: Where.
        reason: CloudFormation's; it names the call that has the details.
        where: ``ChangeSetName`` or ``StackName``.
    """
    if "DescribeEvents" not in reason:
        return ""
    failed = {"FailedEvents": True}
    events = account.pages("cloudformation", "describe_events", "OperationEvents", Filters=failed, **where)
    causes = {
        f"{event.get('LogicalResourceId', '?')} ({event.get('ResourceType', '?')}): {details}": None
        for event in events
        if (details := event.get("ValidationStatusReason") or event.get("HookStatusReason"))
    }
    return "; ".join(causes)
