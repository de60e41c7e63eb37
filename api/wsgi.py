"""The WSGI endpoint: Flask routes every request to the one collector, on any WSGI host behind a buffering proxy.

Flask-RESTful is used for routing only. The core checks methods, types, sizes and CORS, so that every endpoint answers
alike. ``python -m api.server`` serves the same collector without a thread per request (api/asgi.py).
"""

from __future__ import annotations

import asyncio
import os
import threading

import flask
from flask_restful import Api, Resource
from werkzeug.exceptions import HTTPException

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
    return app


def _build_collector(app: flask.Flask, settings: Settings) -> Collector:
    """Build a collector whose requests share messages; an event loop in its own thread holds them."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="group-commit", daemon=True).start()
    counters = Counters()
    group = GroupCommit(factory.counted_queue(settings, counters), factory.new_id)
    group.start(loop)
    served = factory.build(settings, os.environ, counters=counters, sink=group).collector
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
    return _Response(reply.body, reply.status, list(reply.headers))


def _request() -> Request:
    request = flask.request
    return Request(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("utf-8", "surrogateescape"),
        headers=tuple((name.lower(), _utf8(value)) for name, value in request.headers),
        body=_body(),
        remote_addr=request.remote_addr,
    )


def _body() -> bytes:
    """Read one byte past the limit at most; the core answers 413."""
    body = b""
    while len(body) <= PAYLOAD_BYTES_LIMIT:
        piece = flask.request.stream.read(PAYLOAD_BYTES_LIMIT + 1 - len(body))
        if not piece:
            break
        body += piece
    return body


def _utf8(value: str) -> str:
    """Undo WSGI's decoding of header bytes as Latin-1; strip the spaces around a value, which some hosts keep."""
    return value.strip(" \t").encode("latin-1", "replace").decode("utf-8", "replace")
