"""The flush of 2016 as a model: receive all, one object named by chance under today's date, delete one by one."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import uuid4

from logdig.flush.flusher import FlushLimits
from logdig.flush.report import FlushReport
from logdig.queue.event_queue import EventQueue, Message
from logdig.queue.packs import read_pack
from logdig.store.keys import object_key
from logdig.store.object_store import EventStore
from logdig.store.objects import compress
from logdig.times import Clock


def flush_of_2016(
    queue: EventQueue, store: EventStore, _limits: FlushLimits, clock: Clock, *, deadline: datetime, force: bool = False
) -> FlushReport:
    """Move what is queued into one object; it asked for a hundred logs at least, which this leaves out."""
    held: dict[str, Message] = {}
    while found := queue.receive(0):
        held |= {message.message_id: message for message in found}
    packs = [read_pack(message.body, message.message_id) for message in held.values()]
    lines = [line for pack in packs for line in pack.event_lines()]
    report = FlushReport(received=len(held), logs=len(lines), stopped="empty")
    if held:
        key = object_key("raw", clock().date(), hashlib.sha256(uuid4().bytes).hexdigest())
        store.put(key, compress(b"\n".join(lines) + b"\n"))
    for message in held.values():
        report.deleted += 1 - len(queue.delete([message]))
    return report
