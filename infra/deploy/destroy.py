"""Remove a deployed stack: always its compute, the data only after its name is typed."""

from __future__ import annotations

from collections.abc import Callable

from infra.aws.account import Account
from infra.aws.cloudformation import find_stack, remove_stack
from infra.aws.remote import flush_now
from infra.aws.stack_events import Event
from infra.deploy.plan import artifacts_stack
from infra.deploy.retained import RetainedResource
from logdig.config.settings import Settings
from logdig.errors import LogDigError

LAST_FLUSHES = 20
"""Forced flushes before the queue is left as it is; each runs for at most 240 s."""


def remove_stacks(account: Account, settings: Settings, on_event: Callable[[Event], None]) -> bool:
    """Remove the stacks; queue, bucket, tables and profiles stay.

    Returns:
        False when there was none.
    """
    removed = remove_stack(account, settings.stack_name, on_event)
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


def empty_bucket(account: Account, bucket: str, on_deleted: Callable[[int], None]) -> int:
    """Delete every version of every object; return how many.

    Raises:
        LogDigError: S3 refused to delete one; the message names it.
    """
    deleted = 0
    while True:
        page = account.call("s3", "list_object_versions", Bucket=bucket)
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not versions:
            return deleted
        entries = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
        result = account.call("s3", "delete_objects", Bucket=bucket, Delete={"Objects": entries, "Quiet": True})
        for error in result.get("Errors", []):
            raise LogDigError(f"s3://{bucket}/{error['Key']} cannot be deleted: {error.get('Message')}; try again")
        deleted += len(entries)
        on_deleted(deleted)
