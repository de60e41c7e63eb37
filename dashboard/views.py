"""Addresses of the dashboard: the page, and the JSON that fills it."""

from __future__ import annotations

from datetime import date

import flask
import msgspec

from dashboard import answers
from logdig.config.settings import Settings
from logdig.errors import InputError, LogDigError
from logdig.marts.reader import Marts

TREND_DAYS = (1, 7, 60)
DEVICES = ("desktop", "tablet", "mobile")


def blueprint(settings: Settings, marts: Marts) -> flask.Blueprint:
    """Make the routes over the given marts."""
    routes = flask.Blueprint("dashboard", __name__, template_folder="templates")
    names = [app.name for app in settings.apps]

    @routes.get("/")
    def page() -> str:
        return flask.render_template("dashboard.html", apps=names)

    @routes.get("/healthz")
    def healthz() -> flask.Response:
        return _json({"status": "alive"})

    @routes.get("/data/summary")
    def summary() -> flask.Response:
        return _json(answers.summary(settings, marts, _one_of("app", names)))

    @routes.get("/data/trend")
    def trend() -> flask.Response:
        days = _one_of("days", [str(days) for days in TREND_DAYS])
        return _json(answers.trend(marts.activity(_one_of("app", names)), int(days)))

    @routes.get("/data/heat")
    def heat() -> flask.Response:
        device = _one_of("device", DEVICES) if flask.request.args.get("device") else None
        app, address = _one_of("app", names), flask.request.args.get("page", "")
        return _json(marts.heat(app, address, _day("start"), _day("end"), device))

    routes.register_error_handler(LogDigError, _problem)
    return routes


def _one_of(name: str, allowed: list[str] | tuple[str, ...]) -> str:
    """Read a parameter that must be one of a list; without it the first.

    Raises:
        InputError: It is another, or nothing is allowed.
    """
    value = flask.request.args.get(name, allowed[0] if allowed else "")
    if value not in allowed:
        raise InputError(f"{name} = {value[:100]!r}: one of {', '.join(allowed) or 'nothing (logdig.toml has none)'}")
    return value


def _day(name: str) -> date | None:
    value = flask.request.args.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as err:
        raise InputError(f"{name} = {value[:100]!r}: a day such as 2026-11-24") from err


def _json(value: object, status: int = 200) -> flask.Response:
    return flask.Response(msgspec.json.encode(value), status, mimetype="application/json")


def _problem(error: LogDigError) -> flask.Response:
    return _json({"status": error.http_status, "detail": error.message}, error.http_status)
