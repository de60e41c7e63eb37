"""The collector of the tests as what a server process builds."""

from __future__ import annotations

import flask

from api.asgi import AsgiApp
from api.group_commit import GroupCommit
from api.metrics import MetricsPage
from api.wsgi import create_app
from logdig.collect.collector import Collector
from logdig.collect.enrichment import location_finder
from logdig.config.settings import Settings
from logdig.errors import QueueUnavailableError
from logdig.queue.packs import EventBatch
from tests.fakes.asked import Decisions
from tests.fakes.hostile import QUEUE_DOWN
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import collector


def _check(lines: str) -> None:
    if QUEUE_DOWN in lines:
        raise QueueUnavailableError("the queue is down; try again later")


class ParitySink(MemorySink):
    """Does not take events that hold QUEUE_DOWN."""

    def commit(self, batch: EventBatch) -> None:
        for line in batch.events:
            _check(line.decode())
        super().commit(batch)


class ParityQueue:
    """Takes no message that holds QUEUE_DOWN."""

    def send(self, body: str) -> None:
        _check(body)


def parity_collector(sink: ParitySink) -> Collector:
    """Make the collector of every endpoint in the tests."""
    locations = location_finder(Settings(trusted_proxies=("127.0.0.0/8",)), {})
    return collector(sink, decider=Decisions(), locations=locations)


def make_app() -> flask.Flask:
    """Make the WSGI application; granian calls this in its worker."""
    return create_app(Settings(), collector=parity_collector(ParitySink()))


def make_asgi_app() -> AsgiApp:
    """Make the ASGI application; granian calls this in its worker."""
    served = parity_collector(ParitySink())
    return AsgiApp(served, GroupCommit(ParityQueue(), lambda: "pack"), MetricsPage(served.counters, None))
