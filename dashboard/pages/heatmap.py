"""The heatmap of a page."""

from __future__ import annotations

import flask

from dashboard.requests import choice, json_response, optional_choice, optional_day
from logdig.config.settings import Settings
from logdig.marts.reader import Marts
from logdig.questions.clicks import heat

DEVICES = ("desktop", "tablet", "mobile")


def blueprint(settings: Settings, marts: Marts) -> flask.Blueprint:
    """Make the page's addresses."""
    routes = flask.Blueprint("heatmap", __name__)
    apps = [app.name for app in settings.apps]

    @routes.get("/data/heat")
    def read_heat() -> flask.Response:
        device = optional_choice("device", DEVICES)
        app, page = choice("app", apps), flask.request.args.get("page", "")
        return json_response(heat(marts, app, page, optional_day("start"), optional_day("end"), device))

    return routes
