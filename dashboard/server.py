"""Serve the dashboard on granian."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
import threading

import click
import flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from dashboard.app import LOOPBACK, create_dashboard
from dashboard.pages.health import QUEUES
from logdig.aws.clients import queue_depths
from logdig.config.loader import find_settings
from logdig.errors import LogDigError
from logdig.parent import exit_when_parent_ends
from logdig.questions.health import Depths

THREADS = 4
HOST_VARIABLE = "LOGDIG_DASHBOARD_HOST"
"""Carries the address to the worker process."""


def make_app() -> flask.Flask:
    """Build the application inside the worker process; off loopback it answers to any name."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    threading.Thread(target=exit_when_parent_ends, args=(os.getppid(),), daemon=True).start()
    host = os.environ.get(HOST_VARIABLE, "127.0.0.1")
    app = create_dashboard(find_settings(os.environ), hosts=LOOPBACK if _is_loopback(host) else None)
    app.extensions[QUEUES] = lambda settings: Depths(*queue_depths(settings))
    return app


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8002, show_default=True, help="Port.")
def main(host: str, port: int) -> None:
    """Serve the dashboard until SIGTERM or Ctrl-C."""
    serve(host, port)


def serve(host: str, port: int, factory: str = "dashboard.server:make_app") -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        host: Address to listen on.
        port: Port.
        factory: ``module:function`` that makes the application inside the worker process.
    """
    try:
        find_settings(os.environ)
    except LogDigError as err:
        click.echo(f"dashboard: {err.message}", err=True)
        sys.exit(1)
    os.environ[HOST_VARIABLE] = host
    server = Server(
        factory,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
        websockets=False,
    )
    server.on_startup(lambda: click.echo(f"dashboard: http://{host}:{port}"))
    server.serve()
