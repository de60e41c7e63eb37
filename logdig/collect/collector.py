"""The collector: one request in, one reply out, whatever front door it came through.

A 2xx means that the sink has acknowledged every accepted and every rejected event of the request. Source: docs/api.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import msgspec

from logdig.collect.auth import Caller, admit_app, admit_caller, registered_origin
from logdig.collect.body import FORM, JSON_TYPES, check_size, check_type, inflate, media_type
from logdig.collect.enrichment import Places
from logdig.collect.http import JSON, Headers, RefusedError, Reply, Request, json_reply
from logdig.collect.rate_limits import RateLimits
from logdig.collect.responses import allow, cross_origin_headers, error_reply, event_counts
from logdig.config.apps import App, Apps
from logdig.counters import Counters, rejection_reason
from logdig.errors import InputError, LogDigError, TransientError
from logdig.events.dropped import dropped_line
from logdig.events.envelope import BYTE_ORDER_MARK, PARSER_ERRORS, read_envelope
from logdig.events.legacy import read_log, read_parameters, read_token
from logdig.events.lines import Facts, LineWriter, bad_line
from logdig.events.parser import Rejected, Terms, read_at_once, read_events
from logdig.events.user_agents import clean_user_agent, is_bot
from logdig.queue.packs import Batch, EventSink
from logdig.times import Clock, to_milliseconds

RETRY_AFTER_SECONDS = 10
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Every front door routes all of them here, so that 405 is ours."""
PATHS = ("/", "/healthz", "/readyz", "/v1/events", "/v1/decide", "/v1/openapi.json", "/v1/docs")

_log = logging.getLogger(__name__)


class DecisionService(Protocol):
    """Answers ``POST /v1/decide``; see logdig/decide/service.py."""

    def answer(self, app: App, body: bytes, *, signed: bool) -> tuple[int, Mapping[str, object]]:
        """Give status and JSON object; raises InputError."""


class _TokenOnly(msgspec.Struct):
    token: str


_TOKEN = msgspec.json.Decoder(_TokenOnly)


_REFUSALS = {400: "unreadable", 404: "path", 405: "method", 413: "too_large", 415: "type", 503: "queue"}
"""Reasons of refusals that bring no ``code`` of their own, as they are counted."""


class Pending(msgspec.Struct, frozen=True):
    """A request that may only be answered when its batch is durable; ``Collector.finish`` then makes the reply."""

    request: Request
    batch: Batch
    accepted: int
    rejected: tuple[Rejected, ...]
    reply: Callable[[], Reply]


class Collector:
    """Answers requests; many threads may use one. Its counters and rate limits are those of the process."""

    def __init__(
        self,
        apps: Apps,
        sink: EventSink,
        clock: Clock,
        new_id: Callable[[], str],
        decider: DecisionService | None = None,
        places: Places | None = None,
        counters: Counters | None = None,
        check_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._apps = apps
        self._sink = sink
        self._clock = clock
        self._new_id = new_id
        self._places = places or Places()
        self._check_ready = check_ready
        self._limits = RateLimits()
        self.counters = counters or Counters()
        self._routes: dict[str, dict[str, Callable[[Request], Reply | Pending]]] = {
            "/": {"GET": self._hello, "POST": self._post_log},
            "/healthz": {"GET": self._health},
            "/readyz": {"GET": self._ready},
            "/v1/events": {"POST": self._post_events},
            "/v1/openapi.json": {"GET": self._openapi},
            "/v1/docs": {"GET": self._docs},
        }
        if decider is not None:
            self._routes["/v1/decide"] = {"POST": partial(self._post_decide, decider)}

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises. Every error becomes HTTP here and nowhere else."""
        begun = self.begin(request)
        if isinstance(begun, Reply):
            return begun
        try:
            self._sink.commit(begun.batch)
        except Exception as err:
            return self.finish(begun, err)
        return self.finish(begun)

    def begin(self, request: Request) -> Reply | Pending:
        """Do everything but the commit, for doors that wait for many commits at once; never raises."""
        try:
            begun = self._route(request)
        except Exception as err:
            return self._finish(request, self._refuse(request, err))
        return self._finish(request, begun) if isinstance(begun, Reply) else begun

    def finish(self, pending: Pending, failure: Exception | None = None) -> Reply:
        """Answer a request whose batch is durable, or, with a failure, is not; never raises."""
        request = pending.request
        if failure is not None:
            return self._finish(request, self._refuse(request, failure))
        self.counters.add("logdig_accepted_events_total", pending.accepted, app=pending.batch.app)
        for event in pending.rejected:
            reason = rejection_reason(event.faults[0].reason)
            self.counters.add("logdig_rejected_events_total", reason=reason)
        return self._finish(request, pending.reply())

    def refuse(self, request: Request, failure: Exception) -> Reply:
        """Answer a request that a door refuses without asking for more."""
        return self._finish(request, self._refuse(request, failure))

    def _refuse(self, request: Request, err: Exception) -> Reply:
        headers: Headers = ()
        if isinstance(err, InputError):
            headers = getattr(err, "headers", ())
        elif isinstance(err, TransientError):
            headers = (("Retry-After", str(RETRY_AFTER_SECONDS)),)
        else:
            # A mistake of ours: the traceback goes to the log, never to the caller.
            _log.error("%s %s failed", request.method, request.path, exc_info=err)
            err = LogDigError("an error of ours; it is in the log")
        status = err.http_status
        reason = getattr(err, "code", "") or _REFUSALS.get(status, "our_error")
        self.counters.add("logdig_refused_requests_total", reason=reason)
        return error_reply(request, status, err, headers)

    def _route(self, request: Request) -> Reply | Pending:
        handlers = self._routes.get(request.path)
        if handlers is None:
            raise RefusedError(404, "no such path; docs/api.md lists all")
        if request.method == "OPTIONS":
            # Two of the doors name this type where there is none, so all do.
            fixed = (("Content-Type", JSON), ("Cache-Control", "no-store"))
            return Reply(204, (*fixed, ("Allow", allow(handlers))))
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            names = allow(handlers)
            raise RefusedError(405, f"this path takes {names}", (("Allow", names),))
        return handler(request)

    def _finish(self, request: Request, reply: Reply) -> Reply:
        """Add what browsers of registered origins need; answer HEAD without a body."""
        path = request.path if request.path in self._routes else "other"
        self.counters.add("logdig_requests_total", path=path, status=str(reply.status))
        self.counters.add("logdig_received_bytes_total", len(request.body))
        origin = registered_origin(request, self._apps)
        headers = (
            reply.headers
            if origin is None
            else reply.headers + cross_origin_headers(request, origin, self._routes.get(request.path, ()))
        )
        return Reply(reply.status, headers, b"" if request.method == "HEAD" else reply.body)

    def _hello(self, _: Request) -> Reply:
        return json_reply(200, {"RESTful Server": "Success"})

    def _health(self, _: Request) -> Reply:
        return json_reply(200, {"status": "ok"})

    def _ready(self, _: Request) -> Reply:
        self._check_ready()
        return json_reply(200, {"status": "ready"})

    def _openapi(self, _: Request) -> Reply:
        # Imported when asked for: a cold start need not make schemas that nobody reads.
        from logdig.collect.openapi import document_json

        return Reply(200, (("Content-Type", JSON), ("Cache-Control", "max-age=3600")), document_json())

    def _docs(self, _: Request) -> Reply:
        from logdig.collect.openapi import PAGE_POLICY, page

        headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", PAGE_POLICY))
        return Reply(200, (*headers, ("X-Content-Type-Options", "nosniff")), page())

    def _post_events(self, request: Request) -> Reply | Pending:
        received_at = to_milliseconds(self._clock())
        caller, payload = self._admit(request, received_at, JSON_TYPES)
        at_once = None if caller.signed else read_at_once(payload, received_at)
        envelope, reading = at_once or (read_envelope(payload), None)
        app = self._admit_app(request, caller, envelope.token, received_at)
        if reading is None:
            reading = read_events(envelope.sources, Terms(received_at, envelope.sent_at, caller.signed))
        writer = LineWriter(self._facts(request, app, envelope.token, received_at, envelope.tz_min), app.allowed_query)
        lines = [writer.line(event.event, event.occurred_at) for event in reading.accepted]
        if any(envelope.dropped.values()):
            sources, sent_at = envelope.sources, envelope.sent_at
            people = {event.event.user_key for event in reading.accepted if isinstance(event.event.user_key, str)}
            lines.append(dropped_line(writer, envelope.dropped, sources, people, sent_at, received_at))
        accepted = len(reading.accepted)
        return self._pending(
            request, app, received_at, lines, lambda: json_reply(202, event_counts(reading)), accepted, reading.rejected
        )

    def _post_log(self, request: Request) -> Reply | Pending:
        started_at = self._clock()
        received_at = to_milliseconds(started_at)
        caller, payload = self._admit(request, received_at, JSON_TYPES | {FORM})
        parameters = read_parameters(request.query, payload, is_form=media_type(request) == FORM)
        token = read_token(parameters, received_at, any_age=caller.signed)
        app = self._admit_app(request, caller, token, received_at)
        facts = self._facts(request, app, token, received_at)
        log = read_log(parameters, received_at, any_age=caller.signed, user_agent=facts.user_agent)
        line = LineWriter(facts, app.allowed_query).line_of_fields(log.fields, log.occurred_at)
        return self._pending(request, app, received_at, [line], lambda: self._said_in_2016(started_at), 1)

    def _said_in_2016(self, started_at: datetime) -> Reply:
        spent_ms = max((self._clock() - started_at).total_seconds() * 1000, 0)
        return json_reply(200, {"status": "Succeed to send log.", "duration_millisecond": f"{spent_ms:.3f}"})

    def _post_decide(self, decider: DecisionService, request: Request) -> Reply:
        now = self._clock()
        caller, payload = self._admit(request, now, JSON_TYPES)
        payload = payload.removeprefix(BYTE_ORDER_MARK)
        try:
            token = _TOKEN.decode(payload).token
        except PARSER_ERRORS as err:
            raise InputError(f"the body cannot be read: {err}; docs/decide.md shows one") from err
        app = self._admit_app(request, caller, token, now)
        status, answer = decider.answer(app, payload, signed=caller.signed)
        return json_reply(status, answer)

    def _admit(self, request: Request, now: datetime, types: Collection[str]) -> tuple[Caller, bytes]:
        """Check size, type and sender, in this order; give the sender and the readable body."""
        check_size(request)
        is_gzip = check_type(request, types)
        caller = admit_caller(request, self._apps, now)
        return caller, inflate(request.body) if is_gzip else request.body

    def _admit_app(self, request: Request, caller: Caller, token: str, now: datetime) -> App:
        """Find the app of the token and let it and the address take their turn."""
        app = admit_app(caller, self._apps, token, now)
        self._limits.check(app, self._places.address(request), signed=caller.signed)
        return app

    def _facts(self, request: Request, app: App, token: str, received_at: datetime, tz_min: int | None = None) -> Facts:
        user_agent = clean_user_agent(request.header("user-agent"))
        place = self._places.find(request)
        return Facts(
            received_at=received_at,
            app=app.name,
            token=token,
            user_agent=user_agent,
            bot=is_bot(user_agent),
            tz_min=tz_min,
            country=place.country,
            region=place.region,
            ip=app.kept_address(place.address),
            staff=app.is_staff(place.address),
        )

    def _pending(
        self,
        request: Request,
        app: App,
        received_at: datetime,
        lines: Sequence[bytes],
        reply: Callable[[], Reply],
        accepted: int,
        rejected: tuple[Rejected, ...] = (),
    ) -> Reply | Pending:
        """Hand over lines and rejections that must become durable; a request that brought none is answered at once."""
        bad = tuple(bad_line(received_at, self._new_id(), app.name, event.faults, event.source) for event in rejected)
        if not (lines or bad):
            return reply()
        batch = Batch(app=app.name, received_at=received_at, events=tuple(lines), rejected=bad)
        return Pending(request, batch, accepted, rejected, reply)
