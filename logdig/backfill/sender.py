"""Post events through the endpoint as a signed server: batches, several requests at once, retried as a tracker would.

A batch counts when it was answered 202. What is in doubt is sent again, which the event_id makes harmless.
"""

from __future__ import annotations

import json
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3

from logdig.config.signatures import sign
from logdig.errors import InputError, TransientError

BATCH_EVENTS = 500
UNDER_WAY = 4
RETRY_LIMIT_SECONDS = 600
"""A collector that is away this long ends the sending; it goes on where it stopped."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
TIMEOUT = urllib3.Timeout(connect=5, read=60)


class CollectorAwayError(TransientError):
    """The collector did not take a batch within RETRY_LIMIT_SECONDS."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one request; ``lines`` are their places in the file they come from, ``tz_min`` None is not known."""

    tz_min: int | None
    events: tuple[dict[str, object], ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that the collector refused, with its first reason."""

    line: int
    reason: str


@dataclass(slots=True)
class Tally:
    """What became of the events."""

    sent: int = 0
    accepted: int = 0
    duplicates: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.sent += other.sent
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.refusals += other.refusals


class Sender:
    """Sends batches of one app to one collector.

    Args:
        endpoint: Address of the collector, without a path.
        token: The app's write token.
        secret: The app's signing secret.
        sleep: Waits between tries.
    """

    def __init__(
        self, endpoint: str, token: str, secret: bytes, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._url = endpoint.rstrip("/") + "/v1/events"
        self._token, self._secret, self._sleep = token, secret, sleep
        self._pool = urllib3.PoolManager(maxsize=UNDER_WAY, retries=False, timeout=TIMEOUT)

    def send(self, batch: Batch) -> Tally:
        """Send one batch until it is answered; halve what is refused whole.

        Raises:
            CollectorAwayError: No answer in time.
            InputError: Token, origin or signature are refused; no try can help.
        """
        status, body = self._post_until_answered(batch)
        if status == 202:
            return _tally(batch, json.loads(body))
        if status in (400, 413):
            return self._halve(batch, body)
        raise InputError(f"{self._url} answers {status}: {_detail(body)}", status=status)

    def _halve(self, batch: Batch, body: bytes) -> Tally:
        if len(batch.events) == 1:
            return Tally(1, refusals=[Refusal(batch.lines[0], _detail(body))])
        middle = len(batch.events) // 2
        tally = Tally()
        for part in (slice(None, middle), slice(middle, None)):
            tally.add(self.send(Batch(batch.tz_min, batch.events[part], batch.lines[part])))
        return tally

    def _post_until_answered(self, batch: Batch) -> tuple[int, bytes]:
        zone = {} if batch.tz_min is None else {"tz_min": batch.tz_min}
        payload = {"token": self._token, **zone, "tracker": "logdig-send", "events": batch.events}
        body = json.dumps(payload, separators=(",", ":")).encode("ascii")
        waited, pause = 0.0, FIRST_PAUSE_SECONDS
        while True:
            try:
                headers = {
                    "Content-Type": "application/json",
                    "X-LogDig-Signature": sign(self._secret, body, datetime.now(UTC)),
                }
                answer = self._pool.request("POST", self._url, body=body, headers=headers)
            except urllib3.exceptions.HTTPError as err:
                problem, wait = str(err), 0.0
            else:
                if answer.status != 429 and answer.status < 500:
                    return answer.status, answer.data
                problem, wait = f"answers {answer.status}", retry_after(answer.headers.get("Retry-After"))
            # Random pauses keep many senders from coming back in step.
            wait = max(wait, pause * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            if waited + wait > RETRY_LIMIT_SECONDS:
                raise CollectorAwayError(f"{self._url} {problem}; gave up after {waited:.0f} s, run it again to go on")
            self._sleep(wait)
            waited, pause = waited + wait, min(pause * 2, LONGEST_PAUSE_SECONDS)

    def send_all(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Tally]]:
        """Send batches, several at once, and yield each with its tally in the order given."""
        with ThreadPoolExecutor(UNDER_WAY, thread_name_prefix="send") as pool:
            under_way: deque[tuple[Batch, Future[Tally]]] = deque()
            try:
                for batch in batches:
                    under_way.append((batch, pool.submit(self.send, batch)))
                    while len(under_way) >= UNDER_WAY * 2:
                        yield _result(under_way)
                while under_way:
                    yield _result(under_way)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _result(under_way: deque[tuple[Batch, Future[Tally]]]) -> tuple[Batch, Tally]:
    batch, future = under_way.popleft()
    return batch, future.result()


def retry_after(value: str | None) -> float:
    """Read a Retry-After header: seconds, or the time until its date; 0 when it is none."""
    if value is None:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _tally(batch: Batch, answer: dict[str, object]) -> Tally:
    rejected = answer["rejected"]
    if not isinstance(rejected, list):
        raise InputError("the collector's answer has no list of rejected events")
    first: dict[int, str] = {}
    for one in rejected:
        first.setdefault(one["index"], f"{one['field']}: {one['reason']}".lstrip(": "))
    refusals = [Refusal(batch.lines[index], reason) for index, reason in first.items()]
    return Tally(len(batch.events), int(str(answer["accepted"])), int(str(answer["duplicates"])), refusals)


def _detail(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return body[:200].decode("utf-8", "replace")
    return str(found.get("detail", found)) if isinstance(found, dict) else str(found)
