"""A collector that is asked in one line, and a decider that says what it heard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from logdig.collect.http import Headers, Reply, Request
from logdig.config.apps import App
from logdig.decide.policy import Decision
from logdig.decide.request import DecideRequest
from logdig.decide.service import Asked
from logdig.errors import InvalidEventError
from logdig.events.lines import RequestContext
from logdig.events.parts import Consent
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import NOW, ORIGIN, collector

PACKED: Headers = (("origin", ORIGIN), ("content-type", "application/octet-stream"), ("content-encoding", "gzip"))


def ask(request: Request, sink: MemorySink | None = None) -> Reply:
    return collector(sink).handle(request)


def answer(reply: Reply) -> Any:
    return json.loads(reply.body)


class Decisions:
    """Answers with what it was asked."""

    read_deadline_seconds = 10.0

    def begin(self, app: App, body: bytes, context: RequestContext) -> Asked:
        if b"bad" in body:
            raise InvalidEventError("placement", "is required")
        request = DecideRequest(body.decode(), "p", Consent(analytics=True, ads=True))
        return Asked(app, context, request, (), NOW, "", Decision("suppress", "no_offer"))

    def look_up(self, asked: Asked) -> Decision:
        raise AssertionError("this one needs no profile")

    look_up_in_time = look_up
    look_up_on_loop = look_up

    def finish(self, asked: Asked, decision: Decision | None) -> Mapping[str, object]:
        payload, signed = asked.request.token, asked.context.signed
        return {"app": asked.app.name, "payload": payload, "signed": signed, "reason": decision and decision.reason}
