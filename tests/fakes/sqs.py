"""An SQS for faults and benches: takes SendMessage over HTTP, keeps messages in a file before it says so, and can
throttle, fail, be slow, be silent, or close the connection after taking a message.

``python -m tests.fakes.sqs PORT FILE`` runs it; ``POST /control`` sets a `Mode` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

THROTTLED = b'{"__type": "com.amazonaws.sqs#RequestThrottled", "message": "slow down"}'
FAILED = b'{"__type": "com.amazonaws.sqs#InternalError", "message": "an error of ours"}'


@dataclass
class Mode:
    """How the next messages are treated; shares are of all messages, tried in this order."""

    seconds: float = 0.0
    silent: float = 0.0
    throttle: float = 0.0
    fail: float = 0.0
    close_after: float = 0.0


@dataclass
class Stub:
    """State of one stub; without a file only counts."""

    kept: IO[bytes] | None = None
    mode: Mode = field(default_factory=Mode)
    messages: int = 0
    bytes: int = 0


class Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if b"100-continue" in head and len(self._buffer) == end + 4:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            del self._buffer[: end + 4 + length]
            self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        stub, mode = self._stub, self._stub.mode
        if head.startswith(b"post /control"):
            stub.mode = Mode(**json.loads(body))
            self._answer(200, b"{}")
        elif head.startswith(b"get /count"):
            self._answer(200, json.dumps([stub.messages, stub.bytes]).encode())
        elif b"sendmessage" not in head:
            self._answer(200, b"{}")
        elif random.random() >= mode.silent:
            asyncio.get_running_loop().call_later(mode.seconds, self._take, body, mode)

    def _take(self, body: bytes, mode: Mode) -> None:
        if random.random() < mode.throttle:
            self._answer(400, THROTTLED)
        elif random.random() < mode.fail:
            self._answer(500, FAILED)
        else:
            stub = self._stub
            stub.messages += 1
            stub.bytes += len(body)
            if stub.kept is not None:
                stub.kept.write(body + b"\n")
                stub.kept.flush()
            if random.random() < mode.close_after:
                self._transport.abort()
            else:
                self._answer(200, b'{"MessageId": "m-%d"}' % stub.messages)

    def _answer(self, status: int, body: bytes) -> None:
        head = b"HTTP/1.1 %d X\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % (status, len(body)) + body)


async def serve(port: int, stub: Stub) -> None:
    """Serve until cancelled."""
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", port, backlog=512)
    await server.serve_forever()


def stored_event_ids(path: Path) -> set[str]:
    """Event ids of all messages that were kept; a message cut by the end of the stub was never acknowledged."""
    failures = set()
    for line in path.read_bytes().splitlines():
        try:
            pack = json.loads(json.loads(line)["MessageBody"])
        except ValueError:
            continue
        failures |= {event["event_id"] for event in pack["events"]}
    return failures


if __name__ == "__main__":
    with Path(sys.argv[2]).open("ab") as kept:
        asyncio.run(serve(int(sys.argv[1]), Stub(kept)))
