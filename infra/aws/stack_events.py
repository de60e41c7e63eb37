"""What CloudFormation tells while it works, and why it refused or failed."""

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
        # Cancelled ones only follow from the first failure.
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


class StackFailedError(LogDigError):
    """A stack did not become what was asked; it is rolled back. Says which resource failed first, and what to do."""

    def __init__(self, stack: str, status: str, failures: Sequence[Event], causes: str = "") -> None:
        first = failures[0] if failures else None
        what = f"{first.logical_id} ({first.kind}): {first.reason}" if first else "CloudFormation gave no reason"
        super().__init__(f"{stack} is {status}: {causes or what}; {advice(causes or what)}", status=status)
        self.status = status
        self.failures = tuple(failures)


def advice(reason: str) -> str:
    """What to do about a failure, from CloudFormation's words."""
    known = {
        "already exist": "its name is taken: choose another service, stage or bucket in logdig.toml, or remove it",
        "not authorized": "give yourself the missing permission (see: logdig policy --help)",
        "AccessDenied": "give yourself the missing permission (see: logdig policy --help)",
        "limit": "ask AWS for a higher limit, or choose another region",
    }
    found = next((step for words, step in known.items() if words in reason), "mend what it names")
    return f"everything is rolled back; {found}, then deploy again"


def stack_events(account: Account, stack_id: str) -> Iterator[Event]:
    """Events of a stack, newest first."""
    for one in account.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack_id):
        yield Event(
            one["EventId"],
            one.get("LogicalResourceId", ""),
            one.get("ResourceType", ""),
            one.get("ResourceStatus", ""),
            one.get("ResourceStatusReason", ""),
        )


def causes_of(account: Account, reason: str, **where: str) -> str:
    """What failed CloudFormation's checks before it changed anything; empty where its reason is all there is.

    Args:
        account: Where.
        reason: CloudFormation's; it names the call that tells more.
        where: ``ChangeSetName`` or ``StackName``.
    """
    if "DescribeEvents" not in reason:
        return ""
    failed = {"FailedEvents": True}
    found = account.pages("cloudformation", "describe_events", "OperationEvents", Filters=failed, **where)
    causes = {
        f"{one.get('LogicalResourceId', '?')} ({one.get('ResourceType', '?')}): {said}": None
        for one in found
        if (said := one.get("ValidationStatusReason") or one.get("HookStatusReason"))
    }
    return "; ".join(causes)
