"""The servers that bench/collector.py compares: ``python bench/servers.py group|single|boto3|2016 PORT``."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import boto3
from botocore.config import Config
from flask import Flask, jsonify, request
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from api.asgi import AsgiApp
from api.group_commit import GroupCommit
from api.metrics import MetricsPage
from api.server import CONNECTIONS_LIMIT, make_app
from logdig.collect import factory
from logdig.config.loader import find_settings
from logdig.config.settings import Settings
from logdig.counters import Counters
from logdig.queue.counted import CountedSender
from logdig.queue.event_queue import SqsEventQueue
from logdig.queue.packs import EventBatch, MessageSender, pack

FIELDS = [
    "timestamp",
    "token",
    "user_key",
    "current_page",
    "link",
    "x",
    "y",
    "spent_milli_sec",
    "user_agent",
    "load_count",
]
THREADS = 64


class SingleSends(GroupCommit):
    """The same server with one queue call a request, as many at once as there are threads."""

    async def hold(self, batch: EventBatch) -> None:
        await asyncio.get_running_loop().run_in_executor(POOL, self._send_one, batch)

    def _send_one(self, batch: EventBatch) -> None:
        for body in pack(batch, factory.new_id):
            self._queue.send(body)


POOL = ThreadPoolExecutor(THREADS)


def group() -> AsgiApp:
    return make_app()


def single() -> AsgiApp:
    settings, counters = find_settings(os.environ), Counters()
    return one_call_each(settings, counters, factory.counted_queue(settings, counters))


def of_boto3() -> AsgiApp:
    settings, counters = find_settings(os.environ), Counters()
    config = Config(max_pool_connections=THREADS, retries={"mode": "standard"})
    queue = SqsEventQueue(boto3.client("sqs", config=config), settings.queue_url)
    return one_call_each(settings, counters, CountedSender(queue, counters, perf_counter))


def one_call_each(settings: Settings, counters: Counters, queue: MessageSender) -> AsgiApp:
    sink = SingleSends(queue, factory.new_id)
    parts = factory.build(settings, os.environ, counters=counters, sink=sink)
    return AsgiApp(parts.collector, sink, MetricsPage(counters, None))


def of_2016() -> Flask:
    """The older shape: one form, one message of values joined by bars, no checks."""
    app = Flask("of_2016")
    queue = boto3.client("sqs")
    url = find_settings(os.environ).queue_url

    @app.get("/")
    def hello() -> Any:
        return jsonify({"RESTful Server": "Success"})

    @app.post("/")
    def log() -> Any:
        queue.send_message(QueueUrl=url, MessageBody="|".join(request.values[name] for name in FIELDS))
        return jsonify({"status": "Succeed to send log."})

    return app


KINDS = {
    "group": ("group", Interfaces.ASGI),
    "single": ("single", Interfaces.ASGI),
    "boto3": ("of_boto3", Interfaces.ASGI),
    "2016": ("of_2016", Interfaces.WSGI),
}

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    maker, interface = KINDS[sys.argv[1]]
    Server(
        f"servers:{maker}",
        address="127.0.0.1",
        port=int(sys.argv[2]),
        interface=interface,
        factory=True,
        http=HTTPModes.http1,
        blocking_threads=THREADS if interface is Interfaces.WSGI else None,
        backpressure=CONNECTIONS_LIMIT,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()
