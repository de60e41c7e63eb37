"""The collector on a socket, for what sends files to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.serving import make_server

from api.wsgi import create_app
from logdig.collect.collector import Collector
from logdig.collect.factory import new_id, utc_now
from logdig.config.apps import Apps
from logdig.config.settings import AppSettings, Settings
from tests.fakes.sinks import MemorySink

SECRET = "a secret of the tests"
APP = AppSettings(name="radio", token="pk_radio_of_the_tests", timezone="Asia/Seoul")
ENVIRONMENT = {"LOGDIG_SIGNING_SECRET_RADIO": SECRET}


class Endpoint:
    """The collector on a socket; scripted answers come before its own."""

    def __init__(self) -> None:
        self.sink = MemorySink()
        self.scripted: list[tuple[str, list[tuple[str, str]]]] = []
        self.requests = 0
        settings = Settings(apps=(APP,))
        self.collector = Collector(Apps.from_settings(settings, ENVIRONMENT), self.sink, utc_now, new_id)
        app = create_app(settings, collector=self.collector)

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            self.requests += 1
            if not self.scripted:
                return app(environ, start)
            status, headers = self.scripted.pop(0)
            # A body left unread would make the kernel reset the connection.
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            start(status, headers)
            return [b"{}"]

        self.server = make_server("127.0.0.1", 0, answer, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.sink.events]

    @property
    def ids(self) -> set[str]:
        return {event["event_id"] for event in self.events}


def use_settings(folder: Path, monkeypatch: pytest.MonkeyPatch, timezone: str = APP.timezone, more: str = "") -> None:
    """Write logdig.toml of the app and let commands find it, the secret and a cache of their own."""
    config = folder / "logdig.toml"
    config.write_text(f'[[apps]]\nname = "{APP.name}"\ntoken = "{APP.token}"\ntimezone = "{timezone}"\n{more}')
    monkeypatch.setenv("LOGDIG_CONFIG", str(config))
    monkeypatch.setenv("LOGDIG_SIGNING_SECRET_RADIO", SECRET)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
