"""Run the front door: ``python -m api.server --port 8080``."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from multiprocessing.util import Finalize

import click
import flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from api import create_app
from api.group_commit import GroupCommit
from logdig import wiring
from logdig.errors import LogDigError
from logdig.packing import Sender
from logdig.settings import find_settings

BLOCKING_THREADS = 128
"""Requests in work at once: each waits 8 to 20 ms for the message that it shares (bench/collector.py)."""
BACKLOG = 1024
DRAIN_SECONDS = 5
PARENT_CHECK_SECONDS = 0.5


def make_app() -> flask.Flask:
    """Build the application inside the worker process; exposures still waiting are sent when it ends."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = find_settings(os.environ)
        parts = wiring.build(settings, os.environ, make_sink=_group_commit)
    except LogDigError as err:
        click.echo(f"collector: {err.message}", err=True)
        sys.exit(1)
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    Finalize(None, parts.decider.drain, args=(DRAIN_SECONDS,), exitpriority=10)
    return create_app(settings, collector=parts.collector)


def _group_commit(queue: Sender) -> GroupCommit:
    sink = GroupCommit(queue, wiring.new_id)
    Finalize(None, sink.close, args=(DRAIN_SECONDS,), exitpriority=5)
    return sink


def end_with_parent(parent: int) -> None:
    """End the worker when its parent was killed: nobody could stop it any more, and it would keep the port."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes a free one.")
@click.option("--threads", default=BLOCKING_THREADS, show_default=True, help="Requests in work at once.")
def main(host: str, port: int, threads: int) -> None:
    """Serve the collector until SIGTERM or Ctrl-C; requests in work are answered first."""
    try:
        find_settings(os.environ)
    except LogDigError as err:
        click.echo(f"collector: {err.message}", err=True)
        sys.exit(1)
    port = port or _free_port(host)
    server = Server(
        "api.server:make_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        blocking_threads=threads,
        backlog=BACKLOG,
        # Its warnings are advice about thread counts; ours are logged by ourselves.
        log_level=LogLevels.error,
        websockets=False,
    )
    server.on_startup(lambda: click.echo(f"collector: http://{host}:{port}"))
    server.serve()


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
