"""A dashboard that is served to the browser, and what goes wrong there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import flask
from playwright.sync_api import Page
from werkzeug.serving import make_server


@contextmanager
def serving(app: flask.Flask) -> Iterator[str]:
    """Serve an application for the block; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def watch(page: Page) -> list[str]:
    """Note every error of a page's scripts and of its console in the list that is returned."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    return faults
