"""Data that a removed stack retained: which of it exists, and how CloudFormation imports it again.

A change set with ``ImportExistingResources`` finds only resources that their name identifies, and a queue is
identified by its URL. So every resource is named to CloudFormation one by one.
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
"""The property by which CloudFormation identifies a resource of a kind."""


@dataclass(frozen=True, slots=True)
class RetainedResource:
    """A resource that holds data, whether it belongs to a stack or not.

    ``kind`` is one of KINDS; ``logical_id`` names it in the template; ``identifier`` is the value of IDENTIFIERS.
    """

    kind: str
    name: str
    logical_id: str
    identifier: str

    def as_import(self) -> dict[str, object]:
        """Entry of ``ResourcesToImport``."""
        return {
            "ResourceType": KINDS[self.kind],
            "LogicalResourceId": self.logical_id,
            "ResourceIdentifier": {IDENTIFIERS[self.kind]: self.identifier},
        }


def find_retained(account: Account, settings: Settings) -> Iterator[RetainedResource]:
    """Yield the data resources that exist.

    Raises:
        SetupError: The bucket belongs to another account.
    """
    for logical_id, name in (("DeadLetters", settings.dlq_name), ("Queue", settings.queue_name)):
        queue = account.find("sqs", "get_queue_url", "NonExistentQueue", QueueName=name)
        if queue is not None:
            yield RetainedResource("queue", name, logical_id, queue["QueueUrl"])
    bucket, table, database = settings.bucket_name, settings.profile_table_name, settings.database
    if _has_bucket(account, bucket):
        yield RetainedResource("bucket", bucket, "Bucket", bucket)
    if account.find("dynamodb", "describe_table", "ResourceNotFound", TableName=table) is not None:
        yield RetainedResource("table", table, "Profiles", table)
    if account.find("glue", "get_database", "EntityNotFound", Name=database) is not None:
        yield RetainedResource("database", database, "Database", database)


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


def importable_part(
    template: Template, retained: Sequence[RetainedResource]
) -> tuple[Template, tuple[RetainedResource, ...]]:
    """The part of a template that can be imported: no outputs, and no resource that refers to a missing one.

    Returns:
        That part, and the resources of ``retained`` that are in it.
    """
    part = only(template, {resource.logical_id for resource in retained})
    return part, tuple(resource for resource in retained if resource.logical_id in part["Resources"])
