"""Counts of events: traffic of people and bots, links that were followed, events by type, own events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.database import identifier, literal
from logdig.questions.engine.parameters import column_of
from logdig.questions.engine.question import Question
from logdig.questions.visits import total
from logdig.tables.declaration import DAY, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa

COUNTED = "bot IS NOT TRUE AND staff IS NOT TRUE AND consent.analytics IS NOT FALSE"
"""SQL of people's events."""
EVENT_FILTERS = ("type", "country", "region", "customer", "experiment")
CLICK_FILTERS = ("page", "host", "release", "device", "country", "experiment")
OF_EVENTS = ("user_key", "type", "occurred_at", "bot", "staff", "consent")


def traffic(asking: Asking) -> pa.Table:
    """List what people, staff and bots did, by day."""
    rows = asking.rows("traffic", ["kind", "crawler", "events", "views", "visitors"])
    return asking.run(f"""
        SELECT day, kind, crawler, events, views, visitors FROM {rows}
        ORDER BY day, kind, crawler NULLS FIRST
    """)


def links(asking: Asking) -> pa.Table:
    """Count clicks on links that lead out of the site or to a file."""
    rows = asking.rows("clicks", ["link", "link_out", "download", "user_key"])
    return asking.run(f"""
        WITH visitors AS (
          SELECT link, bool_or(link_out) AS out, bool_or(download) AS download, user_key, sum({WEIGHT}) AS clicks,
            max({WEIGHT}) AS visitor
          FROM {rows} WHERE link_out OR download GROUP BY link, user_key)
        SELECT link, coalesce(bool_or(out), false) AS out, coalesce(bool_or(download), false) AS download,
          {total("clicks")} AS clicks, {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors
        FROM visitors GROUP BY link ORDER BY clicks DESC, visitors DESC, link
    """)


def events(asking: Asking) -> pa.Table:
    """Count people's events, by type or another dimension, with the visitors of each exactly."""
    names = {"type": "type", "day": _local(asking, "DATE"), "hour": _hour(asking)}
    by = asking.by or "type"
    sql = names.get(by) or column_of("events", by)
    rows = asking.rows("events", [*OF_EVENTS, *(["country"] if by == "country" else []), *_experiments(by)])
    return asking.run(f"""
        WITH visitors AS (
          SELECT {sql} AS by_value, user_key, sum({WEIGHT}) AS events, max({WEIGHT}) AS visitor
          FROM {rows} WHERE {COUNTED} GROUP BY ALL)
        SELECT by_value AS {identifier(by)}, {total("events")} AS events,
          {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors
        FROM visitors GROUP BY by_value
        ORDER BY {"by_value" if by in ("day", "hour") else "events DESC, by_value NULLS LAST"}
    """)


def custom(asking: Asking) -> pa.Table:
    """Count the site's own events by name and day, or by the values of a property."""
    by = asking.by or "day"
    sql = _local(asking, "DATE") if by == "day" else column_of("events", by)
    rows = asking.rows("events", [*OF_EVENTS, "custom", *_experiments(by)])
    return asking.run(f"""
        WITH visitors AS (
          SELECT custom.name AS name, {sql} AS by_value, user_key, sum({WEIGHT}) AS events,
            max({WEIGHT}) AS visitor
          FROM {rows} WHERE type = 'custom' AND {COUNTED} GROUP BY ALL)
        SELECT by_value AS {identifier(by)}, name, {total("events")} AS events,
          {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors
        FROM visitors GROUP BY name, by_value
        ORDER BY {"by_value, events DESC" if by == "day" else "events DESC, by_value NULLS LAST"}, name NULLS LAST
    """)


def _local(asking: Asking, kind: str) -> str:
    return f"CAST(occurred_at AT TIME ZONE {literal(asking.parameters.zone)} AS {kind})"


def _hour(asking: Asking) -> str:
    return f"strftime(date_trunc('hour', {_local(asking, 'TIMESTAMP')}), '%Y-%m-%dT%H:00')"


def _experiments(by: str) -> list[str]:
    return ["experiments"] if by.startswith("experiment.") else []


EVENTS = Column("events", REAL, "events of people")
VISITORS = Column("visitors", REAL, "different visitors with such an event")

QUESTIONS = (
    Question(
        "traffic",
        "What people, staff, bots and AI crawlers did, by day.",
        tables=("traffic",),
        columns=(
            Column("day", DAY, "day in the app's zone"),
            Column("kind", TEXT, "people, staff or bots"),
            Column("crawler", TEXT, "name of the AI crawler, where it is one"),
            Column("events", REAL, "events"),
            Column("views", REAL, "page views"),
            Column("visitors", REAL, "visitors of the day; they cannot be added up over days"),
        ),
        keys=("day", "kind", "crawler"),
        filters=("kind", "crawler"),
        answer=traffic,
    ),
    Question(
        "links",
        "Links that lead out of the site, and downloads, by clicks.",
        tables=("clicks",),
        columns=(
            Column("link", TEXT, "address"),
            Column("out", YES_NO, "leads to a host that is not the app's"),
            Column("download", YES_NO, "leads to a file"),
            Column("clicks", REAL, "clicks"),
            Column("visitors", REAL, "different visitors who clicked it"),
        ),
        keys=("link",),
        filters=CLICK_FILTERS,
        answer=links,
    ),
    Question(
        "events",
        "Events of people, by type, day, hour or country.",
        tables=("events",),
        columns=(EVENTS, VISITORS),
        keys=(),
        filters=EVENT_FILTERS,
        answer=events,
        dimensions=("type", "day", "hour", "country", "experiment"),
        by="type",
        notes=("Visitors are all with a counted event, also those of a server without a session.",),
    ),
    Question(
        "custom",
        "The site's own events by name and day, or by the values of a property.",
        tables=("events",),
        columns=(Column("name", TEXT, "the site's own name"), EVENTS, VISITORS),
        keys=("name",),
        filters=("name", "property", "country", "region", "customer", "experiment"),
        answer=custom,
        dimensions=("day", "property", "experiment"),
        by="day",
    ),
)
