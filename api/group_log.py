"""One JSON line for each queue message; written by a thread of its own, so that no reader can hold the server up."""

from __future__ import annotations

import queue
import threading
from datetime import datetime
from typing import TextIO

import msgspec

from api.group_commit import Sent
from logdig.times import wire_time

WAITING_LIMIT = 1000
"""Lines that wait for their reader; more are left out, the counters have them all."""


class LogLines:
    """Writes lines to a stream; never waits and never fails."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[str] = queue.Queue(WAITING_LIMIT)
        # A daemon: a reader that stopped reading does not keep the process.
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


def group_line(sent: Sent, at: datetime, held_bytes: int) -> str:
    """Tell what became of the requests that shared a message; sizes in bytes, times in milliseconds."""
    line = {
        "at": wire_time(at),
        "event": "group",
        "outcome": "failed" if sent.failure else "ok",
        "app": sent.app,
        "requests": sent.requests,
        "events": sent.events,
        "rejected": sent.rejected,
        "messages": sent.messages,
        "bytes": sent.size_bytes,
        "send_ms": round(sent.send_seconds * 1000, 1),
        "held_bytes": held_bytes,
    }
    if sent.failure:
        line["error"] = sent.failure.message
    return msgspec.json.encode(line).decode()
