"""The dashboard: one page that fills itself from JSON addresses, which read the marts without Spark."""

from __future__ import annotations

import os

import flask

from dashboard.pages import heatmap, overview
from dashboard.requests import json_response, problem
from logdig.config.settings import Settings
from logdig.errors import LogDigError
from logdig.marts.reader import Marts

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGES = (overview, heatmap)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def create_dashboard(
    settings: Settings, marts: Marts | None = None, *, hosts: tuple[str, ...] | None = LOOPBACK
) -> flask.Flask:
    """Make the WSGI application.

    Args:
        settings: Of this installation; its apps can be chosen on the page.
        marts: What answers; None reads the tables of the settings.
        hosts: Names it answers to, without port; None = any. Others get 400, so that a foreign page cannot read the
            dashboard of this machine by giving its own name this machine's address.
    """
    app = flask.Flask(__name__, static_url_path="/static")
    app.config["TRUSTED_HOSTS"] = None if hosts is None else list(hosts)
    tables = marts if marts is not None else Marts(settings, os.environ)
    for page in PAGES:
        app.register_blueprint(page.blueprint(settings, tables))
    app.add_url_rule("/healthz", view_func=healthz)
    app.register_error_handler(LogDigError, problem)
    app.after_request(_protect)
    return app


def healthz() -> flask.Response:
    """Say that the process answers."""
    return json_response({"status": "alive"})


def _protect(response: flask.Response) -> flask.Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if flask.request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response
