"""Logs a second and core of the flush, its memory, its calls; queue and store are stubs that cost nothing.

Run ``.venv/bin/python bench/flusher.py``. What the same core does of SHA-256 and zlib stands beside, so that the
figures of another machine can be compared. The flush of 2016 is killed beside ours by bench/faults.py.
"""

from __future__ import annotations

import hashlib
import json
import resource
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from logdig.flush.flusher import FlushLimits, flush
from logdig.queue.event_queue import BATCH_LIMIT, Message
from logdig.queue.packs import EventBatch, pack

LOGS = 1_000_000
LOGS_A_PACK = 100
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def line(number: int) -> bytes:
    """A click of about 800 bytes, no two alike."""
    mixed = number * 2654435761 % 2**32
    event = {
        "received_at": f"2026-11-24T12:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z",
        "occurred_at": "2026-11-24T12:00:00.000Z", "app": "shop", "event_id": f"{mixed:010x}-{number:011}",
        "seq": number,
        "type": "click", "timestamp": "2026-11-24T12:00:00.000Z", "user_key": f"u{mixed % 5000:019}",
        "session_id": f"s{mixed % 20000:020}", "page_view_id": f"{mixed:020x}",
        "current_page": f"https://shop.example/album/{mixed % 300}.html",
        "link": f"https://shop.example/cart?item={mixed % 10000}", "spent_milli_sec": mixed % 100000, "load_count": 3,
        "consent": {"analytics": True, "ads": False}, "x": mixed % 1280, "y": mixed % 4000,
        "element": {"selector": "main > div:nth-child(3) > a.buy", "tag": "a", "ex": mixed % 32768, "ey": mixed % 32767,
                    "w": 120, "h": 40, "fixed": False},
        "view": {"vw": 1280, "vh": 720, "dw": 1280, "dh": 4000, "sx": 0, "sy": mixed % 3000, "dpr": 2},
        "token": "pk_shop_1", "bot": False, "tz_min": 540,
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    }  # fmt: skip
    return json.dumps(event, separators=(",", ":")).encode()


class Queue:
    """Gives packs made beforehand; their making is not measured."""

    def __init__(self, logs: int) -> None:
        self._left, self.receives, self.deletes, self.making = logs // LOGS_A_PACK, 0, 0, 0.0

    def receive(self, _wait_seconds: int) -> list[Message]:
        self.receives += 1
        started = time.thread_time()
        first, self._left = self._left, max(0, self._left - BATCH_LIMIT)
        found = [self._message(number) for number in range(self._left, first)]
        self.making += time.thread_time() - started
        return found

    def _message(self, number: int) -> Message:
        lines = tuple(line(one) for one in range(number * LOGS_A_PACK, (number + 1) * LOGS_A_PACK))
        (body,) = pack(EventBatch("shop", NOW, lines), lambda: f"p{number:021}")
        return Message(f"m{number}", f"r{number}", body, 1, NOW)

    def delete(self, _messages: Sequence[Message]) -> list[Message]:
        self.deletes += 1
        return []

    def release(self, _messages: Sequence[Message]) -> list[Message]:
        return []

    def send(self, body: str) -> None:
        raise NotImplementedError


class Store:
    """Takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.bytes = 0

    def put(self, _key: str, body: bytes) -> bool:
        self.bytes += len(body)
        return True

    def list(self, _prefix: str) -> Iterator[object]:
        """No erasure was asked for."""
        return iter(())


def megabytes_a_second(work: Callable[[bytes], object], text: bytes) -> float:
    """What this core does of something else, the best of three."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        work(text)
        spent.append(time.process_time() - started)
    return len(text) / min(spent) / 1e6


def main() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    queue, store = Queue(LOGS), Store()
    started = time.process_time()
    # One receiver, so that making messages, which is taken off, never runs beside the flush.
    report = flush(
        queue,
        store,
        FlushLimits(wait_seconds=0, receivers=1),
        lambda: NOW,
        deadline=NOW + timedelta(days=1),  # type: ignore[arg-type]
    )
    seconds = time.process_time() - started - queue.making
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tens = LOGS / LOGS_A_PACK / BATCH_LIMIT
    print(f"{report.logs:,} logs of {report.text_bytes / report.logs:.0f} bytes in {report.objects} objects")
    print(f"{report.logs / seconds:,.0f} logs a second and core")
    print(f"{peak:.0f} MiB at most, {before:.0f} MiB before the first message")
    print(f"{queue.receives / tens:.3f} receives and {queue.deletes / tens:.3f} deletes for 10 messages")
    print(f"{report.text_bytes / store.bytes:.1f} times smaller as gzip")
    text = b"\n".join(line(number) for number in range(20_000))
    sha256, level4 = (
        megabytes_a_second(work, text)
        for work in (lambda text: hashlib.sha256(text).digest(), lambda text: zlib.compress(text, 4))
    )
    print(
        f"this core: {sha256:,.0f} MB/s of SHA-256, {level4:,.0f} MB/s of zlib at level 4; the flush did "
        f"{report.text_bytes / seconds / 1e6:,.0f} MB/s of text"
    )


if __name__ == "__main__":
    main()
