"""The overview: totals, devices, pages, offers and models of an app, and its last days hour by hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask

from dashboard.requests import choice, json_response
from logdig.config.settings import Settings
from logdig.marts.reader import Marts
from logdig.questions.activity import HOUR_SECONDS, TREND_TYPES, Activity, activity
from logdig.questions.clicks import device_clicks, pages
from logdig.questions.listens import mobile_share
from logdig.questions.offers import levels, newest_models

TREND_DAYS = ("1", "7", "60")
PAGES_MOST = 200
FIGURES = ("error", "average_precision", "brier")
"""What a model is measured by; for the second more is better, for the others less."""
MODEL_FACTS = (
    "offer", "passed", "reason", "trained_at", "model_version",
    "train_rows", "train_positives", "test_rows", "test_positives", "test_as_of", "test_until",
)  # fmt: skip


def blueprint(settings: Settings, marts: Marts) -> flask.Blueprint:
    """Make the page's addresses."""
    routes = flask.Blueprint("overview", __name__)
    apps = [app.name for app in settings.apps]

    @routes.get("/")
    def page() -> str:
        return flask.render_template("dashboard.html", apps=apps)

    @routes.get("/data/summary")
    def read_summary() -> flask.Response:
        return json_response(summary(settings, marts, choice("app", apps)))

    @routes.get("/data/trend")
    def read_trend() -> flask.Response:
        days = int(choice("days", TREND_DAYS))
        return json_response(trend(activity(marts, choice("app", apps)), days))

    return routes


def summary(settings: Settings, marts: Marts, app: str) -> dict[str, Any]:
    """Gather totals, mobile share, pages, targets and models of an app."""
    events = activity(marts, app)
    devices = device_clicks(marts, app)
    targets = levels(marts, app)
    return {
        "app": app,
        "totals": {
            "events": events.events,
            "page_views": events.types.get("page", 0),
            "clicks": events.types.get("click", 0),
            "listens": events.types.get("listen", 0),
            "visitors": events.visitors,
            "customers": marts.count("customers", app),
            "targets": sum(level.targets for level in targets),
        },
        "last_event_at": events.last_event_at,
        "mobile": {"listens": mobile_share(marts, app), "clicks": _part(devices, "mobile")},
        "devices": devices,
        "pages": pages(marts, app)[:PAGES_MOST],
        "offers": [offer.name for offer in settings.offers],
        "levels": targets,
        "models": [_model(row) for row in newest_models(marts, app)],
    }


def _part(counts: Mapping[str, int], name: str) -> dict[str, int]:
    return {"part": counts.get(name, 0), "whole": sum(counts.values())}


def _model(row: Mapping[str, Any]) -> dict[str, Any]:
    figures = {name: {"model": row[name], "constant": row[f"constant_{name}"]} for name in FIGURES}
    return {name: row[name] for name in MODEL_FACTS} | {"figures": figures}


def trend(events: Activity, days: int) -> dict[str, Any]:
    """Lay the last days before the newest event out hour by hour, empty hours too.

    Returns:
        ``start`` (seconds since 1970, UTC) and ``step`` (seconds) of the hours, and ``counts`` by type.
    """
    if not events.hours:
        return {"start": 0, "step": HOUR_SECONDS, "counts": {}}
    hours = days * 24
    start = events.hours[-1].start - (hours - 1) * HOUR_SECONDS
    counts = {kind: [0] * hours for kind in TREND_TYPES}
    for hour in events.hours:
        if hour.start >= start:
            for kind, count in hour.counts.items():
                counts[kind][(hour.start - start) // HOUR_SECONDS] = count
    return {"start": start, "step": HOUR_SECONDS, "counts": counts}
