"""What a browser dropped -> one stored line, so that the ledger can explain the gap. Source: docs/ledger.md."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from logdig.events.lines import LineWriter
from logdig.times import wire_time

DROPPED_NAME = "$dropped"
"""Name of the collector's own custom event; its props are the counts by reason."""


def dropped_line(
    writer: LineWriter,
    dropped: Mapping[str, int],
    sources: Sequence[bytes],
    user_keys: Collection[str],
    sent_at: datetime | None,
    now: datetime,
) -> bytes:
    """Write a request's ``dropped`` as an event of type custom, of the browser whose events are in the same request.

    Its id is derived from the counts and the events of the request, so that a request sent again makes the same event;
    for a request without events it is derived from ``sent_at``.
    """
    counts = msgspec.json.encode(dict(sorted(dropped.items())))
    neighbours = b"".join(hashlib.sha256(source).digest() for source in sources) or str(sent_at).encode()
    digest = hashlib.sha256(counts + neighbours).digest()[:16]
    fields = {
        "timestamp": wire_time(now),
        "event_id": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "type": "custom",
        "user_key": next(iter(user_keys)) if len(user_keys) == 1 else None,
        "custom": {"name": DROPPED_NAME, "props": dict(dropped)},
    }
    return writer.line_of_fields(fields, now)
