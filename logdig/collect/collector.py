"""The collector: one request in, one reply out, the same for every endpoint.

A 2xx means that the sink has acknowledged every accepted and every rejected event of the request. Source: docs/api.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from logdig.collect.auth import Admission, registered_origin
from logdig.collect.enrichment import LocationFinder
from logdig.collect.http import JSON, Headers, RefusedError, Reply, Request, json_reply
from logdig.collect.post_handlers import (
    DecideHandler,
    DecisionService,
    EventsHandler,
    LegacyLogHandler,
    Pending,
    PendingDecision,
)
from logdig.collect.responses import allow, cross_origin_headers, error_reply
from logdig.config.apps import Apps
from logdig.counters import Counters, rejection_reason
from logdig.decide.policy import Decision
from logdig.errors import InputError, LogDigError, TransientError
from logdig.queue.packs import EventSink
from logdig.times import Clock

RETRY_AFTER_SECONDS = 10
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Every endpoint routes all of them here, so that the collector itself answers 405."""
PATHS = ("/", "/healthz", "/readyz", "/v1/events", "/v1/decide", "/v1/openapi.json", "/v1/docs")

_log = logging.getLogger(__name__)

_REFUSALS = {400: "unreadable", 404: "path", 405: "method", 413: "too_large", 415: "type", 503: "queue"}
"""Counted reasons of refusals that have no ``code`` of their own."""


class Collector:
    """Routes requests to their handlers; many threads may use one. Its counters and rate limits are per process."""

    def __init__(
        self,
        apps: Apps,
        sink: EventSink,
        clock: Clock,
        new_id: Callable[[], str],
        decider: DecisionService | None = None,
        locations: LocationFinder | None = None,
        counters: Counters | None = None,
        check_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._apps = apps
        self._sink = sink
        self._check_ready = check_ready
        self.counters = counters or Counters()
        admission = Admission(apps, locations or LocationFinder())
        self._routes: dict[str, dict[str, Callable[[Request], Reply | Pending | PendingDecision]]] = {
            "/": {"GET": self._hello, "POST": LegacyLogHandler(admission, clock)},
            "/healthz": {"GET": self._health},
            "/readyz": {"GET": self._ready},
            "/v1/events": {"POST": EventsHandler(admission, clock, new_id)},
            "/v1/openapi.json": {"GET": self._openapi},
            "/v1/docs": {"GET": self._docs},
        }
        if decider is not None:
            self._routes["/v1/decide"] = {"POST": DecideHandler(admission, clock, decider)}

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises. Every error becomes HTTP here and nowhere else."""
        prepared = self.prepare(request)
        if isinstance(prepared, Reply):
            return prepared
        if isinstance(prepared, PendingDecision):
            return self.complete_decision(prepared, prepared.decisions.look_up_in_time(prepared.asked))
        try:
            self._sink.commit(prepared.batch)
        except Exception as err:
            return self.complete(prepared, err)
        return self.complete(prepared)

    def prepare(self, request: Request) -> Reply | Pending | PendingDecision:
        """Do everything but what waits, for servers that wait for many requests at once; never raises."""
        try:
            prepared = self._route(request)
        except Exception as err:
            return self.reply_to_error(request, err)
        return self._add_headers(request, prepared) if isinstance(prepared, Reply) else prepared

    def complete(self, pending: Pending, failure: Exception | None = None) -> Reply:
        """Answer a request whose batch is durable or, with a failure, is not; never raises."""
        if failure is not None:
            return self.reply_to_error(pending.request, failure)
        self.counters.add("logdig_accepted_events_total", pending.accepted, app=pending.batch.app)
        for event in pending.rejected:
            reason = rejection_reason(event.faults[0].reason)
            self.counters.add("logdig_rejected_events_total", reason=reason)
        for part in pending.trimmed:
            self.counters.add("logdig_trimmed_members_total", part=part)
        return self._add_headers(pending.request, pending.reply())

    def complete_decision(self, pending: PendingDecision, decision: Decision | None) -> Reply:
        """Answer a decision that was looked up, None past its deadline; never raises."""
        try:
            reply = json_reply(200, pending.decisions.finish(pending.asked, decision))
        except Exception as err:
            return self.reply_to_error(pending.request, err)
        return self._add_headers(pending.request, reply)

    def reply_to_error(self, request: Request, err: Exception) -> Reply:
        """Answer a request that failed, here or in a server before it came here; never raises."""
        headers: Headers = ()
        if isinstance(err, InputError):
            headers = getattr(err, "headers", ())
        elif isinstance(err, TransientError):
            headers = (("Retry-After", str(RETRY_AFTER_SECONDS)),)
        else:
            # A fault in LogDig: the traceback goes to the log, never to the caller.
            _log.error("%s %s failed", request.method, request.path, exc_info=err)
            err = LogDigError("internal error; the log has the details")
        status = err.http_status
        reason = getattr(err, "code", "") or _REFUSALS.get(status, "our_error")
        self.counters.add("logdig_refused_requests_total", reason=reason)
        return self._add_headers(request, error_reply(request, status, err, headers))

    def _route(self, request: Request) -> Reply | Pending | PendingDecision:
        handlers = self._routes.get(request.path)
        if handlers is None:
            raise RefusedError(404, "no such path; docs/api.md lists all")
        if request.method == "OPTIONS":
            # Two of the frameworks add a content type where there is none, so all endpoints send this one.
            fixed = (("Content-Type", JSON), ("Cache-Control", "no-store"))
            return Reply(204, (*fixed, ("Allow", allow(handlers))))
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            names = allow(handlers)
            raise RefusedError(405, f"this path takes {names}", (("Allow", names),))
        return handler(request)

    def _add_headers(self, request: Request, reply: Reply) -> Reply:
        """Count a reply and add CORS headers for registered origins; HEAD gets no body."""
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
        # Imported on demand: a cold start need not build the schemas.
        from logdig.collect.openapi import document_json

        return Reply(200, (("Content-Type", JSON), ("Cache-Control", "max-age=3600")), document_json())

    def _docs(self, _: Request) -> Reply:
        from logdig.collect.openapi import PAGE_POLICY, page

        headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", PAGE_POLICY))
        return Reply(200, (*headers, ("X-Content-Type-Options", "nosniff")), page())
