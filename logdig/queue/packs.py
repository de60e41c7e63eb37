"""Events into packs, and packs back: arithmetic on encoded bytes, no input and no output.

A pack is one queue message: ASCII-only JSON, so that no character in it is forbidden to SQS and its length in bytes is
its length in characters. Design: docs/flush.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Protocol

import msgspec

from logdig.errors import PoisonMessageError
from logdig.events.lines import DAY_IN_LINE, LINE_START
from logdig.times import wire_time

PACK_LIMIT_BYTES = 256 * 1024
"""A quarter of what SQS takes in one message; four billing units of 64 KiB."""

PACK_VERSION = 1


class Batch(msgspec.Struct, frozen=True, gc=False):
    """What one or many requests of one app brought.

    ``events`` and ``rejected`` hold one ASCII JSON object each: a stored line without its pack_id, first key
    ``received_at``. An event has at most 32 KiB of UTF-8, which escaping makes at most three times longer, and a
    rejected one at most 16 KiB, six times: either fits into a pack with room to spare.
    """

    app: str
    received_at: datetime
    events: tuple[bytes, ...] = ()
    rejected: tuple[bytes, ...] = ()


class EventSink(Protocol):
    """Where the collector hands what it must not lose."""

    def commit(self, batch: Batch) -> None:
        """Return only when every event of the batch is durable.

        Raises:
            QueueUnavailableError: It is not, or only in part; sending it again is harmless.
        """


class Sender(Protocol):
    """The one thing of a queue that a sink needs."""

    def send(self, body: str) -> None:
        """Put one message into the queue; QueueUnavailableError if it is not there afterwards."""


class QueueSink:
    """Sends the packs of each batch at once; the front doors that answer one request at a time use it."""

    def __init__(self, queue: Sender, new_pack_id: Callable[[], str]) -> None:
        self._queue = queue
        self._new_pack_id = new_pack_id

    def commit(self, batch: Batch) -> None:
        """Send every pack of the batch; see `EventSink.commit`."""
        for body in pack(batch, self._new_pack_id):
            self._queue.send(body)


class Pack(msgspec.Struct, frozen=True):
    """One message as it is read back; events and rejected events stay unparsed."""

    v: int
    pack_id: str
    app: str
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    events: list[msgspec.Raw]
    rejected: list[msgspec.Raw]

    def event_lines(self) -> Iterator[bytes]:
        """Yield the stored lines of the accepted events, pack_id added, without line ends."""
        return _lines(self.events, self.pack_id)

    def rejected_lines(self) -> Iterator[bytes]:
        """Yield the stored lines of the rejected events."""
        return _lines(self.rejected, self.pack_id)


_decoder = msgspec.json.Decoder(Pack)


def pack(batch: Batch, new_pack_id: Callable[[], str]) -> list[str]:
    """Write a batch as packs of at most 256 KiB, events first, order kept.

    Args:
        batch: Events and rejected events of one app.
        new_pack_id: Gives an id of URL-safe characters, different for each pack.
    Returns:
        ASCII JSON texts ``{"v","pack_id","app","received_at","events","rejected"}``; none for an empty batch.
    """
    packs: list[str] = []
    room = PACK_LIMIT_BYTES - len(_pack_text(new_pack_id(), batch, [], []))
    events: list[bytes] = []
    rejected: list[bytes] = []
    used = 0
    for line, part in [(line, events) for line in batch.events] + [(line, rejected) for line in batch.rejected]:
        if used and used + len(line) + 1 > room:
            packs.append(_pack_text(new_pack_id(), batch, events, rejected))
            events.clear()
            rejected.clear()
            used = 0
        part.append(line)
        used += len(line) + 1
    if used:
        packs.append(_pack_text(new_pack_id(), batch, events, rejected))
    return packs


def read_pack(body: str, message_id: str) -> Pack:
    """Read a message back.

    Raises:
        PoisonMessageError: No pack of this version, or a line in it that could not be stored as one line.
    """
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as err:
        raise PoisonMessageError(message_id, f"no pack: {err}") from err
    if found.v != PACK_VERSION:
        raise PoisonMessageError(message_id, f"pack version {found.v}, this reads {PACK_VERSION}")
    if not found.pack_id.isascii() or not found.pack_id.replace("-", "").replace("_", "").isalnum():
        raise PoisonMessageError(message_id, "pack_id is no id")
    for raw in (*found.events, *found.rejected):
        _check_line(bytes(raw), message_id)
    return found


def _check_line(line: bytes, message_id: str) -> None:
    if not line.startswith(LINE_START) or b"\n" in line or b"\r" in line or not line.isascii():
        raise PoisonMessageError(message_id, f"no stored line: {line[:40]!r}")
    if not _is_day(line[DAY_IN_LINE]):
        raise PoisonMessageError(message_id, f"no day in {line[:40]!r}")


@lru_cache(maxsize=1024)
def _is_day(text: bytes) -> bool:
    try:
        return date.fromisoformat(text.decode("ascii")).isoformat().encode("ascii") == text
    except ValueError:
        return False


def _pack_text(pack_id: str, batch: Batch, events: Sequence[bytes], rejected: Sequence[bytes]) -> str:
    return (
        f'{{"v":{PACK_VERSION},"pack_id":"{pack_id}","app":"{batch.app}","received_at":"{wire_time(batch.received_at)}",'
        f'"events":[{b",".join(events).decode("ascii")}],"rejected":[{b",".join(rejected).decode("ascii")}]}}'
    )


def _lines(raws: Sequence[msgspec.Raw], pack_id: str) -> Iterator[bytes]:
    tail = f',"pack_id":"{pack_id}"}}'.encode("ascii")
    return (bytes(raw)[:-1] + tail for raw in raws)
