"""One HTTP request and its reply, the same for every endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from logdig.errors import InputError

Headers = tuple[tuple[str, str], ...]

HEADERS_READ = frozenset(
    (
        "authorization",
        "cloudfront-viewer-address",
        "cloudfront-viewer-country",
        "cloudfront-viewer-country-region",
        "content-encoding",
        "content-type",
        "forwarded",
        "origin",
        "user-agent",
        "x-forwarded-for",
        "x-logdig-origin-secret",
        "x-logdig-signature",
    )
)
"""Headers that the collector reads; an endpoint may drop the rest, of which browsers send a dozen."""

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


class Request(msgspec.Struct, frozen=True, gc=False):
    """A request; its body was read up to one byte past the limit, or not at all where ``declared_bytes`` is over it.

    ``headers`` have lower-case names and keep repeats, at least those of HEADERS_READ; ``query`` is the raw text after
    ``?``.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    remote_addr: str | None = None
    declared_bytes: int = 0

    def values(self, name: str) -> list[str]:
        """All values of a header, in order."""
        _check_read(name)
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str | None:
        """The value of a header; repeats are joined as HTTP joins them; None when it is not there."""
        _check_read(name)
        joined = None
        for key, value in self.headers:
            if key == name:
                joined = value if joined is None else f"{joined}, {value}"
        return joined


def _check_read(name: str) -> None:
    if name not in HEADERS_READ:
        raise KeyError(f"header {name} is not one of HEADERS_READ, so endpoints may drop it")


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A response; header names are written as on the wire."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class RefusedError(InputError):
    """A request that is answered with another 4xx than 400; ``code`` is the reason in the metrics."""

    def __init__(self, status: int, message: str, headers: Iterable[tuple[str, str]] = (), code: str = "") -> None:
        super().__init__(message, status=status)
        self.http_status = status
        self.headers = tuple(headers)
        self.code = code


def json_reply(status: int, value: object, headers: Headers = (), content_type: str = JSON) -> Reply:
    """Answer with JSON that no cache may keep."""
    fixed = (("Content-Type", content_type), ("Cache-Control", "no-store"))
    return Reply(status, fixed + headers, msgspec.json.encode(value))


def problem(status: int, detail: str, headers: Headers = ()) -> Reply:
    """Answer with RFC 9457 problem JSON."""
    value = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": well_formed(detail),
    }
    return json_reply(status, value, headers, PROBLEM_JSON)


def well_formed(text: str) -> str:
    """Make text out of a message that quotes a request: lone surrogates become their escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
