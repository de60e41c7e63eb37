"""The dashboard as a function: events of a function URL to the same Flask application, answers back."""

from __future__ import annotations

import base64
import gzip
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import flask
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request as WsgiRequest
from werkzeug.wrappers import Response

from dashboard.app import create_dashboard
from dashboard.pages.health import QUEUES
from logdig.aws.clients import queue_depths
from logdig.config.loader import find_settings
from logdig.questions.health import Depths

TEXT = ("text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml")
LEAST_PACKED = 1_000
"""Bytes below which a text goes as it is. Nothing on its way compresses: a function URL never does, nor does
CloudFront where it keeps nothing; and a function may answer 6 MB at most."""


@cache
def application() -> flask.Flask:
    """Make the application on the first request; tokens decide who sees what."""
    settings = find_settings(os.environ)
    app = create_dashboard(settings, hosts=None, shared=True, live=settings.dashboard_live)
    app.extensions[QUEUES] = lambda settings: Depths(*queue_depths(settings))
    return app


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer an event of a function URL (payload format 2.0)."""
    return answer(application(), event)


def answer(app: flask.Flask, event: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the application; see `handle`."""
    http = event["requestContext"]["http"]
    body = event.get("body") or ""
    headers = {**event.get("headers", {})}
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    builder = EnvironBuilder(
        path=event["rawPath"],
        query_string=event.get("rawQueryString", ""),
        method=http["method"],
        headers=headers,
        data=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass"),
        base_url="https://dashboard",
        environ_overrides={"REMOTE_ADDR": http.get("sourceIp", "")},
    )
    environ = builder.get_environ()
    with Response.from_app(app, environ) as response:
        return _event_of(response, is_packed=WsgiRequest(environ).accept_encodings["gzip"] > 0)


def _event_of(response: Response, *, is_packed: bool) -> dict[str, Any]:
    content = response.get_data()
    is_text = (response.mimetype or "").startswith(TEXT)
    if is_text and len(content) >= LEAST_PACKED:
        response.vary.add("Accept-Encoding")
        if is_packed:
            content, is_text = gzip.compress(content, mtime=0), False
            response.content_encoding, response.content_length = "gzip", len(content)
    headers = {name: value for name, value in response.headers.items() if name.lower() != "set-cookie"}
    return {
        "statusCode": response.status_code,
        "headers": headers,
        "cookies": response.headers.getlist("Set-Cookie"),
        "body": content.decode() if is_text else base64.b64encode(content).decode(),
        "isBase64Encoded": not is_text,
    }
