"""Lambda events into requests, replies into what Lambda's two HTTP endpoints expect."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from chalice.app import Response

from logdig.collect.http import Headers, Reply, Request

LambdaEvent = Mapping[str, Any]


def rest_request(event: LambdaEvent) -> Request:
    """Read an API Gateway REST event; the path is the route's, without stage or trailing slash."""
    context = event["requestContext"]
    return Request(
        method=context["httpMethod"],
        path=context["resourcePath"],
        # API Gateway has parsed the query string.
        query=urlencode(event.get("multiValueQueryStringParameters") or {}, doseq=True),
        headers=_headers(event),
        body=_body(event),
        remote_addr=context.get("identity", {}).get("sourceIp"),
    )


def rest_response(reply: Reply) -> Response:
    """Answer through API Gateway; Chalice sends text as it is."""
    return Response(body=reply.body.decode(), status_code=reply.status, headers=dict(reply.headers))


def url_request(event: LambdaEvent) -> Request:
    """Read an event of a function URL (payload format 2.0); repeated headers come joined by commas."""
    http = event["requestContext"]["http"]
    return Request(
        method=http["method"],
        path=unquote(event["rawPath"]),
        query=event.get("rawQueryString", ""),
        headers=_headers(event),
        body=_body(event),
        remote_addr=http.get("sourceIp"),
    )


def url_response(reply: Reply) -> dict[str, Any]:
    """Answer through a function URL."""
    return {
        "statusCode": reply.status,
        "headers": dict(reply.headers),
        "body": reply.body.decode(),
        "isBase64Encoded": False,
    }


def _headers(event: LambdaEvent) -> Headers:
    """All headers; strip the spaces around a value, which Chalice's local server keeps."""
    repeated = event.get("multiValueHeaders") or {}
    single = {name: [value] for name, value in (event.get("headers") or {}).items()}
    pairs = ((name, value) for name, values in (repeated or single).items() for value in values)
    return tuple((name.lower(), value.strip(" \t")) for name, value in pairs)


def _body(event: LambdaEvent) -> bytes:
    """Decode the body's bytes; Lambda has replaced invalid UTF-8, unless the type is application/octet-stream."""
    body = event.get("body") or b""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
