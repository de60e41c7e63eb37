"""Post events to the collector as a signed server: batches, several requests at once, retried as a tracker would.

A batch counts when it was answered 202. What is in doubt is sent again, which the event_id makes harmless.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3
from urllib3.exceptions import HTTPError

from logdig.backfill.reachability import check_reachable, describe
from logdig.config.signatures import sign
from logdig.errors import InputError, TransientError

BATCH_EVENTS = 500
REQUESTS_AT_ONCE = 4
RETRY_LIMIT_SECONDS = 600
"""A collector that is away this long ends the sending; it goes on where it stopped."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
TIMEOUT = urllib3.Timeout(connect=5, read=60)


class CollectorAwayError(TransientError):
    """The collector did not take a batch within RETRY_LIMIT_SECONDS."""


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events of one request.

    Args:
        tz_min: Minutes east of UTC, of all of them; None = not known.
        events: The events.
        lines: Their lines in the file they come from.
        complete_to: When it is answered, so are all lines of the file up to this one.
    """

    tz_min: int | None
    events: tuple[dict[str, object], ...]
    lines: tuple[int, ...]
    complete_to: int = 0


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


class EventSender:
    """Sends batches of one app to one collector.

    Args:
        endpoint: Address of the collector, without a path.
        token: The app's write token.
        secret: The app's signing secret.
        on_retry: Called with what fails, once until the collector answers again; from several threads.
        sleep: Waits between tries; None = a wait that ends when the sending does.
        clock: Seconds, to time requests.
    """

    def __init__(
        self,
        endpoint: str,
        token: str,
        secret: bytes,
        *,
        on_retry: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = endpoint.rstrip("/") + "/v1/events"
        self._token, self._secret = token, secret
        self._stopping = threading.Event()
        self._on_retry, self._sleep, self._clock = on_retry, sleep or self._stopping.wait, clock
        self._pool = urllib3.PoolManager(maxsize=REQUESTS_AT_ONCE, retries=False, timeout=TIMEOUT)
        self._outage = threading.Lock()
        self._is_away = self._has_answered = False

    def send(self, batch: EventBatch) -> Tally:
        """Send one batch until it is answered; halve what is refused whole.

        Raises:
            CollectorAwayError: No answer in time.
            NoCollectorError: There is nothing to wait for.
            InputError: Token, origin or signature are refused; no try can help.
        """
        status, body = self._post_until_answered(batch)
        if status == 202:
            return _tally(batch, json.loads(body))
        if status in (400, 413):
            return self._halve(batch, body)
        raise InputError(f"{self._url} answers {status}: {_detail(body)}", status=status)

    def _halve(self, batch: EventBatch, body: bytes) -> Tally:
        if len(batch.events) == 1:
            return Tally(1, refusals=[Refusal(batch.lines[0], _detail(body))])
        middle = len(batch.events) // 2
        tally = Tally()
        for part in (slice(None, middle), slice(middle, None)):
            tally.add(self.send(EventBatch(batch.tz_min, batch.events[part], batch.lines[part])))
        return tally

    def _post_until_answered(self, batch: EventBatch) -> tuple[int, bytes]:
        zone = {} if batch.tz_min is None else {"tz_min": batch.tz_min}
        payload = {"token": self._token, **zone, "tracker": "logdig-send", "events": batch.events}
        body = json.dumps(payload, separators=(",", ":")).encode("ascii")
        spent, pause = 0.0, FIRST_PAUSE_SECONDS
        while True:
            begun = self._clock()
            try:
                response = self._post(body)
            except HTTPError as err:
                check_reachable(self._url, err, has_answered=self._has_answered)
                problem, wait = describe(err), 0.0
            else:
                if response.status != 429 and response.status < 500:
                    self._is_away, self._has_answered = False, True
                    return response.status, response.data
                problem, wait = f"answers {response.status}", retry_after(response.headers.get("Retry-After"))
            self._announce(problem)
            spent += self._clock() - begun
            # Random pauses keep many senders from coming back in step.
            wait = max(wait, pause * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            if spent + wait <= RETRY_LIMIT_SECONDS:
                self._sleep(wait)
            if self._stopping.is_set() or spent + wait > RETRY_LIMIT_SECONDS:
                raise CollectorAwayError(f"{self._url} {problem}; gave up after {spent:.0f} s, run it again to go on")
            spent, pause = spent + wait, min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _post(self, body: bytes) -> urllib3.BaseHTTPResponse:
        headers = {
            "Content-Type": "application/json",
            "X-LogDig-Signature": sign(self._secret, body, datetime.now(UTC)),
        }
        return self._pool.request("POST", self._url, body=body, headers=headers)

    def _announce(self, problem: str) -> None:
        with self._outage:
            if self._is_away:
                return
            self._is_away = True
        minutes = RETRY_LIMIT_SECONDS // 60
        self._on_retry(f"{self._url} {problem}; trying again for {minutes} minutes, Ctrl-C ends it")

    def send_all(self, batches: Iterable[EventBatch]) -> Iterator[tuple[EventBatch, Tally]]:
        """Send batches, several at once, and yield each with its tally in the order given."""
        with ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="send") as pool:
            under_way: deque[tuple[EventBatch, Future[Tally]]] = deque()
            try:
                for batch in batches:
                    under_way.append((batch, pool.submit(self.send, batch)))
                    while len(under_way) >= REQUESTS_AT_ONCE * 2:
                        yield _result(under_way)
                while under_way:
                    yield _result(under_way)
            finally:
                # Requests that wait for their next try end with the first one that failed.
                self._stopping.set()
                pool.shutdown(wait=True, cancel_futures=True)
                self._stopping.clear()


def _result(under_way: deque[tuple[EventBatch, Future[Tally]]]) -> tuple[EventBatch, Tally]:
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


def _tally(batch: EventBatch, answer: Mapping[str, object]) -> Tally:
    rejected = answer["rejected"]
    if not isinstance(rejected, list):
        raise InputError("the collector's answer has no list of rejected events")
    first: dict[int, str] = {}
    for entry in rejected:
        first.setdefault(entry["index"], f"{entry['field']}: {entry['reason']}".lstrip(": "))
    refusals = [Refusal(batch.lines[index], reason) for index, reason in first.items()]
    return Tally(len(batch.events), int(str(answer["accepted"])), int(str(answer["duplicates"])), refusals)


def _detail(body: bytes) -> str:
    try:
        problem = json.loads(body)
    except ValueError:
        return "this is no answer of a collector; is --endpoint right?"
    return str(problem.get("detail", problem)) if isinstance(problem, dict) else str(problem)
