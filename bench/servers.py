"""The servers that bench/collector.py compares: ``python bench/servers.py group|single|2016 PORT``."""

from __future__ import annotations

import os
import sys
from typing import Any

import boto3
from flask import Flask, jsonify, request
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from api import create_app
from api.server import BLOCKING_THREADS, _group_commit
from logdig import wiring
from logdig.settings import find_settings

FIELDS = "timestamp token user_key current_page link x y spent_milli_sec user_agent load_count".split()


def group() -> Flask:
    settings = find_settings(os.environ)
    return create_app(settings, collector=wiring.build(settings, os.environ, make_sink=_group_commit).collector)


def single() -> Flask:
    settings = find_settings(os.environ)
    return create_app(settings, collector=wiring.build(settings, os.environ).collector)


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


MAKERS = {"group": "group", "single": "single", "2016": "of_2016"}

if __name__ == "__main__":
    kind, port = sys.argv[1], int(sys.argv[2])
    sys.path.insert(0, os.path.dirname(__file__))
    Server(
        f"servers:{MAKERS[kind]}",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        blocking_threads=BLOCKING_THREADS,
        log_level=LogLevels.error,
    ).serve()
