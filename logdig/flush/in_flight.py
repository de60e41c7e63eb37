"""The messages that a run has taken: in how many open buffers each still lies, and which may be deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from logdig.queue.event_queue import Message


class Holding:
    """Messages on their way from received to written, without their texts, which would double the memory of buffers."""

    def __init__(self) -> None:
        self._held: dict[str, Message] = {}
        self._open: dict[str, int] = {}
        self._written: dict[str, Message] = {}

    @property
    def written(self) -> int:
        """Messages that are written and not yet deleted."""
        return len(self._written)

    def has(self, message: Message) -> bool:
        """Tell whether the lines of a message were taken and it is not yet deleted."""
        return message.message_id in self._open or message.message_id in self._written

    def hold(self, message: Message) -> None:
        """Remember a message none of whose lines are taken; it is to be given back."""
        self._held[message.message_id] = replace(message, body="")

    def take(self, message: Message, buffers: int) -> None:
        """Remember a message whose lines lie in so many open buffers; in none = there is nothing to write."""
        self.hold(message)
        self._open[message.message_id] = buffers
        self._settle(message.message_id)

    def renew(self, message: Message) -> None:
        """Keep the receipt of a message that came again: only the latest one can still delete it."""
        where = self._held if message.message_id in self._open else self._written
        where[message.message_id] = replace(message, body="")

    def wrote(self, message_ids: Iterable[str]) -> None:
        """Note that one buffer of each of these messages is stored."""
        for message_id in message_ids:
            self._open[message_id] -= 1
            self._settle(message_id)

    def pop_written(self, most: int) -> list[Message]:
        """Take out messages all of whose lines are stored, longest written first."""
        return [self._written.pop(key) for key in list(self._written)[:most]]

    def unwritten(self) -> list[Message]:
        """Messages of which something is not stored."""
        return list(self._held.values())

    def _settle(self, message_id: str) -> None:
        if self._open[message_id] == 0:
            del self._open[message_id]
            self._written[message_id] = self._held.pop(message_id)
