"""Data that an earlier stack left: what of it exists, and how CloudFormation takes it up again.

A change set with ``ImportExistingResources`` finds only what its own name identifies, so no queue: a queue is known by
its address. So everything is named to CloudFormation one by one.
Source: AWS CloudFormation user guide, "Import AWS resources into a CloudFormation stack".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.aws.account import Account, RefusedByAwsError
from infra.template.build import Template, only
from logdig.config.settings import Settings
from logdig.errors import SetupError

KINDS = {
    "queue": "AWS::SQS::Queue",
    "bucket": "AWS::S3::Bucket",
    "table": "AWS::DynamoDB::Table",
    "database": "AWS::Glue::Database",
}
IDENTIFIERS = {"queue": "QueueUrl", "bucket": "BucketName", "table": "TableName", "database": "DatabaseName"}
"""The property by which CloudFormation knows one of a kind."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that holds data, whether a stack has it or not.

    ``what`` is one of KINDS; ``logical_id`` names it in the template; ``identifier`` is the value of IDENTIFIERS.
    """

    what: str
    name: str
    logical_id: str
    identifier: str

    def as_import(self) -> dict[str, object]:
        """What CloudFormation must know to take it up."""
        return {
            "ResourceType": KINDS[self.what],
            "LogicalResourceId": self.logical_id,
            "ResourceIdentifier": {IDENTIFIERS[self.what]: self.identifier},
        }


def find_kept(account: Account, settings: Settings) -> Iterator[Kept]:
    """Yield what of the data exists.

    Raises:
        SetupError: The bucket's name belongs to somebody else.
    """
    for logical_id, name in (("DeadLetters", settings.dlq_name), ("Queue", settings.queue_name)):
        queue = account.find("sqs", "get_queue_url", "NonExistentQueue", QueueName=name)
        if queue is not None:
            yield Kept("queue", name, logical_id, queue["QueueUrl"])
    bucket, table, database = settings.bucket_name, settings.profile_table_name, settings.database
    if _has_bucket(account, bucket):
        yield Kept("bucket", bucket, "Bucket", bucket)
    if account.find("dynamodb", "describe_table", "ResourceNotFound", TableName=table) is not None:
        yield Kept("table", table, "Profiles", table)
    if account.find("glue", "get_database", "EntityNotFound", Name=database) is not None:
        yield Kept("database", database, "Database", database)


def _has_bucket(account: Account, bucket: str) -> bool:
    try:
        return account.find("s3", "head_bucket", "404", Bucket=bucket) is not None
    except RefusedByAwsError as err:
        if err.code != "403":
            raise
        raise SetupError(
            f"bucket {bucket}: the name is taken by another account, or you may not see it; "
            "choose another bucket in logdig.toml",
            bucket=bucket,
        ) from err


def part_of(template: Template, kept: Sequence[Kept]) -> tuple[Template, tuple[Kept, ...]]:
    """The part of a template that can be taken up: without outputs, and without what refers to something missing.

    Returns:
        That part, and what of ``kept`` is in it.
    """
    part = only(template, {one.logical_id for one in kept})
    return part, tuple(one for one in kept if one.logical_id in part["Resources"])
