"""Resources that store events and profiles: queue, dead-letter queue, bucket, Glue database, profile table."""

from __future__ import annotations

from typing import Any

from infra.resources import MAX_RECEIVE_COUNT, RETENTION_SECONDS, VISIBILITY_SECONDS, profile_table
from infra.template.iam import document, only_tls
from infra.template.resource import Resource, Resources, arn_of, bucket_arn, make, ref, sub
from logdig.config.settings import Settings
from logdig.privacy.erasure_list import LIST_DAYS, LIST_PREFIX

UNFINISHED_DAYS = 7
"""Until parts of unfinished uploads expire."""
OLD_PACKAGES_DAYS = 30
DERIVED_DAYS = {"reports/": 90, "pages/": 400}
"""Until what can be made again from tables and live pages expires, by prefix; neither holds a person."""

NO_ACCESS_LOG = "An access log would be a second store of visitors' addresses; CloudTrail records who changed what."
_QUEUE_KEY = {"CKV_AWS_27": "Encrypted by SqsManagedSseEnabled; the check knows KMS keys only."}
_NO_OWN_KEY = "Encrypted with keys of AWS; a customer key costs $1 a month and a call for each use."


def storage(settings: Settings) -> Resources:
    """Resources that hold data; all of them outlive the stack."""
    return {
        "Queue": _queue(settings),
        "DeadLetters": _dead_letters(settings),
        "QueuePolicy": make(
            settings,
            "AWS::SQS::QueuePolicy",
            "Denies access to the queues without TLS.",
            {
                "Queues": [ref("Queue"), ref("DeadLetters")],
                "PolicyDocument": document(only_tls("sqs", arn_of("Queue"), arn_of("DeadLetters"))),
            },
        ),
        "Bucket": make(
            settings,
            "AWS::S3::Bucket",
            "All zones and tables: raw, bad, load, tables, checkpoints.",
            bucket_properties(settings.bucket_name, lifecycle(settings)),
            accepted={"CKV_AWS_18": NO_ACCESS_LOG},
        ),
        "BucketPolicy": bucket_policy(settings, "Bucket", settings.bucket_name),
        "Database": make(
            settings,
            "AWS::Glue::Database",
            "Names the Iceberg tables.",
            {
                "CatalogId": ref("AWS::AccountId"),
                # CloudFormation imports a retained database by this name, not by that of the input.
                "DatabaseName": settings.database,
                "DatabaseInput": {
                    "Name": settings.database,
                    "Description": f"Tables of {settings.prefix}: docs/tables.md.",
                    "LocationUri": settings.warehouse,
                },
            },
        ),
        "Profiles": _profiles(settings),
    }


def _queue(settings: Settings) -> Resource:
    properties = {
        "QueueName": settings.queue_name,
        "SqsManagedSseEnabled": True,
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "VisibilityTimeout": VISIBILITY_SECONDS,
        "RedrivePolicy": {"deadLetterTargetArn": arn_of("DeadLetters"), "maxReceiveCount": MAX_RECEIVE_COUNT},
    }
    return make(
        settings, "AWS::SQS::Queue", "Packs of events between collector and flush.", properties, accepted=_QUEUE_KEY
    )


def _dead_letters(settings: Settings) -> Resource:
    source = sub(f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{settings.queue_name}")
    properties = {
        "QueueName": settings.dlq_name,
        "SqsManagedSseEnabled": True,
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "RedriveAllowPolicy": {"redrivePermission": "byQueue", "sourceQueueArns": [source]},
    }
    return make(
        settings, "AWS::SQS::Queue", "Messages that 50 flushes could not read.", properties, accepted=_QUEUE_KEY
    )


def bucket_properties(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """Properties of a private, encrypted, versioned bucket."""
    return {
        "BucketName": name,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {"Rules": rules},
    }


def bucket_policy(settings: Settings, logical_id: str, name: str) -> Resource:
    """Policy of a bucket: TLS only."""
    statement = only_tls("s3", bucket_arn(name), *bucket_arn(name, "*"))
    properties = {"Bucket": ref(logical_id), "PolicyDocument": document(statement)}
    return make(settings, "AWS::S3::BucketPolicy", "Denies access to the bucket without TLS.", properties)


def lifecycle(settings: Settings) -> list[dict[str, Any]]:
    """Rules of the bucket: how long each zone is kept. The job `maintain` cleans the tables, never a rule.

    A rule would delete files that a snapshot still needs.
    """
    days = {"raw": settings.retention.raw_days, "bad": settings.retention.bad_days}
    zones = [
        {"Id": f"{zone}-ends", "Status": "Enabled", "Prefix": f"{zone}/", "ExpirationInDays": limit}
        for zone, limit in days.items()
        if limit > 0
    ]
    listed = {"Id": "erasures-end", "Status": "Enabled", "Prefix": LIST_PREFIX, "ExpirationInDays": LIST_DAYS}
    derived = [
        {"Id": f"{prefix.strip('/')}-end", "Status": "Enabled", "Prefix": prefix, "ExpirationInDays": limit}
        for prefix, limit in DERIVED_DAYS.items()
    ]
    return [*zones, listed, *derived, *housekeeping(settings.retention.old_versions_days)]


def housekeeping(old_versions_days: int) -> list[dict[str, Any]]:
    """Rules for a whole bucket: old versions and unfinished uploads expire."""
    return [
        {
            "Id": "old-versions-end",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": old_versions_days},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
        },
        {"Id": "markers-end", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
    ]


def _profiles(settings: Settings) -> Resource:
    table = profile_table(settings)
    properties = {
        **table.create_arguments(),
        "TimeToLiveSpecification": {"AttributeName": table.ttl_attribute, "Enabled": True},
    }
    accepted = {
        "CKV_AWS_28": "The job `targets` rewrites the table every day; a backup would keep people who were erased.",
        "CKV_AWS_119": _NO_OWN_KEY,
    }
    return make(
        settings, "AWS::DynamoDB::Table", "Profiles that decisions read, one item a person.", properties,
        accepted=accepted,
    )  # fmt: skip


def artifacts(settings: Settings) -> Resources:
    """The bucket that is created first: packages, templates, tracker."""
    name = settings.artifacts_bucket_name
    rules = [
        {"Id": "templates-end", "Status": "Enabled", "Prefix": "templates/", "ExpirationInDays": OLD_PACKAGES_DAYS},
        *housekeeping(OLD_PACKAGES_DAYS),
    ]
    bucket = make(
        settings,
        "AWS::S3::Bucket",
        "Packages, templates and the tracker that a deploy uploads; all of it can be rebuilt.",
        bucket_properties(name, rules),
        accepted={"CKV_AWS_18": NO_ACCESS_LOG},
        keep=False,
    )
    return {"Artifacts": bucket, "ArtifactsPolicy": bucket_policy(settings, "Artifacts", name)}
