"""The bad line of a message that no one can read."""

from __future__ import annotations

import hashlib
import json

from logdig.events.lines import BAD_TEXT_BYTES_LIMIT
from logdig.queue.event_queue import Message
from logdig.times import wire_time


def poison_line(message: Message, reason: str) -> bytes:
    """Write it; the same message always makes the same line."""
    whole = message.body.encode("utf-8", "replace")
    return json.dumps(
        {
            "received_at": wire_time(message.sent_at),
            "bad_id": hashlib.sha256(f"{message.message_id} {message.body}".encode("utf-8", "replace")).hexdigest()[
                :22
            ],
            "app": None,
            "errors": [{"field": "", "reason": f"unreadable message: {reason}"[:1024]}],
            "text": whole[:BAD_TEXT_BYTES_LIMIT].decode("utf-8", "replace"),
            "bytes": len(whole),
            "sha256": hashlib.sha256(whole).hexdigest(),
            "truncated": len(whole) > BAD_TEXT_BYTES_LIMIT,
            "pack_id": None,
        },
        separators=(",", ":"),
    ).encode("ascii")
