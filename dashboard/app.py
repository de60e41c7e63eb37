"""The dashboard: a static frame, pages that fill it from JSON addresses, and who may read each address."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import flask
import msgspec

from dashboard import pages as page_modules
from dashboard.access import OWNER, Access, Gate
from dashboard.page import Page, Route, Scope
from dashboard.request import Request, Store
from dashboard.sending import json_response, problem, value_of
from dashboard.shell import shell_page
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError, LogDigError
from logdig.marts.pinned import Source
from logdig.marts.reader import Marts
from logdig.questions.live import LiveReader
from logdig.times import Clock

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""``blob:`` is for pictures that the page itself makes of its charts."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
FRAME = Path(__file__).parent / "static" / "index.html"
SCOPES = "logdig_scopes"
"""Name in ``app.extensions`` of the scope of each endpoint."""


def find_pages() -> tuple[Page, ...]:
    """Every page: the ``PAGE`` of each module in dashboard/pages, in the order of the menu."""
    names = [module.name for module in pkgutil.iter_modules(page_modules.__path__)]
    found = [importlib.import_module(f"{page_modules.__name__}.{name}").PAGE for name in names]
    return tuple(sorted(found, key=lambda page: page.place))


def create_dashboard(
    settings: Settings,
    source: Source | None = None,
    store: Store | None = None,
    *,
    hosts: tuple[str, ...] | None = LOOPBACK,
    clock: Clock = lambda: datetime.now(UTC),
    shared: bool = False,
    live: bool = True,
) -> flask.Flask:
    """Make the WSGI application.

    Args:
        settings: Of this installation; its apps can be chosen on the page.
        source: What questions are asked of; None = the tables of the settings.
        store: The bucket; None = that of the settings.
        hosts: Names it answers to, without port; None = any. Others get 400, so that a foreign page cannot read the
            dashboard of this machine by giving its own name this machine's address.
        clock: Time, UTC.
        shared: Whether tokens of `logdig share` decide who sees what; False = everybody who reaches it sees all.
        live: Whether it may read raw, for who is there now.
    """
    app = flask.Flask(__name__, static_url_path="/static")
    app.config["TRUSTED_HOSTS"] = None if hosts is None else list(hosts)
    pages, parts = find_pages(), _Parts(settings, source, store, clock, shared=shared, live=live)
    scopes: dict[str, Scope] = {"static": "open"}
    app.extensions[SCOPES] = scopes
    frame = FRAME.read_bytes()

    def add(
        path: str, endpoint: str, view: Callable[[], flask.Response], scope: Scope, methods: tuple[str, ...] = ("GET",)
    ) -> None:
        app.add_url_rule(path, endpoint, view, methods=methods)
        scopes[endpoint] = scope

    add("/healthz", "healthz", lambda: json_response({"status": "alive"}), "open")
    if shared:
        add("/access", "access", lambda: parts.gate.enter(), "open", ("POST",))
    for page in pages:
        path = "/" if page is pages[0] else f"/{page.name}"
        # The frame holds no data; what it asks for is guarded.
        add(path, page.name, lambda: flask.Response(frame, mimetype="text/html"), "open")
    for page in (shell_page(pages), *pages):
        for route in (*page.routes, *(_asking(question, scope) for question, scope in page.asks.items())):
            add(f"/data/{page.name}/{route.name}", f"{page.name}.{route.name}", parts.answering(route), route.scope)
    app.register_error_handler(LogDigError, problem)
    app.after_request(_protect)
    return app


def _asking(question: str, scope: Scope) -> Route:
    return Route(question, lambda request: request.answer(question), scope)


class _Parts:
    """What every request is answered from; clients are made when they are first needed."""

    def __init__(
        self,
        settings: Settings,
        source: Source | None,
        store: Store | None,
        clock: Clock,
        *,
        shared: bool,
        live: bool,
    ) -> None:
        self._settings, self._given, self._clock = settings, store, clock
        self._shared, self._reads_raw = shared, live
        self._source: Source = source if source is not None else Marts(settings, os.environ)

    @cached_property
    def gate(self) -> Gate:
        """Who may look."""
        return Gate(self._store, self._clock)

    @cached_property
    def _live(self) -> LiveReader | None:
        return LiveReader(self._store, self._settings) if self._reads_raw else None

    @cached_property
    def _store(self) -> Store:
        if self._given is not None:
            return self._given
        from logdig.aws.clients import s3_store

        return s3_store(self._settings)

    def answering(self, route: Route) -> Callable[[], flask.Response]:
        """Wrap a view: read what is asked, and send what it returns."""

        def view() -> flask.Response:
            args = flask.request.args.to_dict()
            access = self.gate.access(flask.request.cookies) if self._shared else OWNER
            settings = _seen(self._settings, access)
            name = args.get("app") or (settings.apps[0].name if settings.apps else "")
            scope = access.check(name, route.scope)
            asked = Request(
                settings, self._source, self._store, self._live, _app(settings, name), self._clock(), args, scope
            )
            found = route.view(asked)
            return found if isinstance(found, flask.Response) else json_response(value_of(found))

        return view


def _seen(settings: Settings, access: Access) -> Settings:
    """The settings with only those apps that may be seen."""
    if access.apps is None:
        return settings
    apps = tuple(app for app in settings.apps if app.name in access.apps)
    return msgspec.structs.replace(settings, apps=apps)


def _app(settings: Settings, name: str) -> AppSettings:
    if not settings.apps:
        raise InputError("logdig.toml has no app; add one: logdig init")
    for app in settings.apps:
        if app.name == name:
            return app
    raise InputError(f"app = {name[:100]!r}: one of {', '.join(app.name for app in settings.apps)}")


def _protect(response: flask.Response) -> flask.Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if flask.request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response
