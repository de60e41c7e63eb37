"""Serve the example site: pages with token and endpoint filled in, and the built tracker."""

from __future__ import annotations

import html
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from infra.paths import ROOT

SITE = ROOT / "demo" / "site"
TRACKER = ROOT / "clicktracker_js" / "dist"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def read_page(name: str, values: Mapping[str, str]) -> tuple[bytes, str] | None:
    """Content and type of a file of the site or of the tracker's build; None when there is none.

    Args:
        name: File name without folders.
        values: Filled into pages where ``{{name}}`` stands, escaped.
    """
    for folder in (SITE, TRACKER):
        path = folder / name
        kind = TYPES.get(path.suffix)
        if kind is None or path.parent != folder or not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".html":
            text = content.decode("utf-8")
            for key, value in values.items():
                text = text.replace("{{" + key + "}}", html.escape(value, quote=True))
            content = text.encode("utf-8")
        return content, kind
    return None


class Site:
    """The example site on a loopback port; use it as a context manager.

    Args:
        port: 0 takes a free one.
        token: The app's write token.
        endpoint: Address of the collector.
    """

    def __init__(self, port: int, token: str, endpoint: str) -> None:
        values = {"token": token, "endpoint": endpoint}
        policy = f"default-src 'self'; connect-src {endpoint}; base-uri 'none'; form-action 'self'"

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                # A page may go while one of its files is on its way.
                with suppress(ConnectionError):
                    super().handle()

            def do_GET(self) -> None:
                name = self.path.split("?")[0].removeprefix("/") or "index.html"
                page = read_page(name, values)
                content, kind = page or (b"not found", "text/plain")
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Content-Security-Policy", policy)
                self.send_header("X-Content-Type-Options", "nosniff")
                self.send_header("Cache-Control", "no-cache")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
                """Log nothing: the user reads the demo's own lines."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
