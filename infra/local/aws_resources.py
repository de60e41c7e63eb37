"""Queue, bucket, database and tables of the local stack, as the deployed one has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.resources import Table, dlq_attributes, lock_table, profile_table, queue_attributes
from infra.template.storage import lifecycle
from logdig.config.settings import Settings


def create_resources(settings: Settings, environment: Mapping[str, str]) -> None:
    """Create queue, dead-letter queue, bucket, database and tables; existing ones stay as they are.

    Args:
        settings: Names.
        environment: Holds ``AWS_ENDPOINT_URL`` and credentials.
    """

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=settings.region,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    sqs = client("sqs")
    dlq_url = sqs.create_queue(QueueName=settings.dlq_name, Attributes=dlq_attributes())["QueueUrl"]
    dlq = sqs.get_queue_attributes(QueueUrl=dlq_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.create_queue(QueueName=settings.queue_name, Attributes=queue_attributes(dlq))
    location = {"LocationConstraint": settings.region}
    bucket = {"Bucket": settings.bucket_name} | (
        {} if settings.region == "us-east-1" else {"CreateBucketConfiguration": location}
    )
    _ignore_existing(lambda: client("s3").create_bucket(**bucket))
    rules = {"Rules": [_lifecycle_rule(rule) for rule in lifecycle(settings)]}
    client("s3").put_bucket_lifecycle_configuration(Bucket=settings.bucket_name, LifecycleConfiguration=rules)
    _ignore_existing(lambda: client("glue").create_database(DatabaseInput={"Name": settings.database}))
    for table in (profile_table(settings), lock_table(settings)):
        _create_table(client("dynamodb"), table)


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a rule of the template to the form of the S3 API."""
    same = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    converted = {name: rule[name] for name in same if name in rule}
    if "ExpirationInDays" in rule:
        converted["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        converted["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    return converted | {"ID": rule["Id"], "Filter": {"Prefix": rule.get("Prefix", "")}}


def _create_table(dynamodb: Any, table: Table) -> None:
    _ignore_existing(lambda: dynamodb.create_table(**table.create_arguments()))
    if table.ttl_attribute:
        specification = {"Enabled": True, "AttributeName": table.ttl_attribute}
        dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=specification)


def _ignore_existing(create: Callable[[], object]) -> None:
    try:
        create()
    except ClientError as err:
        existing = ("BucketAlreadyOwnedByYou", "AlreadyExistsException", "ResourceInUseException")
        if err.response["Error"]["Code"] not in existing:
            raise
