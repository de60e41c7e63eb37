"""The queue between collector and flush: its protocol, and SQS.

Every botocore error becomes QueueUnavailableError here. Results of batch calls are read entry by entry.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from logdig.errors import QueueUnavailableError

_log = logging.getLogger(__name__)

BATCH_LIMIT = 10
"""Messages of one receive or delete call; the limit of SQS."""


@dataclass(frozen=True, slots=True)
class Message:
    """One received message; only its latest ``receipt`` deletes it."""

    message_id: str
    receipt: str
    body: str
    receive_count: int
    sent_at: datetime


class EventQueue(Protocol):
    """At-least-once queue. Every method raises QueueUnavailableError when the queue does not response."""

    def send(self, body: str) -> None:
        """Put one message in; it is durable on return."""

    def receive(self, wait_seconds: int) -> list[Message]:
        """Receive up to 10 messages; wait this long for the first. An empty list does not mean an empty queue."""

    def delete(self, messages: Sequence[Message]) -> list[Message]:
        """Delete up to 10 messages; return those that were not deleted."""

    def release(self, messages: Sequence[Message]) -> list[Message]:
        """Make up to 10 messages visible again at once; return those that were not."""


class SqsEventQueue:
    """SQS behind `EventQueue`.

    Args:
        client: boto3 SQS client.
        queue_url: Address of the queue.
    """

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self.queue_url = queue_url

    def send(self, body: str) -> None:
        """See `EventQueue.send`."""
        if not self._call("send_message", MessageBody=body).get("MessageId"):
            # A 200 of a proxy or portal is no acknowledgement.
            _log.warning(
                "SQS send_message on %s: the response names no message; check that the endpoint is SQS", self.queue_url
            )
            raise QueueUnavailableError("the queue did not acknowledge the message; send it again")

    def receive(self, wait_seconds: int) -> list[Message]:
        """See `EventQueue.receive`."""
        response = self._call(
            "receive_message",
            MaxNumberOfMessages=BATCH_LIMIT,
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return [_message(entry) for entry in response.get("Messages", [])]

    def delete(self, messages: Sequence[Message]) -> list[Message]:
        """See `EventQueue.delete`."""
        entries = [{"Id": str(index), "ReceiptHandle": message.receipt} for index, message in enumerate(messages)]
        return self._failed(messages, self._call("delete_message_batch", Entries=entries))

    def release(self, messages: Sequence[Message]) -> list[Message]:
        """See `EventQueue.release`."""
        entries = [
            {"Id": str(index), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
            for index, message in enumerate(messages)
        ]
        return self._failed(messages, self._call("change_message_visibility_batch", Entries=entries))

    def depth(self) -> int:
        """Messages in the queue, those in flight too; SQS calls the number approximate."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._call("get_queue_attributes", AttributeNames=names).get("Attributes", {})
        return sum(int(counts.get(name, 0)) for name in names)

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        try:
            response: dict[str, Any] = getattr(self._client, operation)(QueueUrl=self.queue_url, **arguments)
        except (BotoCoreError, ClientError) as err:
            # Messages of AWS name account and role: they go to the log only.
            _log.warning("SQS %s on %s: %s", operation, self.queue_url, err)
            raise QueueUnavailableError(f"SQS {operation} on {self.queue_url}: {err}", operation=operation) from err
        return response

    @staticmethod
    def _failed(messages: Sequence[Message], response: dict[str, Any]) -> list[Message]:
        """Messages that the response does not list as successful; a missing entry counts as failed."""
        done = {int(entry["Id"]) for entry in response.get("Successful", [])}
        return [message for index, message in enumerate(messages) if index not in done]


def _message(entry: dict[str, Any]) -> Message:
    attributes = entry["Attributes"]
    return Message(
        entry["MessageId"],
        entry["ReceiptHandle"],
        entry["Body"],
        int(attributes["ApproximateReceiveCount"]),
        datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
    )
