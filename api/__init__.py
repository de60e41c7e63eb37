"""The collector behind HTTP servers: ``python -m api.server`` (ASGI) and `create_app` (WSGI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import flask


def create_app() -> flask.Flask:
    """Make the WSGI application of the settings; see `api.wsgi.create_app`."""
    # Imported here: the ASGI server does not need Flask.
    from api.wsgi import create_app as create_wsgi_app

    return create_wsgi_app()
