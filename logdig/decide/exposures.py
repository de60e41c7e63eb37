"""Every decision of every channel becomes one event, committed without making the page wait.

It is of type ``custom`` with the name ``$exposure``, which the collector refuses from browsers and from servers: what
stands in it was decided here.

A background thread commits the waiting events, many lines at once when they come faster than the queue takes them.
Events that cannot be committed are counted in ``lost``; the page gets no error.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from logdig.config.apps import App
from logdig.counters import Counters
from logdig.decide.policy import Decision
from logdig.events.lines import LineWriter, RequestContext
from logdig.events.parts import Consent
from logdig.queue.packs import EventBatch, EventSink
from logdig.times import to_milliseconds, wire_time

NAME = "$exposure"
WAITING_LIMIT = 10_000
"""Exposures that may wait: at 1 KiB each 10 MiB, 20 s at 500 decisions a second. More are counted as lost."""
LINGER_SECONDS = 0.02
"""The thread waits so long for more of them, where the process lives on: a commit each would cost a tenth more."""
COMMIT_LIMIT = 500
"""Most lines of one commit, as many as one request of a tracker may bring."""

_log = logging.getLogger(__name__)


class Who(Protocol):
    """Whom a decision is about, and where."""

    @property
    def user_key(self) -> str | None: ...
    @property
    def customer_id(self) -> str | None: ...
    @property
    def placement(self) -> str: ...
    @property
    def consent(self) -> Consent: ...


@dataclass(frozen=True, slots=True)
class Exposure:
    """One stored event line of an app."""

    app: str
    received_at: datetime
    line: bytes


class ExposureLog:
    """Hands exposures to a sink in the background; the thread starts with the first one."""

    def __init__(self, sink: EventSink, counters: Counters, *, lingers: bool = False) -> None:
        self._sink = sink
        self._counters = counters
        self._lingers = lingers
        self._waiting: queue.Queue[Exposure] = queue.Queue(WAITING_LIMIT)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def lost(self) -> int:
        """Exposures that could not be stored."""
        return int(self._counters.total("logdig_exposure_lost_total"))

    def add(self, exposure: Exposure) -> None:
        """Add one exposure; never waits and never fails."""
        self._start()
        try:
            self._waiting.put_nowait(exposure)
        except queue.Full:
            self._count_lost(1, f"{WAITING_LIMIT} exposures are waiting")

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until every added exposure is committed or lost; return whether that was in time."""
        waiting = self._waiting
        with waiting.all_tasks_done:
            return waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, timeout_seconds)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                # A daemon: the end of the process does not wait for a queue that is down; `drain` does.
                self._thread = threading.Thread(target=self._run, name="exposures", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            taken = [self._waiting.get()]
            if self._lingers:
                time.sleep(LINGER_SECONDS)
            while len(taken) < COMMIT_LIMIT and not self._waiting.empty():
                taken.append(self._waiting.get())
            for app in dict.fromkeys(exposure.app for exposure in taken):
                self._commit(app, [exposure for exposure in taken if exposure.app == app])
            for _ in taken:
                self._waiting.task_done()

    def _commit(self, app: str, exposures: list[Exposure]) -> None:
        try:
            self._sink.commit(_batch(app, exposures))
        except Exception as err:
            # The thread survives any error of a sink, to count these as lost.
            self._count_lost(len(exposures), str(err))

    def _count_lost(self, count: int, reason: str) -> None:
        self._counters.add("logdig_exposure_lost_total", count)
        _log.warning("exposure_lost: %d, %s", count, reason)


def exposure(
    app: App,
    context: RequestContext,
    who: Who,
    decision: Decision,
    decision_id: str,
    now: datetime,
    channel: str = "page",
) -> Exposure:
    """Make the event of one decision; without consent to analytics it does not name the person.

    Args:
        app: Whose.
        context: What the server knows of the request.
        who: Person, placement and consent.
        decision: What was decided.
        decision_id: Also the event's id.
        now: UTC.
        channel: ``page`` or ``sms``.
    """
    now = to_milliseconds(now)
    named = who.consent.analytics
    props = {
        "decision_id": decision_id,
        "channel": channel,
        "decision": decision.decision,
        "reason": decision.reason,
        "offer": decision.offer,
        "placement": who.placement,
        "would_show": decision.would_show,
        "p_show": decision.p_show,
        "explore": decision.explore,
        "score": decision.score,
        "band": decision.band,
        "model_version": decision.model_version,
        "features_as_of": wire_time(decision.features_as_of) if decision.features_as_of else None,
    }
    fields = {
        "event_id": decision_id,
        "type": "custom",
        "timestamp": wire_time(now),
        "user_key": who.user_key if named else None,
        "customer_id": who.customer_id if named else None,
        "consent": who.consent,
        "custom": {"name": NAME, "props": props},
    }
    # Its signer's word is not in it: the collector made this event.
    own = msgspec.structs.replace(context, received_at=now, signed=False)
    return Exposure(app.name, now, LineWriter(own, app.allowed_query).line_of_fields(fields, now))


def _batch(app: str, exposures: Iterable[Exposure]) -> EventBatch:
    batch = list(exposures)
    return EventBatch(
        app=app,
        received_at=min(exposure.received_at for exposure in batch),
        events=tuple(exposure.line for exposure in batch),
        rejected=(),
    )
