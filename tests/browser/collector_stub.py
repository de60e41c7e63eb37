"""A collector and a site for browser tests: records what is posted and answers as it is told."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "clicktracker_js" / "test" / "pages"
DIST = ROOT / "clicktracker_js" / "dist"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
PATIENCE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Post:
    """One request that came in, and what it was answered (0 = nothing)."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    status: int

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(self.body.get("events", []))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets. ``hang_seconds`` waits first; ``reset`` breaks the connection instead of answering."""

    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    hang_seconds: float = 0
    reset: bool = False
    body: dict[str, Any] | None = None


Chooser = Callable[[dict[str, Any]], Answer]


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
    """Records posts; ``answers`` are used up first, then ``choose`` decides, which says 202 unless it is replaced."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: list[Answer] = []
        self.choose: Chooser = lambda body: Answer()
        self.decision: Answer = Answer(200, body={"decision_id": "d1", "decision": "suppress", "ad": None})
        self.changed = threading.Condition()
        self.url = ""

    def answer_for(self, path: str, body: dict[str, Any]) -> Answer:
        """Take the next answer."""
        if path == "/v1/decide":
            return self.decision
        return self.answers.pop(0) if self.answers else self.choose(body)

    def note(self, post: Post) -> None:
        """Keep a post and wake whoever waits for it."""
        with self.changed:
            self.posts.append(post)
            self.changed.notify_all()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Events acknowledged with 2xx, each once, in order of arrival."""
        found: dict[str, dict[str, Any]] = {}
        for post in [post for post in self.posts if 200 <= post.status < 300]:
            for event in post.events:
                found.setdefault(event["event_id"], event)
        return list(found.values())

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Acknowledged events of one type."""
        return [event for event in self.events if event["type"] == kind]

    def wait_for(self, ready: Callable[[Collector], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the posts satisfy ``ready``; fails with what came."""
        with self.changed:
            if not self.changed.wait_for(lambda: ready(self), seconds):
                seen = [(post.path, post.status, [event["type"] for event in post.events]) for post in self.posts]
                raise AssertionError(f"not within {seconds} s; what came: {seen}")


def collector_handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    """Make the request handler of one collector."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = collector.answer_for(self.path, body)
            time.sleep(answer.hang_seconds)
            collector.note(Post(self.path, body, dict(self.headers.items()), 0 if answer.reset else answer.status))
            if answer.reset:
                self._reset()
                return
            content = json.dumps(answer.body or {}).encode()
            self.send_response(answer.status)
            self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
            self.send_header("Access-Control-Allow-Credentials", "true")
            self.send_header("Access-Control-Expose-Headers", "Retry-After")
            self.send_header("Content-Length", str(len(content)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

        def handle(self) -> None:
            # A page that goes away mid-request is part of these tests.
            try:
                super().handle()
            except (ConnectionError, ValueError):
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (ConnectionError, ValueError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            """Say nothing."""

    return Handler


def site_handler(values: dict[str, str], headers: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    """Make the handler that serves test pages with ``{{name}}`` filled in, and the built tracker beside them."""

    class Handler(BaseHTTPRequestHandler):
        extra: ClassVar[dict[str, str]] = headers

        def do_GET(self) -> None:
            name = self.path.split("?")[0].removeprefix("/")
            found = next((folder / name for folder in (PAGES, DIST) if name and (folder / name).is_file()), None)
            content = b"not found" if found is None else found.read_bytes()
            if found is not None and found.suffix == ".html":
                for key, value in values.items():
                    content = content.replace(b"{{" + key.encode() + b"}}", value.encode())
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", TYPES.get(found.suffix if found else "", "text/plain"))
            self.send_header("Content-Length", str(len(content)))
            for key, value in self.extra.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            """Say nothing."""

    return Handler
