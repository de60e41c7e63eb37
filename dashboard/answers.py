"""What the page shows, as plain values ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logdig.config.settings import Settings
from logdig.marts.reader import Marts
from logdig.marts.summaries import HOUR_SECONDS, TREND_TYPES, Activity

PAGES_MOST = 200
FIGURES = ("error", "average_precision", "brier")
"""What a model is measured by; for the second more is better, for the others less."""
MODEL_FACTS = (
    "offer", "passed", "reason", "trained_at", "model_version",
    "train_rows", "train_positives", "test_rows", "test_positives", "test_as_of", "test_until",
)  # fmt: skip


def summary(settings: Settings, marts: Marts, app: str) -> dict[str, Any]:
    """Gather totals, mobile share, pages, targets and models of an app."""
    seen = marts.activity(app)
    listens = marts.mobile_share(app)
    devices = marts.device_clicks(app)
    levels = marts.levels(app)
    return {
        "app": app,
        "totals": {
            "events": seen.events,
            "page_views": seen.types.get("page", 0),
            "clicks": seen.types.get("click", 0),
            "listens": seen.types.get("listen", 0),
            "visitors": seen.visitors,
            "customers": marts.count("customers", app),
            "targets": sum(one.targets for one in levels),
        },
        "last_event_at": seen.last_event_at,
        "mobile": {"listens": listens, "clicks": _part(devices, "mobile")},
        "devices": devices,
        "pages": marts.pages(app)[:PAGES_MOST],
        "offers": [offer.name for offer in settings.offers],
        "levels": levels,
        "models": [_model(row) for row in marts.models(app)],
    }


def _part(counts: Mapping[str, int], name: str) -> dict[str, int]:
    return {"part": counts.get(name, 0), "whole": sum(counts.values())}


def _model(row: Mapping[str, Any]) -> dict[str, Any]:
    figures = {name: {"model": row[name], "constant": row[f"constant_{name}"]} for name in FIGURES}
    return {name: row[name] for name in MODEL_FACTS} | {"figures": figures}


def trend(seen: Activity, days: int) -> dict[str, Any]:
    """Lay the last days before the newest event out hour by hour, empty hours too.

    Returns:
        ``start`` (seconds since 1970, UTC) and ``step`` (seconds) of the hours, and ``counts`` by type.
    """
    if not seen.hours:
        return {"start": 0, "step": HOUR_SECONDS, "counts": {}}
    hours = days * 24
    start = seen.hours[-1].start - (hours - 1) * HOUR_SECONDS
    counts = {kind: [0] * hours for kind in TREND_TYPES}
    for hour in seen.hours:
        if hour.start >= start:
            for kind, count in hour.counts.items():
                counts[kind][(hour.start - start) // HOUR_SECONDS] = count
    return {"start": start, "step": HOUR_SECONDS, "counts": counts}
