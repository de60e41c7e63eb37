"""What a browser says it dropped -> one stored line, so that the ledger can name the gap. Source: docs/ledger.md."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from logdig.events.lines import LineWriter
from logdig.times import wire_time

DROPPED_NAME = "$dropped"
"""Name of the server's own custom event; its props are the counts by reason."""


def dropped_line(
    writer: LineWriter,
    dropped: Mapping[str, int],
    sources: Sequence[bytes],
    user_keys: Collection[str],
    sent_at: datetime | None,
    now: datetime,
) -> bytes:
    """Write a request's ``dropped`` as an event of type custom, of the one browser whose events are beside it.

    Its id follows from the counts and the events beside them, so that a request sent again is a copy of the same event;
    a request without events is told apart by ``sent_at``.
    """
    counts = msgspec.json.encode(dict(sorted(dropped.items())))
    beside = b"".join(hashlib.sha256(source).digest() for source in sources) or str(sent_at).encode()
    digest = hashlib.sha256(counts + beside).digest()[:16]
    fields = {
        "timestamp": wire_time(now),
        "event_id": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "type": "custom",
        "user_key": next(iter(user_keys)) if len(user_keys) == 1 else None,
        "custom": {"name": DROPPED_NAME, "props": dict(dropped)},
    }
    return writer.line_of_fields(fields, now)
