"""One JSON line for each queue message; written by its own thread, so that no reader can block the server."""

from __future__ import annotations

import queue
import threading
from datetime import datetime
from typing import TextIO

import msgspec

from api.group_commit import GroupResult
from logdig.times import wire_time

WAITING_LIMIT = 1000
"""Lines that wait for their reader; further ones are dropped, and the counters still count them."""


class LogLines:
    """Writes lines to a stream; never waits and never fails."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[str] = queue.Queue(WAITING_LIMIT)
        # A daemon: a reader that stopped reading does not keep the process alive.
        threading.Thread(target=self._run, name="log-lines", daemon=True).start()

    def add(self, line: str) -> None:
        """Hand over one line without its end."""
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            return

    def _run(self) -> None:
        while True:
            self._stream.write(self._waiting.get() + "\n")
            if self._waiting.empty():
                self._stream.flush()


def group_line(result: GroupResult, at: datetime, held_bytes: int) -> str:
    """Write the outcome of the requests that shared a message; sizes in bytes, times in milliseconds."""
    line = {
        "at": wire_time(at),
        "event": "group",
        "outcome": "failed" if result.failure else "ok",
        "app": result.app,
        "requests": result.requests,
        "events": result.events,
        "rejected": result.rejected,
        "messages": result.messages,
        "bytes": result.size_bytes,
        "send_ms": round(result.send_seconds * 1000, 1),
        "held_bytes": held_bytes,
    }
    if result.failure:
        line["error"] = result.failure.message
    return msgspec.json.encode(line).decode()
