"""Resources that the pipeline needs, as data: one description for AWS and for emulators.

Each value is an argument of the AWS API as boto3 takes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from logdig.config.settings import Settings

DAY_SECONDS = 24 * 3600
RETENTION_SECONDS = 14 * DAY_SECONDS
"""The maximum of SQS. The dead-letter queue counts from the first time of sending, so it gets the same."""
VISIBILITY_SECONDS = 300
"""Longer than the flush may run (240 s), so that no receipt expires during a run."""
MAX_RECEIVE_COUNT = 50


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table with one text key, paid by request."""

    name: str
    key: str
    ttl_attribute: str | None = None

    def create_arguments(self) -> dict[str, Any]:
        """Arguments of ``create_table``."""
        return {
            "TableName": self.name,
            "AttributeDefinitions": [{"AttributeName": self.key, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": self.key, "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }


def dlq_attributes() -> dict[str, str]:
    """Attributes of the dead-letter queue."""
    return {"MessageRetentionPeriod": str(RETENTION_SECONDS)}


def queue_attributes(dlq_arn: str) -> dict[str, str]:
    """Attributes of the queue between collector and flush."""
    return {
        "MessageRetentionPeriod": str(RETENTION_SECONDS),
        "VisibilityTimeout": str(VISIBILITY_SECONDS),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dlq_arn, "maxReceiveCount": MAX_RECEIVE_COUNT}),
    }


def profile_table(settings: Settings) -> Table:
    """Table that decisions read; rows expire at ``expires_at``."""
    return Table(settings.profile_table_name, "person", "expires_at")


def lock_table_name(settings: Settings) -> str:
    """Table in which Iceberg locks commits, for catalogs that lose concurrent ones."""
    return f"{settings.prefix}-locks"


def lock_table(settings: Settings) -> Table:
    """See `lock_table_name`; the key is the one that Iceberg's lock manager uses."""
    return Table(lock_table_name(settings), "entityId")
