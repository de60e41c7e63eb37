"""A queue in memory with the rules of SQS that matter: visibility, receipts, at-least-once, sampling, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from logdig.errors import QueueUnavailableError
from logdig.queues import BATCH_LIMIT, Message

MESSAGE_LIMIT_BYTES = 1024 * 1024
IN_FLIGHT_LIMIT = 120_000
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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


class FakeQueue:
    """SQS in memory.

    Args:
        clock: Time of visibility.
        random: Order and size of what a receive brings.
        visibility_seconds: How long a received message is hidden.
        max_receive_count: Receives after which a message moves to ``dead``.

    ``before`` is called with the name of each operation and may raise; ``fail_entries`` names, for a batch call, the
    positions that fail; ``steps`` counts the calls.
    """

    def __init__(
        self,
        clock: FakeClock,
        random: Random | None = None,
        *,
        visibility_seconds: int = 300,
        max_receive_count: int = 50,
    ) -> None:
        self._clock, self._random = clock, random or Random(0)
        self._visibility = timedelta(seconds=visibility_seconds)
        self._max_receive_count = max_receive_count
        self._entries: dict[str, _Entry] = {}
        self._made = 0
        self.dead: list[str] = []
        self.steps: list[str] = []
        self.before: Callable[[str], None] = lambda _operation: None
        self.fail_entries: Callable[[str, int], Sequence[int]] = lambda _operation, _size: ()
        self.empty_receives = 0

    @property
    def bodies(self) -> list[str]:
        """Texts of all messages that are neither deleted nor dead."""
        return [entry.body for entry in self._entries.values()]

    def send(self, body: str) -> None:
        """Refuse what SQS refuses; keep the rest."""
        self._step("send")
        size = len(body.encode("utf-8", "surrogatepass"))
        if not body or size > MESSAGE_LIMIT_BYTES:
            raise QueueUnavailableError(f"message of {size} bytes refused")
        if FORBIDDEN.search(body):
            raise QueueUnavailableError("InvalidMessageContents")
        self._made += 1
        entry = _Entry(f"m{self._made}", body, self._clock(), self._clock())
        self._entries[entry.message_id] = entry

    def receive(self, wait_seconds: int) -> list[Message]:
        """Bring up to ten visible messages in any order; sometimes none although there are some."""
        self._step("receive")
        if self.empty_receives:
            self.empty_receives -= 1
            return []
        now = self._clock()
        visible = [entry for entry in self._entries.values() if entry.visible_at <= now]
        if len(self._entries) - len(visible) >= IN_FLIGHT_LIMIT:
            return []
        chosen = self._random.sample(visible, min(BATCH_LIMIT, len(visible)))
        return [message for entry in chosen if (message := self._hand_out(entry, now)) is not None]

    def _hand_out(self, entry: _Entry, now: datetime) -> Message | None:
        entry.receive_count += 1
        if entry.receive_count > self._max_receive_count:
            self.dead.append(entry.body)
            del self._entries[entry.message_id]
            return None
        entry.visible_at = now + self._visibility
        entry.receipts.append(f"{entry.message_id}:{entry.receive_count}")
        return Message(entry.message_id, entry.receipts[-1], entry.body, entry.receive_count, entry.sent_at)

    def delete(self, messages: Sequence[Message]) -> list[Message]:
        """Delete by the latest receipt only; a stale one says yes and does nothing, as SQS may."""
        failing = self._batch("delete", messages)
        for index, message in enumerate(messages):
            entry = self._entries.get(message.message_id)
            if index not in failing and entry is not None and entry.receipts[-1:] == [message.receipt]:
                del self._entries[message.message_id]
        return [message for index, message in enumerate(messages) if index in failing]

    def release(self, messages: Sequence[Message]) -> list[Message]:
        """Make messages visible at once."""
        failing = self._batch("release", messages)
        for index, message in enumerate(messages):
            entry = self._entries.get(message.message_id)
            if index not in failing and entry is not None and entry.receipts[-1:] == [message.receipt]:
                entry.visible_at = self._clock()
        return [message for index, message in enumerate(messages) if index in failing]

    def duplicate(self, message: Message) -> None:
        """Bring a deleted message back, as a server that missed the delete does."""
        entry = _Entry(message.message_id, message.body, message.sent_at, self._clock(), message.receive_count)
        self._entries[message.message_id] = entry

    def _batch(self, operation: str, messages: Sequence[Message]) -> Sequence[int]:
        self._step(operation)
        if not 1 <= len(messages) <= BATCH_LIMIT:
            raise AssertionError(f"{operation} of {len(messages)} entries; SQS takes 1 to {BATCH_LIMIT}")
        return self.fail_entries(operation, len(messages))

    def _step(self, operation: str) -> None:
        self.before(operation)
        self.steps.append(operation)
