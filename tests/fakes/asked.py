"""A collector that is asked in one line, and a decider that says what it heard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from logdig.collect.http import Headers, Reply, Request
from logdig.config.apps import App
from logdig.errors import InvalidEventError
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import ORIGIN, collector

PACKED: Headers = (("origin", ORIGIN), ("content-type", "application/octet-stream"), ("content-encoding", "gzip"))


def ask(request: Request, sink: MemorySink | None = None) -> Reply:
    return collector(sink).handle(request)


def answer(reply: Reply) -> Any:
    return json.loads(reply.body)


class Decisions:
    """Answers with what it was asked."""

    def answer(self, app: App, payload: bytes, *, signed: bool) -> tuple[int, Mapping[str, object]]:
        if b"bad" in payload:
            raise InvalidEventError("placement", "is required")
        return 200, {"app": app.name, "payload": payload.decode(), "signed": signed}
