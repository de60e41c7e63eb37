"""The dashboard: one page that fills itself from JSON addresses, which read the marts without Spark."""

from __future__ import annotations

import os

import flask

from dashboard.views import blueprint
from logdig.config.settings import Settings
from logdig.marts.reader import Marts

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
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
    app.register_blueprint(blueprint(settings, marts if marts is not None else Marts(settings, os.environ)))
    app.after_request(_protect)
    return app


def _protect(response: flask.Response) -> flask.Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if flask.request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response
