"""Messages that may be what ends the runs: received too often without being deleted. Source: docs/flush.md."""

from __future__ import annotations

import hashlib

from logdig.queue.event_queue import Message

SUSPECT_AFTER = 5
"""A message received more often than this is handled alone, after everything else."""

SUSPECT_BYTES = 16 * 1024 * 1024
"""Texts of suspects that a run keeps; the others are given back for the next one."""


class Suspects:
    """Those of one run."""

    def __init__(self) -> None:
        self._kept: dict[str, Message] = {}
        self._size_bytes = 0

    @staticmethod
    def is_one(message: Message) -> bool:
        """Tell whether a message was received too often."""
        return message.receive_count > SUSPECT_AFTER

    def keep(self, message: Message) -> bool:
        """Keep a message with its text, or its latest receipt if it came again; False = there is no room for it."""
        if message.message_id not in self._kept:
            if self._size_bytes + len(message.body) > SUSPECT_BYTES:
                return False
            self._size_bytes += len(message.body)
        self._kept[message.message_id] = message
        return True

    def in_turn(self) -> list[Message]:
        """All of them, in another order in every run: the one that ends runs never keeps the same ones waiting."""
        return sorted(self._kept.values(), key=_turn)


def _turn(message: Message) -> bytes:
    return hashlib.sha256(f"{message.message_id} {message.receive_count}".encode()).digest()
