"""SQS in memory with its real rules: visibility, receipts, at-least-once, sampling, limits, refusals, counts that lie.

`FakeSqs` stands where a boto3 client stands, so that the real adapter runs on top of it; `FakeQueue` is both.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from logdig.queue.event_queue import BATCH_LIMIT, Message, SqsEventQueue

MESSAGE_LIMIT_BYTES = 1024 * 1024
IN_FLIGHT_LIMIT = 120_000
WAIT_LIMIT_SECONDS = 20
VISIBILITY_LIMIT_SECONDS = 12 * 3600
RETENTION = timedelta(days=14)
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_ONE_AT_A_TIME = threading.Lock()
"""One for all queues, so that a queue can be copied."""


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self, now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class _Entry:
    message_id: str
    body: str
    sent_at: datetime
    visible_at: datetime
    receive_count: int = 0
    receipts: list[str] = field(default_factory=list)


def refusal(operation: str, code: str, status: int = 400) -> ClientError:
    """Make the error that boto3 raises for an AWS error code."""
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class FakeSqs:
    """A boto3 SQS client with one queue in memory; the addresses it is called with do not matter.

    Args:
        clock: Time of visibility and retention.
        random: Order of what a receive brings.
        visibility_seconds: How long a received message is hidden.
        max_receive_count: Receives after which a message moves to ``dead``.
        in_flight_limit: Hidden messages at which nothing more is given out.

    ``before`` and ``after`` are called with the name of each operation and may raise; an error of ``after`` comes when
    the effect has happened. ``fail_entries`` names, for a batch call, the positions that fail. ``twice`` gives each
    message twice in one receive, ``sampled`` says how many one may bring. ``steps`` lists the calls. ``passes`` is the
    time a call takes, in seconds. Effects happen one at a time, so that several threads may call.
    """

    def __init__(
        self,
        clock: FakeClock,
        random: Random | None = None,
        *,
        visibility_seconds: int = 300,
        max_receive_count: int = 50,
        in_flight_limit: int = IN_FLIGHT_LIMIT,
    ) -> None:
        self._clock, self._random = clock, random or Random(0)
        self._visibility = timedelta(seconds=visibility_seconds)
        self._max_receive_count, self._in_flight_limit = max_receive_count, in_flight_limit
        self._entries: dict[str, _Entry] = {}
        self._made = 0
        self.dead: list[str] = []
        self.steps: list[str] = []
        self.before: Callable[[str], None] = lambda _operation: None
        self.after: Callable[[str], None] = lambda _operation: None
        self.fail_entries: Callable[[str, int], Sequence[int]] = lambda _operation, _size: ()
        self.empty_receives = 0
        self.twice = False
        self.sampled: Callable[[], int] = lambda: BATCH_LIMIT
        self.passes: dict[str, float] = {}

    @property
    def bodies(self) -> list[str]:
        """Texts of all messages that are neither deleted nor dead nor expired."""
        return [entry.body for entry in self._entries.values() if self._clock() - entry.sent_at < RETENTION]

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:  # noqa: N803 (names of AWS)
        """Refuse what SQS refuses; keep the rest."""
        self._step("send")
        size = len(MessageBody.encode("utf-8", "surrogatepass"))
        if not MessageBody:
            raise refusal("SendMessage", "MissingParameter")
        if size > MESSAGE_LIMIT_BYTES:
            raise refusal("SendMessage", "InvalidParameterValue")
        if FORBIDDEN.search(MessageBody):
            raise refusal("SendMessage", "InvalidMessageContents")
        self._made += 1
        entry = _Entry(f"m{self._made}", MessageBody, self._clock(), self._clock())
        self._entries[entry.message_id] = entry
        self.after("send")
        return {"MessageId": entry.message_id}

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MaxNumberOfMessages: int = 1,  # noqa: N803
        WaitTimeSeconds: int = 0,  # noqa: N803
        MessageSystemAttributeNames: Sequence[str] = (),  # noqa: N803
    ) -> dict[str, Any]:
        """Bring visible messages in any order; sometimes none although there are some."""
        self._step("receive")
        if not 1 <= MaxNumberOfMessages <= BATCH_LIMIT or not 0 <= WaitTimeSeconds <= WAIT_LIMIT_SECONDS:
            raise refusal("ReceiveMessage", "InvalidParameterValue")
        if self.empty_receives:
            self.empty_receives -= 1
            return self._nothing(WaitTimeSeconds)
        with _ONE_AT_A_TIME:
            received = self._receive(MaxNumberOfMessages, WaitTimeSeconds)
        if not received:
            return self._nothing(WaitTimeSeconds)
        self.after("receive")
        return {"Messages": received}

    def _receive(self, most: int, wait_seconds: int) -> list[dict[str, Any]]:
        now = self._clock()
        visible = [
            _entrie
            for _entrie in self._entries.values()
            if _entrie.visible_at <= now and now - _entrie.sent_at < RETENTION
        ]
        if len(self._entries) - len(visible) >= self._in_flight_limit:
            if wait_seconds == 0:
                raise refusal("ReceiveMessage", "OverLimit", 403)
            return []
        chosen = self._random.sample(visible, min(most, self.sampled(), len(visible)))
        messages = [message for entry in chosen if (message := self._hand_out(entry, now)) is not None]
        if self.twice:
            again = [self._hand_out(entry, now) for entry in chosen[: most - len(messages)]]
            messages += [message for message in again if message is not None]
        return messages

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Delete by the latest receipt only; a stale one says yes and does nothing, as SQS may."""

        def delete(entry: _Entry, _asked: dict[str, Any]) -> None:
            del self._entries[entry.message_id]

        return self._batch("delete", "DeleteMessageBatch", Entries, delete)

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Hide messages for so long from now."""
        if any(not 0 <= asked["VisibilityTimeout"] <= VISIBILITY_LIMIT_SECONDS for asked in Entries):
            raise refusal("ChangeMessageVisibilityBatch", "InvalidParameterValue")

        def change(entry: _Entry, asked: dict[str, Any]) -> None:
            entry.visible_at = self._clock() + timedelta(seconds=asked["VisibilityTimeout"])

        return self._batch("release", "ChangeMessageVisibilityBatch", Entries, change)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> dict[str, Any]:  # noqa: N803
        """Count wrongly, as an approximate count may."""
        self._step("count")
        lie = self._random.choice([0, 1, 10]) * len(self._entries)
        return {"Attributes": {name: str(lie) for name in AttributeNames}}

    def duplicate(self, message: Message) -> None:
        """Bring a deleted message back, as a server that missed the delete does."""
        entry = _Entry(message.message_id, message.body, message.sent_at, self._clock(), message.receive_count)
        self._entries[message.message_id] = entry

    def _hand_out(self, entry: _Entry, now: datetime) -> dict[str, Any] | None:
        entry.receive_count += 1
        if entry.receive_count > self._max_receive_count:
            self.dead.append(entry.body)
            del self._entries[entry.message_id]
            return None
        entry.visible_at = now + self._visibility
        entry.receipts.append(f"{entry.message_id}:{entry.receive_count}")
        sent_ms = round(entry.sent_at.timestamp() * 1000)
        attributes = {"ApproximateReceiveCount": str(entry.receive_count), "SentTimestamp": str(sent_ms)}
        return {
            "MessageId": entry.message_id,
            "ReceiptHandle": entry.receipts[-1],
            "Body": entry.body,
            "Attributes": attributes,
        }

    def _nothing(self, wait_seconds: int) -> dict[str, Any]:
        self._clock.advance(wait_seconds)
        self.after("receive")
        return {}

    def _batch(
        self,
        step: str,
        operation: str,
        asked: Sequence[dict[str, Any]],
        act: Callable[[_Entry, dict[str, Any]], None],
    ) -> dict[str, Any]:
        self._step(step)
        if not asked:
            raise refusal(operation, "AWS.SimpleQueueService.EmptyBatchRequest")
        if len(asked) > BATCH_LIMIT:
            raise refusal(operation, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
        if len({request["Id"] for request in asked}) < len(asked):
            raise refusal(operation, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
        failing = self.fail_entries(step, len(asked))
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        for index, one in enumerate(asked):
            message_id, _, number = one["ReceiptHandle"].rpartition(":")
            if index in failing or not number.isdigit():
                code = "InternalError" if index in failing else "ReceiptHandleIsInvalid"
                answer["Failed"].append({"Id": one["Id"], "Code": code, "SenderFault": index not in failing})
                continue
            with _ONE_AT_A_TIME:
                entry = self._entries.get(message_id)
                if entry is not None and entry.receipts[-1:] == [one["ReceiptHandle"]]:
                    act(entry, one)
            answer["Successful"].append({"Id": one["Id"]})
        self.after(step)
        return answer

    def _step(self, operation: str) -> None:
        self.before(operation)
        self._clock.advance(self.passes.get(operation, 0.0))
        self.steps.append(operation)


class FakeQueue(FakeSqs, SqsEventQueue):
    """`FakeSqs` behind the real adapter, in one object; arguments as there."""

    def __init__(self, clock: FakeClock, random: Random | None = None, **limits: int) -> None:
        FakeSqs.__init__(self, clock, random, **limits)
        SqsEventQueue.__init__(self, self, "fake")
