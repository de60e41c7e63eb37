"""Sessions one by one, and what happened in one of them: questions about persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import literal
from logdig.questions.engine.question import Question
from logdig.questions.page.elements import EFFECTS
from logdig.questions.site.visits import PEOPLE
from logdig.tables.declaration import INT, LONG, REAL, TEXT, TIME, YES_NO, Column, ListOf, MapOf

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SESSIONS = 1000
"""The newest ones are listed; the account says how many there are."""
OF_SESSION = ("session", "visitor")
"""Filters by an id."""
OF_PARTS = ("page", "element")
"""Filters that a session meets when it has such a view, or such a click."""
ORDERED = 'seq NULLS LAST, "timestamp" NULLS LAST, event_id'
"""Order inside a session (docs/measures.md)."""
SHOWN = ("page", "click", "submit", "listen", "ad", "custom", "identify")
"""Types that are steps of their own; scroll depth and time in use stand with their page view."""


def sessions(asking: Asking) -> pa.Table:
    """List sessions that have a view on the asked days, the newest first."""
    rows = asking.rows("sessions", SESSION_READ, without=(*OF_SESSION, *OF_PARTS))
    clicks = asking.rows(
        "clicks", ["session_id", "dead", "burst", "page_view_id"], without=tuple(asking.parameters.where)
    )
    conditions = [*_ids(asking, rows), *_parts(asking, rows)]
    first = "arg_min({0}, seq)"
    listed = ", ".join(f"{first.format(name)} AS {name}" for name in OF_FIRST)
    asking.account["sessions"] = _sessions_met(asking, rows, conditions)
    return asking.run(f"""
        WITH met AS (
          SELECT session_id, arg_min(user_key, seq) AS user_key, min(began_at) AS began_at, max(ended_at) AS ended_at,
            {listed}, arg_max(exit_page, seq) AS exit_page, sum(views)::BIGINT AS views,
            sum(engaged_ms)::BIGINT AS engaged_ms, arg_min(goals, seq) AS goals,
            arg_min(customer_ids, seq) AS customer_ids
          FROM {rows} WHERE {" AND ".join(conditions) or "true"} GROUP BY session_id),
        marks AS (
          SELECT text, count(DISTINCT CASE WHEN burst IS NOT NULL THEN (page_view_id, burst) END) AS bursts,
            count(*) FILTER (dead) AS dead_clicks
          FROM {clicks} JOIN {asking.texts(clicks, "session_id")} ON session_id = number GROUP BY text)
        SELECT s.text AS session_id, u.text AS user_key, customer_ids, began_at, ended_at, {", ".join(OF_FIRST)},
          exit_page, views, engaged_ms, goals, coalesce(bursts, 0) AS bursts, coalesce(dead_clicks, 0) AS dead_clicks
        FROM met JOIN {asking.texts(rows, "session_id")} s ON session_id = s.number
          LEFT JOIN {asking.texts(rows, "user_key")} u ON user_key = u.number LEFT JOIN marks m ON m.text = s.text
        ORDER BY began_at DESC, s.text LIMIT {MOST_SESSIONS}
    """)


def _sessions_met(asking: Asking, rows: str, conditions: list[str]) -> int:
    [(count,)] = asking.values(
        f"SELECT count(DISTINCT session_id) FROM {rows} WHERE {' AND '.join(conditions) or 'true'}"
    )
    return int(count)


def _ids(asking: Asking, rows: str) -> list[str]:
    """SQL conditions of the filters by an id; ids are numbers in the rows."""
    columns = {"session": "session_id", "visitor": "user_key"}
    return [
        f"{column} IN (SELECT number FROM {asking.texts(rows, column)} WHERE text = {literal(where)})"
        for name, column in columns.items()
        if (where := asking.parameters.where.get(name)) is not None
    ]


def _parts(asking: Asking, rows: str) -> list[str]:
    """SQL conditions: the session has a view of the page; a click on the element, on that page where one is asked."""
    where, found = asking.parameters.where, []
    for table, wanted, met in (("page_views", ("page",), "viewed"), ("clicks", ("page", "element"), "true")):
        if wanted[-1] in where:
            others = [name for name in where if name not in wanted]
            having = asking.rows(table, ["session_id", *(["viewed"] if met == "viewed" else [])], without=others)
            found.append(f"""session_id IN (
                SELECT own.number FROM {asking.texts(rows, "session_id")} own
                JOIN {asking.texts(having, "session_id")} other USING (text)
                JOIN {having} part ON part.session_id = other.number AND {met})""")
    return found


def steps(asking: Asking) -> pa.Table:
    """Tell what happened in one session, in order."""
    session = literal(asking.parameters.where["session"])
    views = asking.rows("page_views", VIEW_READ, without=OF_SESSION)
    clicks = asking.rows("clicks", ["event_id", "dead", "burst"], without=OF_SESSION)
    goals = asking.rows("conversions", ["event_id", "goal", "value", "session_id"], without=OF_SESSION)
    events = asking.rows("events", EVENT_READ, without=OF_SESSION)
    view_id, event_view = (asking.texts(name, "page_view_id") for name in (views, events))
    shown = ", ".join(literal(one) for one in SHOWN)
    effects = ", ".join(f"e.after.{effect} AS {name}_ms" for name, effect in EFFECTS.items())
    return asking.run(f"""
        WITH own_views AS (
          SELECT v.* EXCLUDE (session_id, page_view_id), i.text AS page_view_id FROM {views} v
          JOIN {asking.texts(views, "session_id")} s ON v.session_id = s.number AND s.text = {session}
          JOIN {view_id} i ON v.page_view_id = i.number),
        own AS (
          SELECT e.* EXCLUDE (page_view_id), coalesce(i.text, e.event_id) AS page_view_id,
            row_number() OVER (PARTITION BY coalesce(i.text, e.event_id), type ORDER BY {ORDERED}) AS time_of_type
          FROM {events} e LEFT JOIN {asking.texts(events, "session_id")} s ON e.session_id = s.number
          LEFT JOIN {event_view} i ON e.page_view_id = i.number
          WHERE type IN ({shown}) AND bot IS NOT TRUE AND staff IS NOT TRUE
            AND (s.text = {session} OR (e.session_id IS NULL AND e.event_id IN (SELECT page_view_id FROM own_views)))),
        reached AS (
          SELECT event_id, list(goal ORDER BY goal) AS goals, sum(value) AS value FROM {goals} GROUP BY event_id)
        SELECT row_number() OVER (ORDER BY {ORDERED.replace("event_id", "e.event_id")}) AS step, e.occurred_at,
          type AS kind, coalesce(v.page, e.current_page) AS page, e.page.title AS title, v.engaged_ms, v.depth_share,
          element.selector AS selector, element.tag AS tag, e.link, {effects}, e.after.watched_ms AS watched_ms,
          coalesce(c.dead, false) AS dead, c.burst IS NOT NULL AS rage,
          coalesce(custom.name, ad.name, listen.track_id, CASE WHEN type = 'identify' THEN e.customer_id END) AS name,
          custom.props AS props, ad.action AS action, r.goals, r.value
        FROM own e LEFT JOIN own_views v ON v.page_view_id = e.page_view_id AND v.viewed AND type = 'page'
          LEFT JOIN {clicks} c ON c.event_id = e.event_id LEFT JOIN reached r ON r.event_id = e.event_id
        WHERE type <> 'page' OR time_of_type = 1
        ORDER BY step
    """)


OF_FIRST = ("entry_page", "source", "channel", "campaign", "device", "browser", "system", "country")
"""What the first row of a session says of all of it."""
SESSION_READ = [
    "session_id", "user_key", "seq", "began_at", "ended_at", "exit_page", "views", "engaged_ms", "goals",
    "customer_ids", *OF_FIRST,
]  # fmt: skip
VIEW_READ = ["session_id", "page_view_id", "viewed", "page", "engaged_ms", "depth_share"]
EVENT_READ = [
    "session_id", "page_view_id", "event_id", "seq", "timestamp", "occurred_at", "type", "current_page", "link", "page",
    "element", "after", "custom", "ad", "listen", "customer_id", "bot", "staff",
]  # fmt: skip

QUESTIONS = (
    Question(
        "sessions",
        "Sessions one by one, the newest first, with their visitors.",
        tables=("sessions", "page_views", "clicks"),
        columns=(
            Column("session_id", TEXT, "session"),
            Column("user_key", TEXT, "visitor"),
            Column("customer_ids", ListOf(TEXT), "customers whom its events name"),
            Column("began_at", TIME, "first view, on the asked days"),
            Column("ended_at", TIME, "latest event of its views, likewise"),
            *(Column(name, TEXT, "of its first view") for name in OF_FIRST),
            Column("exit_page", TEXT, "page of its last view"),
            Column("views", LONG, "views on the asked days"),
            Column("engaged_ms", LONG, "time in use on the asked days", unit="ms"),
            Column("goals", ListOf(TEXT), "goals that it reached"),
            Column("bursts", LONG, "bursts of clicks"),
            Column("dead_clicks", LONG, "clicks that nothing followed"),
        ),
        keys=("session_id",),
        filters=(*PEOPLE, "exit_page", "goal", "customer", *OF_PARTS, *OF_SESSION),
        answer=sessions,
        compares=False,
        notes=(
            f"The newest {MOST_SESSIONS:,} are listed. With `page` those that have a view of it, with `element` those "
            "with a click on it, on that page where both are given.",
        ),
    ),
    Question(
        "steps",
        "What happened in one session, in order.",
        tables=("events", "page_views", "clicks", "conversions"),
        columns=(
            Column("step", LONG, "place, from 1"),
            Column("occurred_at", TIME, "when, by the collector's clock"),
            Column("kind", TEXT, "type of the event"),
            Column("page", TEXT, "page of a view; else the event's address"),
            Column("title", TEXT, "title of a view"),
            Column("engaged_ms", LONG, "time in use of a view", unit="ms"),
            Column("depth_share", REAL, "how far down a view got", unit="0 to 1"),
            Column("selector", TEXT, "element"),
            Column("tag", TEXT, "its name"),
            Column("link", TEXT, "address that was clicked"),
            *(Column(f"{name}_ms", INT, f"until `{name}` came after a click", unit="ms") for name in EFFECTS),
            Column("watched_ms", INT, "how long a click was watched", unit="ms"),
            Column("dead", YES_NO, "nothing followed the click"),
            Column("rage", YES_NO, "the click is one of a burst"),
            Column("name", TEXT, "own event, ad, track or customer"),
            Column("props", MapOf(TEXT), "of an own event"),
            Column("action", TEXT, "of an ad"),
            Column("goals", ListOf(TEXT), "goals that it reached"),
            Column("value", REAL, "their value"),
        ),
        keys=("step",),
        filters=("session",),
        needs=("session",),
        answer=steps,
        compares=False,
        notes=("Events of bots and staff are left out; scroll depth and time in use stand with their view.",),
    ),
)
