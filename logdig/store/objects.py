"""Stored lines into objects: buffers by zone and day, sorted text, content address. Source: docs/data-layout.md."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from isal import isal_zlib

from logdig.events.lines import DAY_IN_LINE
from logdig.store.keys import Zone, object_key

GZIP_LEVEL = 2
"""Of ISA-L: a tenth of the time of zlib's level 4, for 5 % more bytes on our lines (bench/flusher.py)."""

GZIP_WINDOW = 31
_UNKNOWN_SYSTEM = b"\xff"
_SYSTEM_BYTE = 9


@dataclass(frozen=True, slots=True)
class LogObject:
    """One object ready to be put."""

    key: str
    body: bytes
    lines: int
    text_bytes: int


@dataclass(slots=True)
class Buffer:
    """Lines of one zone and day that wait to be written, and the ids of their messages."""

    zone: Zone
    day: bytes
    lines: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    message_ids: set[str] = field(default_factory=set)

    def build(self) -> LogObject:
        """Make the object of these lines; equal lines make an equal object whatever their order."""
        return build_object(self.zone, date.fromisoformat(self.day.decode("ascii")), self.lines)


class Buffers:
    """The open buffers of a run."""

    def __init__(self) -> None:
        self._open: dict[tuple[Zone, bytes], Buffer] = {}
        self.size_bytes = 0

    def add(self, zone: Zone, lines: Iterable[bytes], message_id: str) -> int:
        """Put lines into the buffers of their days; return the number of buffers that the message newly lies in."""
        touched, buffer = 0, None
        for line in lines:
            # The lines of a message are nearly always of one day.
            if buffer is None or line[DAY_IN_LINE] != buffer.day:
                buffer = self._buffer(zone, line[DAY_IN_LINE])
                touched += message_id not in buffer.message_ids
                buffer.message_ids.add(message_id)
            size = len(line) + 1
            buffer.lines.append(line)
            buffer.size_bytes += size
            self.size_bytes += size
        return touched

    def _buffer(self, zone: Zone, day: bytes) -> Buffer:
        buffer = self._open.get((zone, day))
        if buffer is None:
            buffer = self._open[zone, day] = Buffer(zone, day)
        return buffer

    def full(self, text_bytes: int, messages: int) -> list[Buffer]:
        """Buffers that have reached the size of an object."""
        return [
            buffer
            for buffer in self._open.values()
            if buffer.size_bytes >= text_bytes or len(buffer.message_ids) >= messages
        ]

    def largest(self) -> Buffer | None:
        """The buffer with most bytes."""
        return max(self._open.values(), key=lambda buffer: buffer.size_bytes, default=None)

    def take(self, buffer: Buffer) -> None:
        """Remove a buffer; the next line of its zone and day opens a new one."""
        del self._open[buffer.zone, buffer.day]
        self.size_bytes -= buffer.size_bytes


def build_object(zone: Zone, day: date, lines: Iterable[bytes]) -> LogObject:
    """Sort lines into a text and name it by its SHA-256.

    Args:
        zone: ``raw`` or ``bad``.
        day: UTC day of the lines' ``received_at``.
        lines: Single-line JSON without line ends.
    """
    ordered = sorted(lines)
    text = b"\n".join(ordered) + b"\n"
    key = object_key(zone, day, hashlib.sha256(text).hexdigest())
    return LogObject(key, compress(text), len(ordered), len(text))


def compress(text: bytes) -> bytes:
    """Gzip a text so that equal texts give equal bytes: no name, no time, no operating system in the header."""
    packer = isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)
    body: bytes = packer.compress(text) + packer.flush()
    return body[:_SYSTEM_BYTE] + _UNKNOWN_SYSTEM + body[_SYSTEM_BYTE + 1 :]


def decompress(body: bytes) -> bytes | None:
    """Text of an object; None when it is damaged or no gzip."""
    try:
        return gzip.decompress(body)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return None
