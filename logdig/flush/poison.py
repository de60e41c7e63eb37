"""The bad line of an unreadable message."""

from __future__ import annotations

import hashlib

from logdig.events.lines import bad_line
from logdig.events.validation import FieldFault
from logdig.queue.event_queue import Message


def poison_line(message: Message, reason: str) -> bytes:
    """Write the bad line of a message; the same message always makes the same line."""
    digest = hashlib.sha256(f"{message.message_id} {message.body}".encode("utf-8", "replace")).hexdigest()
    error = FieldFault("", f"unreadable message: {reason}"[:1024])
    source = message.body.encode("utf-8", "replace")
    return bad_line(message.sent_at, digest[:22], None, [error], source, pack_id=None)
