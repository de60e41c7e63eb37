"""The collector of the tests as what a server process builds."""

from __future__ import annotations

import flask

from api import create_app
from logdig.errors import QueueUnavailableError
from logdig.packing import Batch
from logdig.settings import Settings
from tests.fakes.hostile import QUEUE_DOWN
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import collector
from tests.unit.test_collector import Decisions


class ParitySink(MemorySink):
    """Does not take events that hold QUEUE_DOWN."""

    def commit(self, batch: Batch) -> None:
        if any(QUEUE_DOWN.encode() in line for line in batch.events):
            raise QueueUnavailableError("the queue is down; try again later")
        super().commit(batch)


def make_app() -> flask.Flask:
    """Make the WSGI application; granian calls this in its worker."""
    return create_app(Settings(), collector=collector(ParitySink(), decider=Decisions()))
