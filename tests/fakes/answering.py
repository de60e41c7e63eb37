"""An HTTP server that gives the answers it was told to give, in turn, and keeps what it was asked."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


@dataclass
class Asked:
    """One request; header names are in lower case."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answering:
    """What a server answers: None closes the connection without a word; the last answer is repeated."""

    answers: tuple[Answer | None, ...]
    asked: list[Asked] = field(default_factory=list)
    endpoint: str = ""


@contextmanager
def answering(*answers: Answer | None, context: ssl.SSLContext | None = None) -> Iterator[Answering]:
    """Run such a server in threads of this process; with a context it speaks TLS."""
    service = Answering(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.asked.append(Asked(self.path, headers, body))
            answer = answers[min(len(service.asked), len(answers)) - 1]
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_DELETE = do_POST  # noqa: N815 (names of the library)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        service.endpoint = f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
        try:
            yield service
        finally:
            server.shutdown()
