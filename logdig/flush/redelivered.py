"""Messages received too often without being deleted, which may be what crashes the runs. Source: docs/flush.md."""

from __future__ import annotations

import hashlib

from logdig.queue.event_queue import Message

REDELIVERED_AFTER = 5
"""A message received more often than this is handled alone, after all others."""

REDELIVERED_BYTES = 16 * 1024 * 1024
"""Texts of redelivered messages that a run keeps; it releases the others for the next run."""


class RedeliveredMessages:
    """The redelivered messages of one run."""

    def __init__(self) -> None:
        self._kept: dict[str, Message] = {}
        self._size_bytes = 0

    @staticmethod
    def is_redelivered(message: Message) -> bool:
        """Tell whether a message was received too often."""
        return message.receive_count > REDELIVERED_AFTER

    def keep(self, message: Message) -> bool:
        """Keep a message with its text, or the latest receipt of a kept one; False = above REDELIVERED_BYTES."""
        if message.message_id not in self._kept:
            if self._size_bytes + len(message.body) > REDELIVERED_BYTES:
                return False
            self._size_bytes += len(message.body)
        self._kept[message.message_id] = message
        return True

    def shuffled(self) -> list[Message]:
        """All of them, in another order in every run, so that one that crashes runs does not block the same ones."""
        return sorted(self._kept.values(), key=_shuffle_key)


def _shuffle_key(message: Message) -> bytes:
    return hashlib.sha256(f"{message.message_id} {message.receive_count}".encode()).digest()
