"""Take a deployed stack away: always the parts that run, the data only when it is asked for by name."""

from __future__ import annotations

from collections.abc import Callable

from infra.aws.account import Account
from infra.aws.cloudformation import find_stack, remove_stack
from infra.aws.remote import flush_now
from infra.aws.stack_events import Event
from infra.deploy.plan import artifacts_stack
from infra.deploy.retained import Kept
from logdig.config.settings import Settings
from logdig.errors import LogDigError

LAST_FLUSHES = 20
"""Forced flushes before the queue is left alone; each takes what a function can in 240 s."""


def remove_running(account: Account, settings: Settings, tell: Callable[[Event], None]) -> bool:
    """Remove everything that runs; queue, bucket, tables and profiles stay.

    Returns:
        False when there was nothing.
    """
    found = remove_stack(account, settings.stack_name, tell)
    bucket = settings.artifacts_bucket_name
    if find_stack(account, artifacts_stack(settings)) is not None:
        empty_bucket(account, bucket, lambda _: None)
        found = remove_stack(account, artifacts_stack(settings), tell) or found
    return found


def drain(account: Account, settings: Settings) -> bool:
    """Flush until the queue gives nothing more, so that nothing waits in it for 14 days; False when it could not."""
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


def delete_kept(account: Account, one: Kept, tell: Callable[[int], None]) -> None:
    """Delete data for ever; ``tell`` hears the number of objects that are gone so far."""
    if one.what == "queue":
        account.call("sqs", "delete_queue", QueueUrl=one.identifier)
    elif one.what == "bucket":
        empty_bucket(account, one.name, tell)
        account.call("s3", "delete_bucket", Bucket=one.name)
    elif one.what == "table":
        account.call("dynamodb", "delete_table", TableName=one.name)
    else:
        _delete_database(account, one.name)


def _delete_database(account: Account, database: str) -> None:
    tables = [one["Name"] for one in account.pages("glue", "get_tables", "TableList", DatabaseName=database)]
    for name in tables:
        account.call("glue", "delete_table", DatabaseName=database, Name=name)
    account.call("glue", "delete_database", Name=database)


def empty_bucket(account: Account, bucket: str, tell: Callable[[int], None]) -> int:
    """Delete every version of every object; return how many.

    Raises:
        LogDigError: S3 kept one; the message names it.
    """
    deleted = 0
    while True:
        answer = account.call("s3", "list_object_versions", Bucket=bucket)
        versions = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        if not versions:
            return deleted
        entries = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
        kept = account.call("s3", "delete_objects", Bucket=bucket, Delete={"Objects": entries, "Quiet": True})
        for one in kept.get("Errors", []):
            raise LogDigError(f"s3://{bucket}/{one['Key']} cannot be deleted: {one.get('Message')}; try again")
        deleted += len(entries)
        tell(deleted)
