"""Take a deployed stack away: always the parts that run, the data only when it is asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra.account import Account
from infra.plan import artifacts_stack
from infra.running import flush_now
from infra.stacks import Event, find_stack, remove_stack
from logdig.errors import LogDigError
from logdig.settings import Settings

LAST_FLUSHES = 20
"""Forced flushes before the queue is left alone; each takes what a function can in 240 s."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that holds data: ``what`` is queue, bucket, table or database."""

    what: str
    name: str


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


def leftovers(account: Account, settings: Settings) -> Iterator[Leftover]:
    """What of the data exists."""
    for name in (settings.queue_name, settings.dlq_name):
        if account.find("sqs", "get_queue_url", "NonExistentQueue", QueueName=name) is not None:
            yield Leftover("queue", name)
    bucket, table, database = settings.bucket_name, settings.profile_table_name, settings.database
    if account.find("s3", "head_bucket", "404", Bucket=bucket) is not None:
        yield Leftover("bucket", bucket)
    if account.find("dynamodb", "describe_table", "ResourceNotFound", TableName=table) is not None:
        yield Leftover("table", table)
    if account.find("glue", "get_database", "EntityNotFound", Name=database) is not None:
        yield Leftover("database", database)


def delete_leftover(account: Account, one: Leftover, tell: Callable[[int], None]) -> None:
    """Delete data for ever; ``tell`` hears the number of objects that are gone so far."""
    if one.what == "queue":
        url = account.call("sqs", "get_queue_url", QueueName=one.name)["QueueUrl"]
        account.call("sqs", "delete_queue", QueueUrl=url)
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
