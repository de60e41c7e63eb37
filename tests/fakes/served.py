"""The collector of the tests as what a server process builds."""

from __future__ import annotations

import flask

from api import create_app
from api.door import Door
from api.group_commit import GroupCommit
from api.metrics import Metrics
from logdig.collector import Collector
from logdig.errors import QueueUnavailableError
from logdig.packing import Batch
from logdig.settings import Settings
from tests.fakes.asked import Decisions
from tests.fakes.hostile import QUEUE_DOWN
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import collector


def _check(lines: str) -> None:
    if QUEUE_DOWN in lines:
        raise QueueUnavailableError("the queue is down; try again later")


class ParitySink(MemorySink):
    """Does not take events that hold QUEUE_DOWN."""

    def commit(self, batch: Batch) -> None:
        for line in batch.events:
            _check(line.decode())
        super().commit(batch)


class ParityQueue:
    """Takes no message that holds QUEUE_DOWN."""

    def send(self, body: str) -> None:
        _check(body)


def parity_collector(sink: ParitySink) -> Collector:
    """Make the collector that every front door of the tests has."""
    return collector(sink, decider=Decisions())


def make_app() -> flask.Flask:
    """Make the WSGI application; granian calls this in its worker."""
    return create_app(Settings(), collector=parity_collector(ParitySink()))


def make_door() -> Door:
    """Make the ASGI application; granian calls this in its worker."""
    served = parity_collector(ParitySink())
    return Door(served, GroupCommit(ParityQueue(), lambda: "pack"), Metrics(served.counters, None))
