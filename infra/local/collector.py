"""The collector of the local stack: ``python -m infra.local.collector --port 8000``.

The collector of the cloud, and beside it the tracker's files, and a notice for each sender that is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import click

from api.asgi import AsgiApp, Message, Receive, Send
from api.server import make_app as make_collector
from api.server import serve
from infra.local.notices import notice
from infra.paths import ROOT
from logdig.collect.body import inflate
from logdig.collect.factory import utc_now
from logdig.config.apps import Apps
from logdig.config.loader import find_settings
from logdig.config.settings import Settings
from logdig.errors import InputError

TRACKER = ROOT / "clicktracker_js" / "dist"
TRACKER_PATH = re.compile(r"/((?:click[tT]racker|logdig)(?:\.[a-z]+)?\.m?js)")
"""Also under another name: content blockers know `clicktracker`."""
SHOWN_CHARACTERS = 100
NOTICES_LIMIT = 100
"""Different notices of one run: a page that makes up tokens must not fill the terminal."""
_TOKEN = re.compile(rb'"token"\s*:\s*"([^"\\]*)"')


class Refusals:
    """Says once for each origin and each token that is refused what to do about it.

    Args:
        settings: Apps and their tokens.
        environment: As of the collector.
        tell: Takes one line.
        clock: Present time, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        tell: Callable[[str], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._apps = Apps.from_settings(settings, environment)
        self._tokens = ", ".join(f"{app.token} ({app.name})" for app in settings.apps if not app.disabled)
        self._tell, self._clock, self._told = tell, clock, set[str]()

    def note(self, status: int, origin: str, token: str) -> None:
        """Take one refused request; ``origin`` and ``token`` are empty where the request had none."""
        if status == 401 and token:
            self._say(f"refused token {_shown(token)}: {self._token_advice(token)}")
        elif status == 403 and origin:
            advice = "add it to an app's origins in logdig.toml (a first app: 'logdig app add NAME --origin ORIGIN')"
            self._say(f"refused origin {_shown(origin)}: {advice}, then start 'logdig dev' again")

    def _token_advice(self, token: str) -> str:
        if self._apps.find(token, self._clock()) is not None:
            return "the request is signed with another secret than the app's; 'logdig dev env' prints the right one"
        fault = self._apps.token_fault(token, self._clock())
        if fault == "token_disabled":
            return "its app is disabled; 'logdig app enable NAME', then start 'logdig dev' again"
        if fault == "token_expired":
            return f"it was rotated and has expired; tokens that hold: {self._tokens}"
        return f"no app has it; use one of these in the tag's data-token: {self._tokens}"

    def _say(self, text: str) -> None:
        if text not in self._told and len(self._told) < NOTICES_LIMIT:
            self._told.add(text)
            self._tell(text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…")


class LocalCollector:
    """An ASGI application: tracker files, else the collector."""

    def __init__(self, collector: AsgiApp, refusals: Refusals) -> None:
        self._collector, self._refusals = collector, refusals

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self._collector(scope, receive, send)
        elif (content := tracker_file(scope["path"])) is not None and scope["method"] in ("GET", "HEAD"):
            await _send_script(send, content if scope["method"] == "GET" else b"", len(content))
        else:
            await self._watch(scope, receive, send)

    async def _watch(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request and note its sender when it is refused."""
        body: list[bytes] = []

        async def watched_receive() -> Message:
            message = await receive()
            body.append(message.get("body", b""))
            return message

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (401, 403):
                headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
                token = token_of(b"".join(body), headers.get(b"content-encoding", ""))
                self._refusals.note(message["status"], headers.get(b"origin", ""), token)
            await send(message)

        await self._collector(scope, watched_receive, watched_send)


def tracker_file(path: str) -> bytes | None:
    """Content of a file of the tracker's build, also as ``/logdig.js``; None when there is none of this path."""
    match = TRACKER_PATH.fullmatch(path)
    file = TRACKER / re.sub(r"^logdig\b", "clicktracker", match[1]) if match else None
    return file.read_bytes() if file is not None and file.is_file() else None


def token_of(body: bytes, encoding: str) -> str:
    """Token that a request with events names; empty when there is none to read."""
    try:
        text = inflate(body) if encoding == "gzip" else body
    except InputError:
        return ""
    match = _TOKEN.search(text)
    return match[1].decode("utf-8", "replace") if match else ""


async def _send_script(send: Any, content: bytes, length: int) -> None:
    headers = [
        (b"content-type", b"text/javascript; charset=utf-8"),
        (b"content-length", str(length).encode()),
        # The script imports its parts, which a browser allows other origins only with this header.
        (b"access-control-allow-origin", b"*"),
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"cache-control", b"no-cache"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def make_app() -> LocalCollector:
    """Build the application inside the worker process."""
    return LocalCollector(make_collector(), Refusals(find_settings(os.environ), os.environ, notice, utc_now))


@click.command()
@click.option("--port", required=True, type=int)
def main(port: int) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    serve("127.0.0.1", port, "infra.local.collector:make_app")


if __name__ == "__main__":
    main()
