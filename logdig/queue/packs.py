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
"""A quarter of SQS's limit; four billing units of 64 KiB."""

PACK_VERSION = 1


class EventBatch(msgspec.Struct, frozen=True, gc=False):
    """The lines of one or more requests of one app.

    ``events`` and ``rejected`` hold one ASCII JSON object each: a stored line without its pack_id, first key
    ``received_at``. An event has at most 32 KiB of UTF-8, which escaping makes at most three times longer, and a
    rejected one at most 16 KiB, six times: either fits into a pack.
    """

    app: str
    received_at: datetime
    events: tuple[bytes, ...] = ()
    rejected: tuple[bytes, ...] = ()


class EventSink(Protocol):
    """Stores durably what the collector accepts."""

    def commit(self, batch: EventBatch) -> None:
        """Return only when every event of the batch is durable.

        Raises:
            QueueUnavailableError: The batch is not stored, or only in part; sending it again is harmless.
        """


class MessageSender(Protocol):
    """The part of a queue that a sink needs."""

    def send(self, body: str) -> None:
        """Put one message into the queue; raises QueueUnavailableError unless the queue has stored it."""


class QueueSink:
    """Sends the packs of each batch at once, for endpoints that answer one request at a time."""

    def __init__(self, queue: MessageSender, new_pack_id: Callable[[], str]) -> None:
        self._queue = queue
        self._new_pack_id = new_pack_id

    def commit(self, batch: EventBatch) -> None:
        """Send every pack of the batch; see `EventSink.commit`."""
        for body in pack(batch, self._new_pack_id):
            self._queue.send(body)


class Pack(msgspec.Struct, frozen=True):
    """One message read back; events and rejected events stay unparsed."""

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


def pack(batch: EventBatch, new_pack_id: Callable[[], str]) -> list[str]:
    """Write a batch as packs of at most 256 KiB, events first, order kept.

    Args:
        batch: Events and rejected events of one app.
        new_pack_id: Returns an id of URL-safe characters, different for each pack.
    Returns:
        ASCII JSON texts ``{"v","pack_id","app","received_at","events","rejected"}``; none for an empty batch.
    """
    packs: list[str] = []
    free_bytes = PACK_LIMIT_BYTES - len(_pack_text(new_pack_id(), batch, [], []))
    events: list[bytes] = []
    rejected: list[bytes] = []
    used = 0
    for line, part in [(line, events) for line in batch.events] + [(line, rejected) for line in batch.rejected]:
        if used and used + len(line) + 1 > free_bytes:
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
        PoisonMessageError: The body is no pack of this version, or a line in it cannot be stored as one line.
    """
    try:
        content = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as err:
        raise PoisonMessageError(message_id, f"no pack: {err}") from err
    if content.v != PACK_VERSION:
        raise PoisonMessageError(message_id, f"pack version {content.v}, this reads {PACK_VERSION}")
    if not content.pack_id.isascii() or not content.pack_id.replace("-", "").replace("_", "").isalnum():
        raise PoisonMessageError(message_id, "pack_id is no id")
    for raw in (*content.events, *content.rejected):
        _check_line(bytes(raw), message_id)
    return content


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


def _pack_text(pack_id: str, batch: EventBatch, events: Sequence[bytes], rejected: Sequence[bytes]) -> str:
    return (
        f'{{"v":{PACK_VERSION},"pack_id":"{pack_id}","app":"{batch.app}","received_at":"{wire_time(batch.received_at)}",'
        f'"events":[{b",".join(events).decode("ascii")}],"rejected":[{b",".join(rejected).decode("ascii")}]}}'
    )


def _lines(raws: Sequence[msgspec.Raw], pack_id: str) -> Iterator[bytes]:
    tail = f',"pack_id":"{pack_id}"}}'.encode("ascii")
    return (bytes(raw)[:-1] + tail for raw in raws)
