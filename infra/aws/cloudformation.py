"""CloudFormation stacks: found, changed by change sets, followed event by event, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.aws.account import Account
from infra.aws.stack_events import Event, StackFailedError, advice, causes_of, stack_events
from logdig.errors import LogDigError, SetupError

POLL_SECONDS = 2.0
CHANGE_SET_SECONDS = 300
STACK_SECONDS = 3600
UNCHANGED = ("didn't contain changes", "No updates are to be performed")
BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS")
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]

_NEXT_STEPS = {
    "UPDATE_ROLLBACK_FAILED": "continue its rollback in the CloudFormation console, then deploy again",
    "DELETE_FAILED": "run 'logdig destroy' again",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that exists; ``outputs`` by name."""

    name: str
    stack_id: str
    status: str
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A prepared change; ``changes`` as CloudFormation tells them, None when there is nothing to change."""

    name: str
    stack: str
    changes: tuple[dict[str, Any], ...]
    is_new: bool


def find_stack(account: Account, name: str) -> Stack | None:
    """Find a stack by its name; one that is only being reviewed does not exist yet."""
    answer = account.find("cloudformation", "describe_stacks", "does not exist", StackName=name)
    if answer is None or not answer["Stacks"]:
        return None
    found = answer["Stacks"][0]
    if found["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
        return None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    return Stack(name, found["StackId"], found["StackStatus"], outputs)


def require_stack(account: Account, name: str) -> Stack:
    """Find a stack that must be there.

    Raises:
        SetupError: It is not.
    """
    found = find_stack(account, name)
    if found is None:
        raise SetupError(f"there is no stack {name} in {account.region}; run: logdig deploy")
    return found


def prepare_change(
    account: Account, name: str, template: Mapping[str, str], tags: Sequence[Mapping[str, str]]
) -> ChangeSet | None:
    """Make a change set and wait until it is ready.

    Args:
        account: Where.
        name: Of the stack.
        template: ``TemplateURL`` or ``TemplateBody`` and its value.
        tags: Of the stack.
    Returns:
        None when nothing would change.
    Raises:
        SetupError: The stack is in a state from which it cannot be changed.
        RefusedByAwsError: CloudFormation refuses the template.
    """
    stack = find_stack(account, name)
    if stack is not None and stack.status in BROKEN:
        remedy = _NEXT_STEPS.get(stack.status, "run 'logdig destroy' (it keeps the data), then deploy again")
        raise SetupError(f"stack {name} is {stack.status}; {remedy}")
    arguments: dict[str, Any] = {"OnStackFailure": "DELETE"} if stack is None else {}
    return _make_change(
        account,
        name,
        is_new=stack is None,
        ChangeSetType="CREATE" if stack is None else "UPDATE",
        Tags=list(tags),
        # A name that somebody took in the meantime is taken up where CloudFormation can.
        ImportExistingResources=True,
        **template,
        **arguments,
    )


def prepare_import(
    account: Account, name: str, template: Mapping[str, str], resources: Sequence[Mapping[str, object]]
) -> ChangeSet:
    """Make a change set that makes a stack of what exists already, and wait until it is ready.

    Args:
        account: Where.
        name: Of the stack, which must not exist.
        template: ``TemplateURL`` or ``TemplateBody`` and its value: exactly the resources, no outputs.
        resources: ResourceType, LogicalResourceId and ResourceIdentifier of each.
    Raises:
        LogDigError: CloudFormation refuses it.
    """
    arguments = {"ChangeSetType": "IMPORT", "ResourcesToImport": list(resources), **template}
    made = _make_change(account, name, is_new=True, **arguments)
    if made is None:
        raise LogDigError(f"CloudFormation finds nothing to take up into {name}; deploy again")
    return made


def _make_change(account: Account, name: str, *, is_new: bool, **arguments: Any) -> ChangeSet | None:
    change_set = account.call(
        "cloudformation",
        "create_change_set",
        StackName=name,
        ChangeSetName=f"logdig-{account.clock():%Y%m%d-%H%M%S-%f}",
        Capabilities=CAPABILITIES,
        **arguments,
    )["Id"]
    return _ready(account, name, change_set, is_new=is_new)


def _ready(account: Account, name: str, change_set: str, *, is_new: bool) -> ChangeSet | None:
    answer: dict[str, Any] = {}

    def is_done() -> bool:
        answer.update(account.call("cloudformation", "describe_change_set", ChangeSetName=change_set, StackName=name))
        return answer["Status"] in ("CREATE_COMPLETE", "FAILED")

    if not account.wait(is_done, every_seconds=POLL_SECONDS, at_most_seconds=CHANGE_SET_SECONDS):
        raise LogDigError(f"the change set of {name} was not ready after {CHANGE_SET_SECONDS} s; try again")
    if answer["Status"] == "FAILED":
        reason = answer.get("StatusReason", "")
        causes = causes_of(account, reason, ChangeSetName=change_set)
        forget_change(account, ChangeSet(change_set, name, (), is_new))
        if any(words in reason for words in UNCHANGED):
            return None
        told = causes or reason
        raise LogDigError(f"CloudFormation refuses the change of {name}: {told}; {advice(told)}")
    pages = account.pages("cloudformation", "describe_change_set", "Changes", ChangeSetName=change_set, StackName=name)
    changes = tuple(one["ResourceChange"] for one in pages if "ResourceChange" in one)
    return ChangeSet(change_set, name, changes, is_new)


def forget_change(account: Account, change_set: ChangeSet) -> None:
    """Take a change set away, and the empty stack that a first one brings along."""
    account.call("cloudformation", "delete_change_set", ChangeSetName=change_set.name, StackName=change_set.stack)
    if change_set.is_new:
        account.call("cloudformation", "delete_stack", StackName=change_set.stack)


def apply_change(account: Account, change_set: ChangeSet, tell: Callable[[Event], None]) -> Stack:
    """Carry out a change set and wait for its end.

    Args:
        account: Where.
        change_set: What to carry out.
        tell: Called with every event, once.
    Raises:
        StackFailedError: It failed and is rolled back.
    """
    stack_id = account.call(
        "cloudformation", "describe_change_set", ChangeSetName=change_set.name, StackName=change_set.stack
    )["StackId"]
    before = {one.event_id for one in stack_events(account, stack_id)}
    account.call("cloudformation", "execute_change_set", ChangeSetName=change_set.name, StackName=change_set.stack)
    status, failures = follow(account, stack_id, before, tell)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        causes = causes_of(account, failures[0].reason if failures else "", StackName=stack_id)
        raise StackFailedError(change_set.stack, status, failures, causes)
    return require_stack(account, change_set.stack)


def remove_stack(account: Account, name: str, tell: Callable[[Event], None]) -> bool:
    """Delete a stack and wait; False when there was none.

    Raises:
        StackFailedError: Something could not be deleted.
    """
    answer = account.find("cloudformation", "describe_stacks", "does not exist", StackName=name)
    if answer is None or not answer["Stacks"]:
        return False
    stack_id = answer["Stacks"][0]["StackId"]
    before = {one.event_id for one in stack_events(account, stack_id)}
    account.call("cloudformation", "delete_stack", StackName=name)
    status, failures = follow(account, stack_id, before, tell)
    if status != "DELETE_COMPLETE":
        raise StackFailedError(name, status, failures)
    return True


def follow(
    account: Account, stack_id: str, seen: set[str], tell: Callable[[Event], None]
) -> tuple[str, tuple[Event, ...]]:
    """Tell every new event until the stack comes to rest; return its status and what failed, first first."""
    failures: list[Event] = []
    status = ""

    def is_at_rest() -> bool:
        nonlocal status
        # The status first: events that come after it was asked are those of the next round.
        status = _status(account, stack_id)
        for one in reversed(list(stack_events(account, stack_id))):
            if one.event_id not in seen:
                seen.add(one.event_id)
                failures.extend([one] if one.is_failure else [])
                tell(one)
        # A first stack that failed is deleted next.
        return not status.endswith("_IN_PROGRESS") and status != "CREATE_FAILED"

    if not account.wait(is_at_rest, every_seconds=POLL_SECONDS, at_most_seconds=STACK_SECONDS):
        raise LogDigError(f"{stack_id} is still {status} after {STACK_SECONDS} s; see 'logdig status'")
    return status, tuple(failures)


def _status(account: Account, stack_id: str) -> str:
    answer = account.find("cloudformation", "describe_stacks", "does not exist", StackName=stack_id)
    return str(answer["Stacks"][0]["StackStatus"]) if answer and answer["Stacks"] else "DELETE_COMPLETE"
