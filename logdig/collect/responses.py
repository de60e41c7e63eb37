"""What the collector says: counts, refusals in both shapes, the headers that pages of registered origins need."""

from __future__ import annotations

from collections.abc import Iterable

from logdig.collect.http import Headers, Reply, Request, json_reply, problem, well_formed
from logdig.errors import InvalidEventError, LogDigError, TransientError
from logdig.events.parser import Reading

BUSY = "what it needs does not answer now; send it again later"
PREFLIGHT_SECONDS = 86_400
"""How long a browser may remember that it may post; each caps it at its own limit."""


def allow(handlers: Iterable[str]) -> str:
    """List the methods of a path as the header ``Allow`` does."""
    names = {*handlers, "OPTIONS"}
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))


def cross_origin_headers(request: Request, origin: str, handlers: Iterable[str]) -> Headers:
    """Let a page of a registered origin read the answer; on OPTIONS also say what it may send."""
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
        ("Access-Control-Allow-Methods", allow(handlers)),
        ("Access-Control-Allow-Headers", "Content-Type, Content-Encoding"),
        ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
    )


def event_counts(reading: Reading) -> dict[str, object]:
    """Say what became of each event of a request."""
    rejected = [
        {"index": event.index, "field": fault.field, "reason": fault.reason}
        for event in reading.rejected
        for fault in event.faults
    ]
    return {"accepted": len(reading.accepted), "duplicates": reading.duplicates, "rejected": rejected}


def error_reply(request: Request, status: int, err: LogDigError, headers: Headers = ()) -> Reply:
    """Answer with problem JSON; on the path of 2016 in the shape of 2016."""
    # What a service of AWS said names account and role: the operator's log has it.
    said = BUSY if isinstance(err, TransientError) and err.__cause__ is not None else err.message
    if request.path != "/":
        return problem(status, said, headers)
    if isinstance(err, InvalidEventError):
        return json_reply(status, {"message": {err.field: err.reason}}, headers)
    return json_reply(status, {"message": well_formed(said)}, headers)
