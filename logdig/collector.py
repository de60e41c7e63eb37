"""The collector: one request in, one reply out, whatever front door it came through.

A 2xx means that the sink has acknowledged every accepted and every rejected event of the request. Source: docs/api.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import msgspec

from logdig.admission import Caller, admit_app, admit_caller, registered_origin
from logdig.apps import App, Apps
from logdig.dropping import dropped_line
from logdig.enrichment import Places
from logdig.envelope import BYTE_ORDER_MARK, PARSER_ERRORS, read_envelope
from logdig.errors import InputError, InvalidEventError, LogDigError, TransientError
from logdig.exchange import JSON, Headers, RefusedError, Reply, Request, json_reply, problem, well_formed
from logdig.legacy import read_log, read_parameters, read_token
from logdig.packing import Batch, EventSink
from logdig.payloads import FORM, JSON_TYPES, check_size, check_type, inflate, media_type
from logdig.reading import Reading, Rejected, Terms, read_events
from logdig.stored import Facts, LineWriter, bad_line
from logdig.times import Clock, to_milliseconds
from logdig.user_agents import clean_user_agent, is_bot

RETRY_AFTER_SECONDS = 10
PREFLIGHT_SECONDS = 86_400
"""How long a browser may remember that it may post; each caps it at its own limit."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Every front door routes all of them here, so that 405 is ours."""
PATHS = ("/", "/healthz", "/v1/events", "/v1/decide", "/v1/openapi.json", "/v1/docs")

_log = logging.getLogger(__name__)


class DecisionService(Protocol):
    """Answers ``POST /v1/decide``; see logdig/decider.py."""

    def answer(self, app: App, body: bytes, *, signed: bool) -> tuple[int, Mapping[str, object]]:
        """Give status and JSON object; raises InputError."""


class _TokenOnly(msgspec.Struct):
    token: str


_TOKEN = msgspec.json.Decoder(_TokenOnly)


class Collector:
    """Answers requests; holds no state of its own, so that many threads may use one."""

    def __init__(
        self,
        apps: Apps,
        sink: EventSink,
        clock: Clock,
        new_id: Callable[[], str],
        decider: DecisionService | None = None,
        places: Places | None = None,
    ) -> None:
        self._apps = apps
        self._sink = sink
        self._clock = clock
        self._new_id = new_id
        self._places = places or Places()
        self._routes: dict[str, dict[str, Callable[[Request], Reply]]] = {
            "/": {"GET": self._hello, "POST": self._post_log},
            "/healthz": {"GET": self._health},
            "/v1/events": {"POST": self._post_events},
            "/v1/openapi.json": {"GET": self._openapi},
            "/v1/docs": {"GET": self._docs},
        }
        if decider is not None:
            self._routes["/v1/decide"] = {"POST": partial(self._post_decide, decider)}

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises. Every error becomes HTTP here and nowhere else."""
        try:
            reply = self._route(request)
        except InputError as err:
            reply = _error_reply(request, err.http_status, err, getattr(err, "headers", ()))
        except TransientError as err:
            _log.warning("not stored, the caller is told to try again: %s", err)
            reply = _error_reply(request, err.http_status, err, (("Retry-After", str(RETRY_AFTER_SECONDS)),))
        except Exception:
            # A mistake of ours: the traceback goes to the log, never to the caller.
            _log.exception("%s %s failed", request.method, request.path)
            reply = _error_reply(request, 500, LogDigError("an error of ours; it is in the log"))
        return self._finish(request, reply)

    def _route(self, request: Request) -> Reply:
        handlers = self._routes.get(request.path)
        if handlers is None:
            raise RefusedError(404, "no such path; docs/api.md lists all")
        if request.method == "OPTIONS":
            return Reply(204, (("Allow", _allow(handlers)), ("Cache-Control", "no-store")))
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            allow = _allow(handlers)
            raise RefusedError(405, f"this path takes {allow}", (("Allow", allow),))
        return handler(request)

    def _finish(self, request: Request, reply: Reply) -> Reply:
        """Add what browsers of registered origins need; answer HEAD without a body."""
        origin = registered_origin(request, self._apps)
        headers = reply.headers if origin is None else reply.headers + self._cross_origin_headers(request, origin)
        return Reply(reply.status, headers, b"" if request.method == "HEAD" else reply.body)

    def _cross_origin_headers(self, request: Request, origin: str) -> Headers:
        as_sent = request.values("origin")[0]
        headers = (
            # A browser compares with what it sent, which is ASCII; anything else is echoed as it was compared.
            ("Access-Control-Allow-Origin", as_sent if as_sent.isascii() else origin),
            ("Access-Control-Expose-Headers", "Retry-After"),
            ("Vary", "Origin"),
        )
        if request.method != "OPTIONS":
            return headers
        return (
            *headers,
            ("Access-Control-Allow-Methods", _allow(self._routes.get(request.path, ()))),
            ("Access-Control-Allow-Headers", "Content-Type, Content-Encoding"),
            ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
        )

    def _hello(self, _: Request) -> Reply:
        return json_reply(200, {"RESTful Server": "Success"})

    def _health(self, _: Request) -> Reply:
        return json_reply(200, {"status": "ok"})

    def _openapi(self, _: Request) -> Reply:
        # Imported when asked for: a cold start need not make schemas that nobody reads.
        from logdig.openapi import document_json

        return Reply(200, (("Content-Type", JSON), ("Cache-Control", "max-age=3600")), document_json())

    def _docs(self, _: Request) -> Reply:
        from logdig.openapi import PAGE_POLICY, page

        headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", PAGE_POLICY))
        return Reply(200, (*headers, ("X-Content-Type-Options", "nosniff")), page())

    def _post_events(self, request: Request) -> Reply:
        received_at = to_milliseconds(self._clock())
        caller, payload = self._admit(request, received_at, JSON_TYPES)
        envelope = read_envelope(payload)
        app = admit_app(caller, self._apps, envelope.token, received_at)
        reading = read_events(envelope.sources, Terms(received_at, envelope.sent_at, caller.signed))
        writer = LineWriter(self._facts(request, app, envelope.token, received_at, envelope.tz_min), app.allowed_query)
        lines = [writer.line(event.event, event.occurred_at) for event in reading.accepted]
        if any(envelope.dropped.values()):
            sources, sent_at = envelope.sources, envelope.sent_at
            lines.append(dropped_line(writer, envelope.dropped, sources, sent_at, received_at))
        self._commit(app, received_at, lines, reading.rejected)
        return json_reply(202, _counts(reading))

    def _post_log(self, request: Request) -> Reply:
        started_at = self._clock()
        received_at = to_milliseconds(started_at)
        caller, payload = self._admit(request, received_at, JSON_TYPES | {FORM})
        parameters = read_parameters(request.query, payload, is_form=media_type(request) == FORM)
        token = read_token(parameters, received_at, any_age=caller.signed)
        app = admit_app(caller, self._apps, token, received_at)
        facts = self._facts(request, app, token, received_at)
        log = read_log(parameters, received_at, any_age=caller.signed, user_agent=facts.user_agent)
        line = LineWriter(facts, app.allowed_query).line_of_fields(log.fields, log.occurred_at)
        self._commit(app, received_at, [line])
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
        app = admit_app(caller, self._apps, token, now)
        status, answer = decider.answer(app, payload, signed=caller.signed)
        return json_reply(status, answer)

    def _admit(self, request: Request, now: datetime, types: Collection[str]) -> tuple[Caller, bytes]:
        """Check size, type and sender, in this order; give the sender and the readable body."""
        check_size(request)
        is_gzip = check_type(request, types)
        caller = admit_caller(request, self._apps, now)
        return caller, inflate(request.body) if is_gzip else request.body

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
            staff=app.is_staff(place.address),
        )

    def _commit(
        self, app: App, received_at: datetime, lines: Sequence[bytes], rejected: Sequence[Rejected] = ()
    ) -> None:
        """Make lines and rejections durable; return only then."""
        bad = tuple(bad_line(received_at, self._new_id(), app.name, event.faults, event.source) for event in rejected)
        if lines or bad:
            self._sink.commit(Batch(app=app.name, received_at=received_at, events=tuple(lines), rejected=bad))


def _allow(handlers: Iterable[str]) -> str:
    names = {*handlers, "OPTIONS"}
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))


def _counts(reading: Reading) -> dict[str, object]:
    rejected = [
        {"index": event.index, "field": fault.field, "reason": fault.reason}
        for event in reading.rejected
        for fault in event.faults
    ]
    return {"accepted": len(reading.accepted), "duplicates": reading.duplicates, "rejected": rejected}


def _error_reply(request: Request, status: int, err: LogDigError, headers: Headers = ()) -> Reply:
    """Answer with problem JSON; on the path of 2016 in the shape of 2016."""
    if request.path != "/":
        return problem(status, err.message, headers)
    if isinstance(err, InvalidEventError):
        return json_reply(status, {"message": {err.field: err.reason}}, headers)
    return json_reply(status, {"message": well_formed(err.message)}, headers)
