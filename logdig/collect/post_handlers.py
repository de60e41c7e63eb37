"""The three POST handlers of the collector: events, the log of 2016, decisions.

Each reads a request that `Admission` let in. The first two return a Pending, which becomes a response when its batch
is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from logdig.collect.auth import Admission
from logdig.collect.body import FORM, JSON_TYPES, media_type
from logdig.collect.http import Reply, Request, json_reply
from logdig.collect.responses import event_counts
from logdig.config.apps import App
from logdig.decide.policy import Decision
from logdig.decide.service import Asked
from logdig.errors import InputError
from logdig.events.dropped import dropped_line
from logdig.events.envelope import BYTE_ORDER_MARK, PARSER_ERRORS, read_envelope
from logdig.events.legacy import read_log, read_parameters, read_token
from logdig.events.lines import LineWriter, RequestContext, bad_line
from logdig.events.parser import AcceptanceRules, Rejected, read_at_once, read_events
from logdig.queue.packs import EventBatch
from logdig.times import Clock, to_milliseconds


class DecisionService(Protocol):
    """Decides on ``POST /v1/decide``; see logdig/decide/service.py."""

    read_deadline_seconds: float

    def begin(self, app: App, body: bytes, context: RequestContext) -> Asked:
        """Read a request; raises InputError."""

    def look_up(self, asked: Asked) -> Decision:
        """Decide with what the store knows; waits for it."""

    def look_up_on_loop(self, asked: Asked) -> Coroutine[Any, Any, Decision] | None:
        """Do the same on the event loop that runs now; None where it needs a thread."""

    def look_up_in_time(self, asked: Asked) -> Decision | None:
        """Do the same; None when the deadline passed."""

    def finish(self, asked: Asked, decision: Decision | None) -> Mapping[str, object]:
        """Return the JSON object of the answer."""


class Pending(msgspec.Struct, frozen=True):
    """A request that may only be answered when its batch is durable; `Collector.complete` then makes the reply."""

    request: Request
    batch: EventBatch
    accepted: int
    rejected: tuple[Rejected, ...]
    reply: Callable[[], Reply]
    trimmed: tuple[str, ...] = ()


class PendingDecision(msgspec.Struct, frozen=True):
    """A decision for which the profile must be read; `Collector.complete_decision` then makes the reply."""

    request: Request
    asked: Asked
    decisions: DecisionService

    def look_up(self) -> Decision:
        """Read and decide in this thread."""
        return self.decisions.look_up(self.asked)

    def look_up_on_loop(self) -> Coroutine[Any, Any, Decision] | None:
        """Read and decide on the event loop that runs now; None where it needs a thread."""
        return self.decisions.look_up_on_loop(self.asked)


class _TokenOnly(msgspec.Struct):
    token: str


_TOKEN = msgspec.json.Decoder(_TokenOnly)


class EventsHandler:
    """``POST /v1/events``."""

    def __init__(self, admission: Admission, clock: Clock, new_id: Callable[[], str]) -> None:
        self._admission, self._clock, self._new_id = admission, clock, new_id

    def __call__(self, request: Request) -> Reply | Pending:
        """Read, check and write out the events of a request."""
        received_at = to_milliseconds(self._clock())
        caller, payload = self._admission.admit_sender(request, received_at, JSON_TYPES)
        at_once = None if caller.signed else read_at_once(payload, received_at)
        envelope, reading = at_once or (read_envelope(payload), None)
        app = self._admission.admit_token(request, caller, envelope.token, received_at)
        if reading is None:
            reading = read_events(envelope.sources, AcceptanceRules(received_at, envelope.sent_at, caller.signed))
        context = self._admission.context(request, caller, app, envelope.token, received_at, envelope.tz_min)
        writer = LineWriter(context, app.allowed_query)
        lines = [writer.line(event.event, event.occurred_at) for event in reading.accepted]
        if any(envelope.dropped.values()):
            sources, sent_at = envelope.sources, envelope.sent_at
            people = {event.event.user_key for event in reading.accepted if isinstance(event.event.user_key, str)}
            lines.append(dropped_line(writer, envelope.dropped, sources, people, sent_at, received_at))
        bad = [
            bad_line(received_at, self._new_id(), app.name, event.faults, event.source) for event in reading.rejected
        ]
        reply = json_reply(202, event_counts(reading))
        if not (lines or bad):
            return reply
        batch = _batch(app, received_at, lines, bad)
        trimmed = tuple(part for event in reading.accepted for part in event.trimmed)
        return Pending(request, batch, len(reading.accepted), reading.rejected, lambda: reply, trimmed)


class LegacyLogHandler:
    """``POST /``, the log of ten fields as in 2016."""

    def __init__(self, admission: Admission, clock: Clock) -> None:
        self._admission, self._clock = admission, clock

    def __call__(self, request: Request) -> Pending:
        """Read, check and write out one log."""
        started_at = self._clock()
        received_at = to_milliseconds(started_at)
        caller, payload = self._admission.admit_sender(request, received_at, JSON_TYPES | {FORM})
        parameters = read_parameters(request.query, payload, is_form=media_type(request) == FORM)
        token = read_token(parameters, received_at, any_age=caller.signed)
        app = self._admission.admit_token(request, caller, token, received_at)
        context = self._admission.context(request, caller, app, token, received_at)
        log = read_log(parameters, received_at, any_age=caller.signed, user_agent=context.user_agent)
        line = LineWriter(context, app.allowed_query).line_of_fields(log.fields, log.occurred_at)
        batch = _batch(app, received_at, [line])
        return Pending(request, batch, 1, (), lambda: self._reply(started_at))

    def _reply(self, started_at: datetime) -> Reply:
        """Answer in the words of 2016, with the time that the request took."""
        spent_ms = max((self._clock() - started_at).total_seconds() * 1000, 0)
        return json_reply(200, {"status": "Succeed to send log.", "duration_millisecond": f"{spent_ms:.3f}"})


class DecideHandler:
    """``POST /v1/decide``."""

    def __init__(self, admission: Admission, clock: Clock, decisions: DecisionService) -> None:
        self._admission, self._clock, self._decisions = admission, clock, decisions

    def __call__(self, request: Request) -> Reply | PendingDecision:
        """Begin to decide on an admitted request."""
        now = self._clock()
        caller, payload = self._admission.admit_sender(request, now, JSON_TYPES)
        payload = payload.removeprefix(BYTE_ORDER_MARK)
        try:
            token = _TOKEN.decode(payload).token
        except PARSER_ERRORS as err:
            raise InputError(f"the body cannot be read: {err}; docs/decide.md shows one") from err
        app = self._admission.admit_token(request, caller, token, now)
        context = self._admission.context(request, caller, app, token, now)
        asked = self._decisions.begin(app, payload, context)
        decision = asked.decision
        if decision is None and self._admission.is_limited(request, caller, app, asked.request.customer_id, now):
            decision = Decision("suppress", "limited")
        if decision is None:
            return PendingDecision(request, asked, self._decisions)
        return json_reply(200, self._decisions.finish(asked, decision))


def _batch(app: App, received_at: datetime, events: Sequence[bytes], rejected: Sequence[bytes] = ()) -> EventBatch:
    return EventBatch(app=app.name, received_at=received_at, events=tuple(events), rejected=tuple(rejected))
