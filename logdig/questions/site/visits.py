"""Visitors, sessions and page views: overview, sources, pages and goals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from logdig.questions.engine.asking import MILLION, MOST_ROWS, WEIGHT, Asking
from logdig.questions.engine.database import identifier, literal
from logdig.questions.engine.parameters import column_of, needed_column
from logdig.questions.engine.question import Question
from logdig.tables.declaration import REAL, TEXT, Column

if TYPE_CHECKING:
    import pyarrow as pa

PEOPLE = (
    "source", "medium", "campaign", "channel", "device", "screen", "browser", "system", "country", "region",
    "language", "host", "entry_page", "experiment",
)  # fmt: skip
"""Filters that sessions, page views and conversions share."""

COUNTED = "bot IS NOT TRUE AND staff IS NOT TRUE AND consent.analytics IS NOT FALSE"
"""SQL of people's events."""
COUNTED_BY = ("occurred_at", "bot", "staff", "consent")
VISITORS = Column("visitors", REAL, "different visitors with an event; under a filter, with such a session")
SESSIONS = Column("sessions", REAL, "sessions that began")
VIEWS = Column("views", REAL, "page views")
CONVERSIONS = Column("conversions", REAL, "goals that were reached")
VISIT_COLUMNS = (
    VISITORS,
    SESSIONS,
    VIEWS,
    Column("bounces", REAL, "sessions of one view, under 10 s in use, without a goal"),
    Column("bounce_rate", REAL, "bounces / sessions", unit="0 to 1"),
    Column("engaged_ms", REAL, "time in use", unit="ms"),
    Column("engaged_ms_per_session", REAL, "time in use / sessions", unit="ms"),
    CONVERSIONS,
)


def total(expression: str) -> str:
    """SQL of a sum of millionths as a number."""
    return f"coalesce(sum({expression}), 0)::DOUBLE / {MILLION}"


def dimension(asking: Asking, table: str) -> tuple[str, str]:
    """SQL of the dimension that is asked, and the column that it reads; of none a constant."""
    if asking.by is None:
        return "NULL", ""
    return column_of(table, asking.by), needed_column(table, asking.by)


def named(asking: Asking) -> str:
    """SQL list of an answer's dimension, with the comma behind it; empty where there is none."""
    return f"by_value AS {identifier(asking.by)}, " if asking.by else ""


def visits(asking: Asking) -> pa.Table:
    """Count visitors, sessions, bounces, engaged time and conversions by a dimension, or in all."""
    sql, column = dimension(asking, "sessions")
    columns = ["user_key", "views", "engaged_ms", "bounce", "continued", *([column] if column else [])]
    sessions = asking.rows("sessions", columns)
    reached, reached_column = dimension(asking, "conversions")
    conversions = asking.rows("conversions", [reached_column] if reached_column else [])
    visited = f"SELECT {sql} AS by_value, user_key, {WEIGHT} FROM {sessions} WHERE user_key IS NOT NULL"
    more = others(asking, sessions)
    # Those without a session have numbers of their own.
    alone = asking.different(sessions, 1) if asking.by is None and not more else None
    return asking.run(f"""
        WITH visitors AS ({asking.visitors("by_value,", f"({visited}{more})", alone)}),
        sums AS (
          SELECT {sql} AS by_value, {asking.count("NOT continued")} AS sessions, {asking.count("bounce")} AS bounces,
            {asking.sum("views", "true")} AS views, {asking.sum("engaged_ms", "true")} AS engaged_ms
          FROM {sessions} GROUP BY ALL),
        counted AS (
          SELECT coalesce(s.by_value, v.by_value) AS by_value, s.* EXCLUDE (by_value), v.visitors
          FROM sums s FULL JOIN visitors v ON s.by_value IS NOT DISTINCT FROM v.by_value),
        reached AS (SELECT {reached} AS by_value, {total(WEIGHT)} AS conversions FROM {conversions} GROUP BY ALL)
        SELECT {named(asking)}coalesce(visitors, 0) AS visitors, coalesce(sessions, 0) AS sessions,
          coalesce(views, 0) AS views, coalesce(bounces, 0) AS bounces, bounces / nullif(sessions, 0) AS bounce_rate,
          coalesce(engaged_ms, 0) AS engaged_ms, engaged_ms / nullif(sessions, 0) AS engaged_ms_per_session,
          coalesce(conversions, 0) AS conversions
        FROM (SELECT coalesce(c.by_value, r.by_value) AS by_value, c.* EXCLUDE (by_value), r.conversions
          FROM counted c FULL JOIN reached r ON c.by_value IS NOT DISTINCT FROM r.by_value)
        ORDER BY {_order(asking, "sessions DESC, visitors DESC, conversions DESC")}
    """)


def others(asking: Asking, known: str, time: str = "") -> str:
    """SQL that adds who only has events, as those of a server, to the visitors of sessions or views.

    A day's visitors are all with an event on it; by any other dimension, those without a session have no value. Filters
    are of sessions, so under one there is nothing to add.

    Args:
        asking: The question.
        known: What `Asking.rows` has returned of the sessions or views.
        time: SQL of the hour or week of an event, where these are asked.
    """
    asked = asking.parameters
    count = asking.pinned.count("events", asked.app, asked.start, asked.end)
    if asked.where or asking.shares or count > MOST_ROWS:
        asking.account["visitors_are"] = "those with a session"
        return ""
    asking.account["visitors_are"] = "all with an event"
    events = asking.rows("events", ["user_key", *COUNTED_BY])
    numbers = f"""
        (SELECT e.number, coalesce(s.number, -1 - e.number) AS user_key
         FROM {asking.texts(events, "user_key")} e LEFT JOIN {asking.texts(known, "user_key")} s USING (text))
    """
    value = time or (local_day(asking) if asking.by == "day" else "NULL")
    apart = f"AND k.user_key NOT IN (SELECT user_key FROM {known} WHERE user_key IS NOT NULL)"
    return f"""
        UNION ALL SELECT {value}, k.user_key, {WEIGHT} FROM {events} e JOIN {numbers} k ON e.user_key = k.number
        WHERE {COUNTED} {apart if asking.by is not None and value == "NULL" else ""}
    """


def local_day(asking: Asking) -> str:
    """SQL of the local day of an event."""
    return f"CAST(occurred_at AT TIME ZONE {literal(asking.parameters.zone)} AS DATE)"


def _first_day(asking: Asking) -> str:
    return "by_value, " if asking.by == "day" else ""


def _order(asking: Asking, measures: str) -> str:
    """SQL order: days in theirs, else the greatest first and ties by name."""
    return "by_value" if asking.by == "day" else f"{measures}, by_value NULLS LAST"


def pages(asking: Asking) -> pa.Table:
    """Count views, visitors, entries, exits and engaged time by page."""
    sql, column = dimension(asking, "page_views")
    columns = ["user_key", "page", "viewed", "entry", "exit", "engaged_ms", *([column] if column else [])]
    views = asking.rows("page_views", columns, numbered=["page"])
    viewed = f"(SELECT page, {sql} AS by_value, user_key, {WEIGHT} FROM {views} WHERE viewed AND user_key IS NOT NULL)"
    groups = len(asking.numbered(views, "page")) + 1 if asking.by is None else None
    alike = "NULL" if asking.sampled else asking.different(views, groups, "CASE WHEN viewed THEN user_key END")
    weighted = f"""
        LEFT JOIN ({asking.visitors("page, by_value,", viewed)}) v
          ON s.page IS NOT DISTINCT FROM v.page AND s.by_value IS NOT DISTINCT FROM v.by_value
    """
    return asking.run(f"""
        WITH sums AS (
          SELECT page, {sql} AS by_value, {asking.count("viewed")} AS views,
            {asking.count("viewed AND entry")} AS entries, {asking.count("viewed AND exit")} AS exits,
            {asking.sum("engaged_ms", "true")} AS engaged_ms, {alike} AS viewers
          FROM {views} GROUP BY ALL)
        SELECT {named(asking)}t.text AS page, views, coalesce(visitors, 0) AS visitors, entries, exits, engaged_ms,
          engaged_ms / nullif(views, 0) AS engaged_ms_per_view
        FROM (SELECT s.*, {"v.visitors" if asking.sampled else "viewers AS visitors"} FROM sums s
            {weighted if asking.sampled else ""}) p
          LEFT JOIN {asking.texts(views, "page")} t ON p.page = t.number
        ORDER BY {_first_day(asking)}views DESC, visitors DESC, t.text NULLS LAST, by_value NULLS LAST
    """)


def goals(asking: Asking) -> pa.Table:
    """Count what was reached by goal, with the share of the sessions that the same filters leave."""
    sql, column = dimension(asking, "conversions")
    columns = ["goal", "user_key", "session_id", "value", "event_id", *([column] if column else [])]
    conversions = asking.rows("conversions", columns)
    of_sessions, of_column = dimension(asking, "sessions")
    sessions = asking.rows("sessions", ["continued", *([of_column] if of_column else [])], without=["goal"])
    return asking.run(f"""
        WITH goal_visitors AS (
          SELECT goal, {sql} AS by_value, user_key, max({WEIGHT}) AS w FROM {conversions}
          WHERE user_key IS NOT NULL GROUP BY ALL),
        goal_sessions AS (
          SELECT goal, {sql} AS by_value, session_id, max({WEIGHT}) AS w FROM {conversions}
          WHERE session_id IS NOT NULL GROUP BY ALL),
        all_sessions AS (
          SELECT {of_sessions} AS by_value, {total(WEIGHT)} AS every FROM {sessions} WHERE NOT continued GROUP BY ALL),
        reached AS (
          SELECT goal, {sql} AS by_value, {total(WEIGHT)} AS conversions,
            sum(value * {WEIGHT} / {MILLION} ORDER BY event_id) AS value
          FROM {conversions} GROUP BY ALL)
        SELECT {named(asking)}goal, conversions, sessions, visitors, sessions / nullif(every, 0) AS rate, value
        FROM (
          SELECT r.by_value, r.goal, conversions, coalesce(s.sessions, 0) AS sessions,
            coalesce(v.visitors, 0) AS visitors, every, value
          FROM reached r
          LEFT JOIN (SELECT goal, by_value, {total("w")} AS sessions FROM goal_sessions GROUP BY ALL) s
            ON r.goal = s.goal AND r.by_value IS NOT DISTINCT FROM s.by_value
          LEFT JOIN (SELECT goal, by_value, {total("w")} AS visitors FROM goal_visitors GROUP BY ALL) v
            ON r.goal = v.goal AND r.by_value IS NOT DISTINCT FROM v.by_value
          LEFT JOIN all_sessions a ON r.by_value IS NOT DISTINCT FROM a.by_value)
        ORDER BY {_first_day(asking)}conversions DESC, goal, by_value NULLS LAST
    """)


def _question(name: str, meaning: str, answer: Callable[[Asking], pa.Table], by: str | None) -> Question:
    return Question(
        name,
        meaning,
        tables=("sessions", "conversions", "events"),
        columns=VISIT_COLUMNS,
        keys=(),
        filters=(*PEOPLE, "goal", "customer"),
        answer=answer,
        dimensions=("day", *PEOPLE),
        by=by,
        notes=(
            "Visitors are all with an event in the range, also those of a server without a session; by a dimension of "
            "sessions these stand where there is no value, and a filter leaves them out.",
        ),
    )


QUESTIONS = (
    _question("overview", "Visitors, sessions, views, bounces, time in use and goals.", visits, None),
    _question("sources", "The same by source, medium, campaign or channel.", visits, "source"),
    Question(
        "pages",
        "Views, visitors, entries, exits and time in use by page.",
        tables=("page_views",),
        columns=(
            Column("page", TEXT, "page, after the owner's rules"),
            VIEWS,
            Column("visitors", REAL, "different visitors who viewed it"),
            Column("entries", REAL, "sessions that began on it"),
            Column("exits", REAL, "sessions that ended on it"),
            Column("engaged_ms", REAL, "time in use", unit="ms"),
            Column("engaged_ms_per_view", REAL, "time in use / views", unit="ms"),
        ),
        keys=("page",),
        filters=(*PEOPLE, "page", "release"),
        answer=pages,
        dimensions=("day", *PEOPLE, "release"),
    ),
    Question(
        "goals",
        "Goals that were reached, their value, and the share of the sessions that reached them.",
        tables=("conversions", "sessions"),
        columns=(
            Column("goal", TEXT, "name of the goal"),
            CONVERSIONS,
            Column("sessions", REAL, "sessions that reached it"),
            Column("visitors", REAL, "different visitors who reached it"),
            Column("rate", REAL, "sessions that reached it / all sessions", unit="0 to 1"),
            Column("value", REAL, "sum of the values; null = none has one"),
        ),
        keys=("goal",),
        filters=(*PEOPLE, "goal", "customer"),
        answer=goals,
        dimensions=("day", *PEOPLE),
    ),
)
