"""A collector and a site for browser tests: the real collector behind a server that can be told to fail."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from logdig.collect.collector import Collector as RealCollector
from logdig.collect.http import Reply, Request
from logdig.config.apps import App, Apps
from tests.fakes.sinks import MemorySink

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "clicktracker_js" / "test" / "pages"
DIST = ROOT / "clicktracker_js" / "dist"
TYPES = {".html": "text/html; charset=utf-8"} | dict.fromkeys((".js", ".mjs"), "text/javascript; charset=utf-8")
TOKEN = "pk_test"
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets instead of the real answer; ``reset`` breaks the connection."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    hang_seconds: float = 0
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """One request that came in, when (seconds of a clock that only counts up), and its answer's status."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: float
    status: int

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(self.body.get("events", []))


class Server:
    """A loopback HTTP server on a free port; use it as a context manager."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class Collector:
    """Records posts. ``answers`` are used up first, then ``choose`` is asked; None means the real answer."""

    def __init__(self) -> None:
        self.url = ""
        self.origins: set[str] = set()
        self.sink = MemorySink()
        self.posts: list[Post] = []
        self.answers: list[Answer] = []
        self.choose: Callable[[dict[str, Any]], Answer | None] = lambda _: None
        self.decision: Answer | None = None
        self._changed = threading.Condition()

    def answer_for(self, request: Request) -> Answer | None:
        """What the request was told to get."""
        if request.path == "/v1/decide" or request.method != "POST":
            return self.decision if request.method == "POST" else None
        return self.answers.pop(0) if self.answers else self.choose(json.loads(request.body))

    def handle(self, request: Request) -> Reply:
        """Give the real collector's reply."""
        apps = Apps([App("test", TOKEN, frozenset(self.origins))])
        real = RealCollector(apps, self.sink, lambda: datetime.now(UTC), lambda: uuid.uuid4().hex)
        return real.handle(request)

    def note(self, request: Request, status: int) -> None:
        """Keep a post and wake whoever waits for it."""
        post = Post(request.path, json.loads(request.body), dict(request.headers), time.monotonic(), status)
        with self._changed:
            self.posts.append(post)
            self._changed.notify_all()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Events acknowledged with 2xx, each once, in order of arrival."""
        found: dict[str, dict[str, Any]] = {}
        for post in self.posts:
            if post.path == "/v1/events" and 200 <= post.status < 300:
                for event in post.events:
                    found.setdefault(event["event_id"], event)
        return list(found.values())

    @property
    def acts(self) -> list[dict[str, Any]]:
        """Acknowledged events without the totals of reading, which come whenever a page hides."""
        return [event for event in self.events if event["type"] != "scroll"]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Acknowledged events of one type."""
        return [event for event in self.events if event["type"] == kind]

    def names(self) -> list[str]:
        """Names of the acknowledged events of type custom."""
        return [event["custom"]["name"] for event in self.of_type("custom")]

    def wait_for(self, ready: Callable[[Collector], bool], what: str = "it") -> None:
        """Wait until ``ready``; fails with what came."""
        with self._changed:
            if not self._changed.wait_for(lambda: ready(self), PATIENCE_SECONDS):
                seen = [(post.path, post.status, [event["type"] for event in post.events]) for post in self.posts]
                raise AssertionError(f"{what} not within {PATIENCE_SECONDS} s; what came: {seen}")


class Quiet(BaseHTTPRequestHandler):
    """A handler that does not mind a page going away in the middle."""

    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def reply(self, status: int, headers: dict[str, str], content: bytes) -> None:
        """Send one answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing."""


def collector_handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    """Make the request handler of one collector."""

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            request = Request(self.command, self.path, "", headers, body)
            told = collector.answer_for(request)
            if told is None:
                real = collector.handle(request)
                if request.method == "POST":
                    collector.note(request, real.status)
                self.reply(real.status, dict(real.headers), real.body)
                return
            time.sleep(told.hang_seconds)
            collector.note(request, 0 if told.reset else told.status)
            if told.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            shared = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
            self.reply(told.status, shared | told.headers, json.dumps(told.body).encode())

        do_OPTIONS = do_POST  # noqa: N815 (the base class looks for this name)

    return Handler


def site_handler(
    values: dict[str, str], headers: dict[str, str], folders: tuple[Path, ...] = (PAGES, DIST)
) -> type[BaseHTTPRequestHandler]:
    """Make the handler that serves test pages with ``{{name}}`` filled in, and the built tracker beside them."""

    class Handler(Quiet):
        def do_GET(self) -> None:
            name = self.path.split("?")[0].removeprefix("/")
            # An owner may give the files a name of their own.
            name = re.sub(r"^mine(?=\.)", "clicktracker", name)
            found = next((folder / name for folder in folders if name and (folder / name).is_file()), None)
            if found is None:
                self.reply(404, {"Content-Type": "text/plain"}, b"not found")
                return
            content = found.read_bytes()
            for key, value in values.items() if found.suffix == ".html" else ():
                content = content.replace(b"{{" + key.encode() + b"}}", value.encode())
            self.reply(200, {"Content-Type": TYPES[found.suffix]} | headers, content)

    return Handler
