"""Remove a deployed stack: always its compute, the data only after its name is typed."""

from __future__ import annotations

from collections.abc import Callable

from infra.aws.account import Account
from infra.aws.cloudformation import find_stack, remove_stack
from infra.aws.remote import flush_now
from infra.aws.stack_events import Event
from infra.deploy.buckets import empty_bucket
from infra.deploy.domain import deployed_domain, remove_domain
from infra.deploy.plan import artifacts_stack
from infra.deploy.retained import RetainedResource
from logdig.config.settings import Settings
from logdig.errors import LogDigError

LAST_FLUSHES = 20
"""Forced flushes before the queue is left as it is; each runs for at most 240 s."""


def remove_stacks(
    account: Account, settings: Settings, on_event: Callable[[Event], None], tell: Callable[[str], None]
) -> bool:
    """Remove the stacks, the domain's first; queue, bucket, tables and profiles stay.

    Args:
        account: Where.
        settings: Names.
        on_event: Called with every event of a stack.
        tell: Called with a line about what stays outside of AWS.
    Returns:
        False when there was none.
    """
    deployed = find_stack(account, settings.stack_name)
    named = deployed_domain(settings, {} if deployed is None else deployed.outputs)
    removed = remove_domain(account, named, on_event, tell) if named.domain else False
    removed = remove_stack(account, settings.stack_name, on_event) or removed
    bucket = settings.artifacts_bucket_name
    if find_stack(account, artifacts_stack(settings)) is not None:
        empty_bucket(account, bucket, lambda _: None)
        removed = remove_stack(account, artifacts_stack(settings), on_event) or removed
    return removed


def drain(account: Account, settings: Settings) -> bool:
    """Flush until the queue is empty, so that no event waits in it for 14 days; False when that failed."""
    stack = find_stack(account, settings.stack_name)
    if stack is None or "FlushFunction" not in stack.outputs:
        return True
    for _ in range(LAST_FLUSHES):
        try:
            if flush_now(account, stack, force=True).get("received", 0) == 0:
                return True
        except LogDigError:
            return False
    return False


def delete_retained(account: Account, resource: RetainedResource, on_deleted: Callable[[int], None]) -> None:
    """Delete data for good; ``on_deleted`` gets the number of objects deleted so far."""
    if resource.kind == "queue":
        account.call("sqs", "delete_queue", QueueUrl=resource.identifier)
    elif resource.kind == "bucket":
        empty_bucket(account, resource.name, on_deleted)
        account.call("s3", "delete_bucket", Bucket=resource.name)
    elif resource.kind == "table":
        account.call("dynamodb", "delete_table", TableName=resource.name)
    else:
        _delete_database(account, resource.name)


def _delete_database(account: Account, database: str) -> None:
    tables = [table["Name"] for table in account.pages("glue", "get_tables", "TableList", DatabaseName=database)]
    for name in tables:
        account.call("glue", "delete_table", DatabaseName=database, Name=name)
    account.call("glue", "delete_database", Name=database)
