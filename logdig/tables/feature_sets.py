"""Features by set: what a model may know of a person's last 28 days. docs/model.md explains each."""

from __future__ import annotations

WINDOW_DAYS = 28
"""Length of the time before a row's cut-off that its features are of."""
LISTENING = {
    "morning": "share of listens from 5:00 to 11:59",
    "afternoon": "share of listens from 12:00 to 16:59",
    "evening": "share of listens from 17:00 to 21:59",
    "night": "share of listens from 22:00 to 4:59",
    "mobile": "share of listens on a mobile device",
    "unique": "distinct tracks / listens",
}
BROWSING = {
    "sessions": "sessions",
    "recency_days": f"days since the last event; {WINDOW_DAYS} without any",
    "views": "page views",
    "clicks": "clicks",
    "goals": "goals reached",
    "own_events": "events of the site's own",
    "depth": "how far down pages were seen, mean of the views, 0 to 1",
    "engaged_s": "seconds in use",
    "views_morning": "share of views from 5:00 to 11:59",
    "views_afternoon": "share of views from 12:00 to 16:59",
    "views_evening": "share of views from 17:00 to 21:59",
    "views_night": "share of views from 22:00 to 4:59",
    "views_mobile": "share of views in a viewport of a mobile device",
}
FEATURE_SETS = {"listening": LISTENING, "browsing": BROWSING}
"""Meaning of each feature by its name, by set; the order is the model's."""
AUTO = "auto"
"""In place of sets: those that have data."""
JOINED = "+"
"""Between the names of several sets."""


def features_of(feature_set: str) -> tuple[str, ...]:
    """Names of the features of a set, or of several, such as ``listening+browsing``.

    Raises:
        KeyError: There is no such set.
    """
    return tuple(name for part in feature_set.split(JOINED) for name in FEATURE_SETS[part])
