"""The role of the Spark jobs: nothing that they call is answered without its permission.

Spark's own calls are made here by boto3 with the same keys; the jobs themselves ran as this role in `jobs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.template.iam import role_name
from logdig.decide.stores.dynamodb_items import DynamoDbItems
from logdig.queue.event_queue import SqsEventQueue
from logdig.store.object_store import S3EventStore, StoredVersion
from tests.e2e.stack import Stack
from tests.e2e.test_permissions import is_refused, without

pytestmark = pytest.mark.timeout(1400)


@dataclass(frozen=True)
class Lake:
    """What the jobs talk to, with their keys; ``owner`` is the dead letters with the owner's keys."""

    store: S3EventStore
    profiles: DynamoDbItems
    dead: SqsEventQueue
    owner: SqsEventQueue
    sqs: Any
    glue: Any
    database: str
    dlq: str
    raw: StoredVersion

    def table(self, name: str) -> dict[str, Any]:
        return {"DatabaseName": self.database, "TableInput": {"Name": name}}

    def look_at_dead(self) -> None:
        self.owner.send("no pack")
        self.dead.release(self.dead.receive(0))


Part = Callable[[Lake], object]

PARTS: dict[str, Part] = {
    "s3:ListBucket": lambda lake: list(lake.store.list("raw/")),
    "s3:ListBucketVersions": lambda lake: list(lake.store.versions("raw/")),
    "s3:GetObject": lambda lake: lake.store.get(lake.raw.key),
    "s3:GetObjectVersion": lambda lake: lake.store.get_version(lake.raw),
    "s3:PutObject": lambda lake: lake.store.put("tables/tried", b"x"),
    "s3:DeleteObject": lambda lake: lake.store.delete(["tables/tried"]),
    "s3:DeleteObjectVersion": lambda lake: lake.store.erase([StoredVersion("raw/tried", "1", False, False)]),
    "glue:GetDatabase": lambda lake: lake.glue.get_database(Name=lake.database),
    "glue:GetTable": lambda lake: lake.glue.get_table(DatabaseName=lake.database, Name="tried"),
    "glue:GetTables": lambda lake: lake.glue.get_tables(DatabaseName=lake.database),
    "glue:CreateTable": lambda lake: lake.glue.create_table(**lake.table(f"tried_{datetime.now(UTC):%f}")),
    "glue:UpdateTable": lambda lake: lake.glue.update_table(**lake.table("tried")),
    "dynamodb:BatchWriteItem": lambda lake: lake.profiles.remove(["nobody"]),
    "sqs:GetQueueUrl": lambda lake: lake.sqs.get_queue_url(QueueName=lake.dlq),
    "sqs:ReceiveMessage": lambda lake: lake.look_at_dead(),
    "sqs:ChangeMessageVisibility": lambda lake: lake.look_at_dead(),
}


@pytest.fixture(scope="module")
def lake(stack: Stack, stored: list[str]) -> Lake:
    keys, owner = stack.keys_of("jobs"), stack.account.client("sqs")
    s3, sqs, glue, dynamodb = (stack.account.client(name, keys) for name in ("s3", "sqs", "glue", "dynamodb"))
    store = S3EventStore(s3, stack.outputs["Bucket"])
    stack.account.client("glue").create_table(DatabaseName=stack.settings.database, TableInput={"Name": "tried"})
    dlq = owner.get_queue_url(QueueName=stack.settings.dlq_name)["QueueUrl"]
    return Lake(
        store,
        DynamoDbItems(
            dynamodb, stack.outputs["ProfileTable"], lambda: datetime.now(UTC), sleep=lambda _seconds: None
        ),
        SqsEventQueue(sqs, dlq), SqsEventQueue(owner, dlq), sqs, glue, stack.settings.database, stack.settings.dlq_name,
        next(version for version in store.versions("raw/") if version.is_live),
    )  # fmt: skip


@pytest.mark.parametrize("action", PARTS)
def test_job_is_denied_its_part_when_one_permission_is_removed(stack: Stack, lake: Lake, action: str) -> None:
    PARTS[action](lake)

    with without(stack, role_name(stack.settings, "jobs"), action):
        assert is_refused(lambda: PARTS[action](lake))

    PARTS[action](lake)
