"""CloudFormation stacks: find, change by change sets, follow event by event, remove."""

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
    """A prepared change; ``changes`` as CloudFormation lists them."""

    name: str
    stack: str
    changes: tuple[dict[str, Any], ...]
    is_new: bool


def find_stack(account: Account, name: str) -> Stack | None:
    """Find a stack by its name; one that is only being reviewed does not exist yet."""
    stack = _describe(account, name)
    if stack is None or stack["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
        return None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Stack(name, stack["StackId"], stack["StackStatus"], outputs)


def _describe(account: Account, name: str) -> dict[str, Any] | None:
    response = account.find("cloudformation", "describe_stacks", "does not exist", StackName=name)
    return response["Stacks"][0] if response and response["Stacks"] else None


def require_stack(account: Account, name: str) -> Stack:
    """Find a stack that must exist.

    Raises:
        SetupError: It does not.
    """
    stack = find_stack(account, name)
    if stack is None:
        raise SetupError(f"there is no stack {name} in {account.region}; run: logdig deploy")
    return stack


def prepare_change(
    account: Account,
    name: str,
    template: Mapping[str, str],
    tags: Sequence[Mapping[str, str]],
    parameters: Sequence[Mapping[str, object]] = (),
) -> ChangeSet | None:
    """Make a change set and wait until it is ready.

    Args:
        account: Where.
        name: Of the stack.
        template: ``TemplateURL`` or ``TemplateBody`` and its value.
        tags: Of the stack.
        parameters: Of the template, as CloudFormation takes them.
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
    if parameters:
        arguments["Parameters"] = list(parameters)
    return _make_change(
        account,
        name,
        is_new=stack is None,
        ChangeSetType="CREATE" if stack is None else "UPDATE",
        Tags=list(tags),
        # A resource that exists under the name already is imported where CloudFormation can.
        ImportExistingResources=True,
        **template,
        **arguments,
    )


def prepare_import(
    account: Account, name: str, template: Mapping[str, str], resources: Sequence[Mapping[str, object]]
) -> ChangeSet:
    """Make a change set that imports existing resources into a new stack, and wait until it is ready.

    Args:
        account: Where.
        name: Of the stack, which must not exist.
        template: ``TemplateURL`` or ``TemplateBody`` and its value: exactly the resources, no outputs.
        resources: ResourceType, LogicalResourceId and ResourceIdentifier of each.
    Raises:
        LogDigError: CloudFormation refuses it.
    """
    arguments = {"ChangeSetType": "IMPORT", "ResourcesToImport": list(resources), **template}
    change_set = _make_change(account, name, is_new=True, **arguments)
    if change_set is None:
        raise LogDigError(f"CloudFormation finds nothing to import into {name}; deploy again")
    return change_set


def _make_change(account: Account, name: str, *, is_new: bool, **arguments: Any) -> ChangeSet | None:
    change_set = account.call(
        "cloudformation",
        "create_change_set",
        StackName=name,
        ChangeSetName=f"logdig-{account.clock():%Y%m%d-%H%M%S-%f}",
        Capabilities=CAPABILITIES,
        **arguments,
    )["Id"]
    return _wait_until_ready(account, name, change_set, is_new=is_new)


def _wait_until_ready(account: Account, name: str, change_set: str, *, is_new: bool) -> ChangeSet | None:
    description: dict[str, Any] = {}

    def is_done() -> bool:
        description.update(
            account.call("cloudformation", "describe_change_set", ChangeSetName=change_set, StackName=name)
        )
        return description["Status"] in ("CREATE_COMPLETE", "FAILED")

    if not account.wait(is_done, every_seconds=POLL_SECONDS, at_most_seconds=CHANGE_SET_SECONDS):
        raise LogDigError(f"the change set of {name} was not ready after {CHANGE_SET_SECONDS} s; try again")
    if description["Status"] == "FAILED":
        reason = description.get("StatusReason", "")
        causes = causes_of(account, reason, ChangeSetName=change_set)
        discard_change(account, ChangeSet(change_set, name, (), is_new))
        if any(phrase in reason for phrase in UNCHANGED):
            return None
        shown = causes or reason
        raise LogDigError(f"CloudFormation refuses the change of {name}: {shown}; {advice(shown)}")
    pages = account.pages("cloudformation", "describe_change_set", "Changes", ChangeSetName=change_set, StackName=name)
    changes = tuple(change["ResourceChange"] for change in pages if "ResourceChange" in change)
    return ChangeSet(change_set, name, changes, is_new)


def discard_change(account: Account, change_set: ChangeSet) -> None:
    """Delete a change set, and the empty stack that a first one creates."""
    account.call("cloudformation", "delete_change_set", ChangeSetName=change_set.name, StackName=change_set.stack)
    if change_set.is_new:
        account.call("cloudformation", "delete_stack", StackName=change_set.stack)


def apply_change(account: Account, change_set: ChangeSet, on_event: Callable[[Event], None]) -> Stack:
    """Carry out a change set and wait for its end.

    Args:
        account: Where.
        change_set: What to carry out.
        on_event: Called once with every event.
    Raises:
        StackFailedError: It failed and is rolled back.
    """
    stack_id = account.call(
        "cloudformation", "describe_change_set", ChangeSetName=change_set.name, StackName=change_set.stack
    )["StackId"]
    before = {event.event_id for event in stack_events(account, stack_id)}
    account.call("cloudformation", "execute_change_set", ChangeSetName=change_set.name, StackName=change_set.stack)
    status, failures = follow_events(account, stack_id, before, on_event)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        causes = causes_of(account, failures[0].reason if failures else "", StackName=stack_id)
        raise StackFailedError(change_set.stack, status, failures, causes)
    return require_stack(account, change_set.stack)


def remove_stack(account: Account, name: str, on_event: Callable[[Event], None]) -> bool:
    """Delete a stack and wait; False when there was none.

    Raises:
        StackFailedError: Something could not be deleted.
    """
    stack = _describe(account, name)
    if stack is None:
        return False
    stack_id = stack["StackId"]
    before = {event.event_id for event in stack_events(account, stack_id)}
    account.call("cloudformation", "delete_stack", StackName=name)
    status, failures = follow_events(account, stack_id, before, on_event)
    if status != "DELETE_COMPLETE":
        raise StackFailedError(name, status, failures)
    return True


def follow_events(
    account: Account, stack_id: str, reported: set[str], on_event: Callable[[Event], None]
) -> tuple[str, tuple[Event, ...]]:
    """Report every new event until the stack is done; return its status and the failures, oldest first."""
    failures: list[Event] = []
    status = ""

    def is_done() -> bool:
        nonlocal status
        # Read the status first: events that arrive after it belong to the next round.
        stack = _describe(account, stack_id)
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        for event in reversed(list(stack_events(account, stack_id))):
            if event.event_id not in reported:
                reported.add(event.event_id)
                failures.extend([event] if event.is_failure else [])
                on_event(event)
        # A new stack that failed is deleted next.
        return not status.endswith("_IN_PROGRESS") and status != "CREATE_FAILED"

    if not account.wait(is_done, every_seconds=POLL_SECONDS, at_most_seconds=STACK_SECONDS):
        raise LogDigError(f"{stack_id} is still {status} after {STACK_SECONDS} s; see 'logdig status'")
    return status, tuple(failures)
