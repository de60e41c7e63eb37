"""Responses of the collector: counts, errors in both shapes, CORS headers for registered origins."""

from __future__ import annotations

from collections.abc import Iterable

from logdig.collect.http import Headers, Reply, Request, json_reply, problem, well_formed
from logdig.errors import InvalidEventError, LogDigError, TransientError
from logdig.events.parser import Reading

BUSY = "a service that it needs does not answer; send it again later"
PREFLIGHT_SECONDS = 86_400
"""How long a browser may cache the preflight; each browser caps it at its own limit."""


def allow(handlers: Iterable[str]) -> str:
    """List the methods of a path as the header ``Allow`` does."""
    names = {*handlers, "OPTIONS"}
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))


def cross_origin_headers(request: Request, origin: str, handlers: Iterable[str]) -> Headers:
    """Let a page of a registered origin read the response; on OPTIONS also list what it may send."""
    as_sent = request.values("origin")[0]
    headers = (
        # A browser compares with what it sent, which is ASCII; anything else gets the normal form.
        ("Access-Control-Allow-Origin", as_sent if as_sent.isascii() else origin),
        ("Access-Control-Expose-Headers", "Retry-After"),
        ("Vary", "Origin"),
    )
    if request.method != "OPTIONS":
        return headers
    return (
        *headers,
        ("Access-Control-Allow-Methods", allow(handlers)),
        ("Access-Control-Allow-Headers", "Content-Type, Content-Encoding"),
        ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
    )


def event_counts(reading: Reading) -> dict[str, object]:
    """Count the events of a request and list their faults."""
    rejected = [
        {"index": event.index, "field": fault.field, "reason": fault.reason}
        for event in reading.rejected
        for fault in event.faults
    ]
    return {"accepted": len(reading.accepted), "duplicates": reading.duplicates, "rejected": rejected}


def error_reply(request: Request, status: int, err: LogDigError, headers: Headers = ()) -> Reply:
    """Answer with problem JSON; on ``/`` in the shape of 2016."""
    # Messages of AWS name account and role: they go to the log only.
    detail = BUSY if isinstance(err, TransientError) and err.__cause__ is not None else err.message
    if request.path != "/":
        return problem(status, detail, headers)
    if isinstance(err, InvalidEventError):
        return json_reply(status, {"message": {err.field: err.reason}}, headers)
    return json_reply(status, {"message": well_formed(detail)}, headers)
