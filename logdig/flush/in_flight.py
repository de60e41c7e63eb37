"""The messages of a run: in how many open buffers each still lies, and which may be deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from logdig.queue.event_queue import Message


class InFlight:
    """Messages between receive and delete, without their texts, which would double the memory of the buffers."""

    def __init__(self) -> None:
        self._held: dict[str, Message] = {}
        self._open: dict[str, int] = {}
        self._written: dict[str, Message] = {}

    @property
    def written(self) -> int:
        """Number of messages that are written and not yet deleted."""
        return len(self._written)

    def has(self, message: Message) -> bool:
        """Tell whether the lines of a message are in buffers or written."""
        return message.message_id in self._open or message.message_id in self._written

    def hold(self, message: Message) -> None:
        """Add a message whose lines are in no buffer; it will be released."""
        self._held[message.message_id] = replace(message, body="")

    def take(self, message: Message, buffers: int) -> None:
        """Add a message whose lines are in this many open buffers; 0 = nothing to write."""
        self.hold(message)
        self._open[message.message_id] = buffers
        self._settle(message.message_id)

    def renew(self, message: Message) -> None:
        """Keep the receipt of a message that was received again: only the latest receipt deletes it."""
        messages = self._held if message.message_id in self._open else self._written
        messages[message.message_id] = replace(message, body="")

    def wrote(self, message_ids: Iterable[str]) -> None:
        """Count one buffer of each of these messages as written."""
        for message_id in message_ids:
            self._open[message_id] -= 1
            self._settle(message_id)

    def pop_written(self, most: int) -> list[Message]:
        """Remove and return messages whose lines are all written, oldest first."""
        return [self._written.pop(key) for key in list(self._written)[:most]]

    def unwritten(self) -> list[Message]:
        """Messages with unwritten lines."""
        return list(self._held.values())

    def _settle(self, message_id: str) -> None:
        if self._open[message_id] == 0:
            del self._open[message_id]
            self._written[message_id] = self._held.pop(message_id)
