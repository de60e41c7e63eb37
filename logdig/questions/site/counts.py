"""Counts of events: traffic of people and bots, links that were followed, events by type, own events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.database import identifier, literal
from logdig.questions.engine.parameters import DAILY, PROPERTY, column_of
from logdig.questions.engine.question import Question
from logdig.questions.site.visits import COUNTED, COUNTED_BY, local_day, total
from logdig.tables.declaration import DAY, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa

EVENT_FILTERS = ("type", "country", "region", "customer", "experiment")
CLICK_FILTERS = ("page", "host", "release", "device", "country", "experiment")
OF_EVENTS = ("user_key", "type", *COUNTED_BY)


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
    names = {"type": "type", "day": local_day(asking), "hour": _hour(asking)}
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
    """Count the site's own events by name and day, by the values of a property, or by these and day."""
    by = asking.by or "day"
    value = by.removeprefix(DAILY)
    by_day = by == "day" or by != value
    parts = {"day": local_day(asking)} if by_day else {}
    if value != "day":
        parts[value] = column_of("events", value)
    if value.startswith(f"{PROPERTY}."):
        parts["kind"] = kind_of(value.removeprefix(f"{PROPERTY}."))
    columns = ["custom", "text_props"] if "kind" in parts else ["custom"]
    rows = asking.rows("events", [*OF_EVENTS, *columns, *_experiments(value)])
    named = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in parts.items())
    names = ", ".join(identifier(name) for name in parts)
    return asking.run(f"""
        WITH visitors AS (
          SELECT {named}, custom.name AS name, user_key, sum({WEIGHT}) AS events, max({WEIGHT}) AS visitor
          FROM {rows} WHERE type = 'custom' AND {COUNTED} GROUP BY ALL)
        SELECT {names}, name, {total("events")} AS events,
          {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors
        FROM visitors GROUP BY {names}, name
        ORDER BY {"day, " if by_day else ""}events DESC, {names}, name NULLS LAST
    """)


def kind_of(name: str) -> str:
    """SQL of what a property's value is: text, number or boolean; null where it is not there.

    Of events stored before ``text_props`` it is not known which texts of numbers and booleans were texts.
    """
    value = f"custom.props[{literal(name)}]"
    return f"""
        CASE WHEN {value} IS NULL THEN NULL
          WHEN list_contains(text_props, {literal(name)}) THEN 'text'
          WHEN {value} IN ('true', 'false') THEN CASE WHEN text_props IS NULL THEN 'unknown' ELSE 'boolean' END
          WHEN try_cast({value} AS DOUBLE) IS NOT NULL
            THEN CASE WHEN text_props IS NULL THEN 'unknown' ELSE 'number' END
          ELSE 'text' END
    """


def custom_columns(by: str | None) -> tuple[Column, ...]:
    """What a row of ``custom`` is of, beside the event's name."""
    value = (by or "day").removeprefix(DAILY)
    columns = [Column("day", DAY, "day in the app's zone")] if by is None or value != by or value == "day" else []
    if value != "day":
        columns.append(Column(value, TEXT, "what the row is of"))
    if value.startswith(f"{PROPERTY}."):
        columns.append(Column("kind", TEXT, '`text`, `number` or `boolean`: `1` is not `"1"`'))
    return tuple(columns)


def _hour(asking: Asking) -> str:
    local = f"CAST(occurred_at AT TIME ZONE {literal(asking.parameters.zone)} AS TIMESTAMP)"
    return f"strftime(date_trunc('hour', {local}), '%Y-%m-%dT%H:00')"


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
        of=custom_columns,
        notes=("`day.property.KEY` and `day.experiment.NAME` count by day and value.",),
    ),
)
