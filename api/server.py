"""Run the collector as a server: ``python -m api.server --port 8080``."""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial

import click
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from api.asgi import DRAIN_SIGNAL, HELD_REQUESTS_LIMIT, AsgiApp
from api.group_commit import GroupCommit, GroupResult
from api.group_log import LogLines, group_line
from api.metrics import TOKEN_VARIABLE, MetricsPage
from logdig.collect import factory
from logdig.config.loader import find_settings
from logdig.counters import Counters
from logdig.errors import LogDigError
from logdig.parent import exit_when_parent_ends

CONNECTIONS_LIMIT = 2 * HELD_REQUESTS_LIMIT
"""Open connections; further ones wait in the kernel's queue of BACKLOG."""
BACKLOG = 1024
HEADER_SECONDS = 10
"""A request's head must be there within this time; it is also how long an idle connection is kept."""
HEADER_BYTES_LIMIT = 32 * 1024
OPEN_SECONDS = 22
"""After SIGTERM the port stays open until what is held is answered, which takes 20 s at most, and never longer."""
END_SECONDS = 18
"""After that: bodies in progress have 10 s, exposures and their messages the rest; then the process ends."""
GARBAGE_OBJECTS, GARBAGE_ROUNDS = 20_000, 20
"""Requests leave no cycles behind; collecting garbage at Python's usual pace took 6 % of the time."""


def make_app() -> AsgiApp:
    """Build the application inside the worker process."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _raise_file_limit()
    lines = LogLines(sys.stdout)

    def on_group(result: GroupResult) -> None:
        lines.add(group_line(result, factory.utc_now(), group.held_bytes))

    counters = Counters()
    try:
        settings = find_settings(os.environ)
        group = GroupCommit(factory.counted_queue(settings, counters), factory.new_id, on_group=on_group)
        parts = factory.build(settings, os.environ, counters=counters, sink=group, on_loop=True)
    except LogDigError as err:
        click.echo(f"collector: {err.message}", err=True)
        sys.exit(1)
    parent = os.getppid()
    threading.Thread(target=exit_when_parent_ends, args=(parent,), daemon=True).start()
    metrics = MetricsPage(counters, os.environ.get(TOKEN_VARIABLE))
    # What exists now stays; the garbage collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, GARBAGE_ROUNDS, GARBAGE_ROUNDS)
    stop_server = partial(os.kill, parent, signal.SIGTERM)
    return AsgiApp(parts.collector, group, metrics, parts.decider.drain, on_drained=stop_server)


class DrainingServer(MPServer):
    """Closes its port once its workers have answered what they hold; a second signal closes it at once."""

    is_draining = False

    def signal_handler_interrupt(self, *_: object) -> None:
        """Make the workers drain on the first signal; when drained, they send the second."""
        close: Callable[[], None] = super().signal_handler_interrupt
        if self.is_draining or not self.wrks:
            close()
            return
        self.is_draining = True
        for worker in self.wrks:
            os.kill(worker.inner.pid, DRAIN_SIGNAL)
        late = threading.Timer(OPEN_SECONDS, close)
        late.daemon = True
        late.start()


def _raise_file_limit() -> None:
    """Raise the limit of open files to the connections that we serve, as far as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_LIMIT + BACKLOG
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes a free one.")
def main(host: str, port: int) -> None:
    """Serve the collector until SIGTERM or Ctrl-C; requests in progress are answered first."""
    try:
        find_settings(os.environ)
    except LogDigError as err:
        click.echo(f"collector: {err.message}", err=True)
        sys.exit(1)
    serve(host, port or _free_port(host), "api.server:make_app")


def serve(host: str, port: int, target: str) -> None:
    """Serve the application that ``module:function`` makes in the worker process, until SIGTERM or Ctrl-C."""
    server = DrainingServer(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        # HTTP/2 would let one connection hold any number of requests; load balancers use HTTP/1.1.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEADER_BYTES_LIMIT),
        backlog=BACKLOG,
        backpressure=CONNECTIONS_LIMIT,
        workers_kill_timeout=END_SECONDS,
        # Granian's warnings are advice about thread counts; our own go to our log.
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
