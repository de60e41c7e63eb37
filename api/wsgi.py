"""The WSGI endpoint: Flask routes every request to the one collector, on any WSGI host behind a buffering proxy.

Flask-RESTful is used for routing only. The core checks methods, types, sizes and CORS, so that every endpoint answers
alike. ``python -m api.server`` serves the same collector without a thread per request (api/asgi.py).
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any

import flask
from flask_restful import Api, Resource
from werkzeug.exceptions import ClientDisconnected, HTTPException

from api.group_commit import GroupCommit
from api.metrics import PATH as METRICS_PATH
from api.metrics import TOKEN_VARIABLE, MetricsPage
from logdig.collect import factory
from logdig.collect.body import PAYLOAD_BYTES_LIMIT
from logdig.collect.collector import METHODS, PATHS, Collector
from logdig.collect.http import Reply, Request
from logdig.config.loader import find_settings
from logdig.config.settings import Settings
from logdig.counters import Counters

DRAIN_SECONDS = 4.0
DISCARDED_BYTES_LIMIT = 8 * 1024 * 1024
"""What is read and thrown away of a body that was refused unread."""
PIECE_BYTES = 64 * 1024


class _Response(flask.Response):
    # 204 has no content type; Flask would add its own.
    default_mimetype = None


class _CollectorResource(Resource):  # type: ignore[misc]
    """Passes every path and method to the collector."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def answer(self) -> flask.Response:
        return _answer(self._collector)

    get = head = post = put = patch = delete = options = answer


def create_app(settings: Settings | None = None, *, collector: Collector | None = None) -> flask.Flask:
    """Make the WSGI application.

    Args:
        settings: Of this installation; None finds them as ``python -m api.server`` does.
        collector: Makes the replies; None builds one on the queue and the profiles of the settings, with ``/metrics``.
    """
    app = flask.Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    served = collector or _build_collector(app, settings or find_settings(os.environ))
    _Routes(app, served)
    app.register_error_handler(HTTPException, lambda _: _answer(served))
    _hide_host(app)
    return app


def _hide_host(app: flask.Flask) -> None:
    """Replace the header Host: no answer depends on it, and werkzeug fails at a label of more than 63 characters."""
    handle = app.wsgi_app

    def handle_without_host(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return handle(environ | {"HTTP_HOST": "collector"}, start_response)

    app.wsgi_app = handle_without_host  # type: ignore[method-assign]


def _build_collector(app: flask.Flask, settings: Settings) -> Collector:
    """Build a collector whose requests share messages; an event loop in its own thread holds them."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="group-commit", daemon=True).start()
    counters = Counters()
    group = GroupCommit(factory.counted_queue(settings, counters), factory.new_id)
    group.start(loop)
    parts = factory.build(settings, os.environ, counters=counters, sink=group)
    # A worker that ends stores the exposures and counts that wait; its host has answered all requests by then.
    atexit.register(parts.decider.drain, DRAIN_SECONDS)
    served = parts.collector
    metrics = MetricsPage(counters, os.environ.get(TOKEN_VARIABLE))

    def answer_metrics() -> flask.Response:
        held = {"logdig_held_requests": group.held_requests, "logdig_held_bytes": group.held_bytes}
        return _response(metrics.reply(_request(), served, held))

    app.add_url_rule(METRICS_PATH, "metrics", answer_metrics, methods=METHODS, provide_automatic_options=False)
    return served


class _Routes(Api):  # type: ignore[misc]
    """The known paths; the core also answers what Flask and Flask-RESTful refuse (other paths, rare methods)."""

    def __init__(self, app: flask.Flask, collector: Collector) -> None:
        super().__init__(app)
        self._collector = collector
        self.add_resource(_CollectorResource, *PATHS, resource_class_args=(collector,))

    def handle_error(self, e: Exception) -> flask.Response:
        """Answer from the core, whatever error the frameworks raise."""
        if isinstance(e, HTTPException):
            return _answer(self._collector)
        raise e


def _answer(collector: Collector) -> flask.Response:
    return _response(collector.handle(_request()))


def _response(reply: Reply) -> flask.Response:
    response = _Response(reply.body, reply.status, list(reply.headers))
    if (flask.request.content_length or 0) > PAYLOAD_BYTES_LIMIT:
        stream = flask.request.stream
        response.call_on_close(lambda: _discard(stream))
    return response


def _discard(stream: IO[bytes]) -> None:
    """Read on for a while what a client still sends: it cannot see the reply of a connection closed too early."""
    size = 0
    # A client that has its reply need not send the rest.
    with suppress(ClientDisconnected):
        while size < DISCARDED_BYTES_LIMIT and (piece := stream.read(PIECE_BYTES)):
            size += len(piece)


def _request() -> Request:
    request = flask.request
    return Request(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("utf-8", "surrogateescape"),
        headers=tuple((name.lower(), _utf8(value)) for name, value in request.headers),
        body=_body(),
        remote_addr=request.remote_addr,
        declared_bytes=request.content_length or 0,
    )


def _body() -> bytes:
    """Read one byte past the limit at most, and nothing of a body that says it is larger; the core answers 413."""
    body = b""
    if (flask.request.content_length or 0) > PAYLOAD_BYTES_LIMIT:
        return body
    while len(body) <= PAYLOAD_BYTES_LIMIT:
        piece = flask.request.stream.read(PAYLOAD_BYTES_LIMIT + 1 - len(body))
        if not piece:
            break
        body += piece
    return body


def _utf8(value: str) -> str:
    """Undo WSGI's decoding of header bytes as Latin-1; strip the spaces around a value, which some hosts keep."""
    return value.strip(" \t").encode("latin-1", "replace").decode("utf-8", "replace")
