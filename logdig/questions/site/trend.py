"""What `overview` counts, by hour and week too, and of the visitors of a page or release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.database import literal
from logdig.questions.engine.parameters import column_of, needed_column
from logdig.questions.engine.question import Question
from logdig.questions.site.visits import PEOPLE, VISIT_COLUMNS, local_day, named, others, total, visits

if TYPE_CHECKING:
    import pyarrow as pa

OF_VIEWS = ("page", "release")
"""Filters that only views know: sessions with such a view are counted, and those views."""
OF_SESSIONS = ("goal", "customer")
"""Filters that views do not know: views of such sessions are counted."""
OF_MOMENTS = ("hour", "week", "page")
"""Dimensions that a session has not one of."""
MEASURES = ("visitors", "sessions", "views", "bounces", "engaged_ms", "conversions")


def trend(asking: Asking) -> pa.Table:
    """Count as `visits` does; by hour, by week, and where views are filtered, from the views themselves."""
    if asking.by not in OF_MOMENTS and not any(name in asking.parameters.where for name in OF_VIEWS):
        return visits(asking)
    where = asking.parameters.where
    view_time, session_time = ("occurred_at", "began_at") if asking.by == "hour" else ("", "")
    view_by, view_columns = _dimension(asking, "page_views", view_time)
    session_by, session_columns = _dimension(asking, "sessions", session_time)
    goal_by, goal_columns = _dimension(asking, "conversions", view_time)
    views = asking.rows(
        "page_views", ["user_key", "session_id", "viewed", "engaged_ms", *view_columns], without=OF_SESSIONS
    )
    sessions = asking.rows("sessions", ["session_id", "continued", "bounce", *session_columns], without=OF_VIEWS)
    conversions = asking.rows("conversions", ["session_id", *goal_columns], without=OF_VIEWS)
    by_views = any(name in where for name in OF_VIEWS)
    in_views = _known(asking, sessions, views, "viewed") if by_views else "true"
    reached_in_views = _known(asking, conversions, views, "viewed") if by_views else "true"
    in_sessions = (
        _known(asking, views, sessions, "true")
        if any(name in where for name in OF_SESSIONS)
        else "session_id IS NOT NULL"
    )
    time = _time(asking, "occurred_at", local_day(asking))
    more = others(asking, views, time) if time else ""
    parts = f"""
        SELECT by_value, sum(visitor) AS visitors, 0 AS sessions, 0 AS views, 0 AS bounces, 0 AS engaged_ms,
          0 AS conversions
        FROM (SELECT by_value, user_key, max({WEIGHT}) AS visitor
          FROM (SELECT {view_by} AS by_value, user_key, {WEIGHT} FROM {views}
            WHERE viewed AND user_key IS NOT NULL AND {in_sessions} {more})
          GROUP BY by_value, user_key)
        GROUP BY by_value
        UNION ALL
        SELECT {view_by}, 0, 0, sum(CASE WHEN viewed THEN {WEIGHT} END), 0, sum({asking.times("engaged_ms")}), 0
        FROM {views} WHERE {in_sessions} GROUP BY 1
        UNION ALL
        SELECT {session_by}, 0, sum(CASE WHEN NOT continued THEN {WEIGHT} END), 0,
          sum(CASE WHEN bounce THEN {WEIGHT} END), 0, 0
        FROM {sessions} WHERE {in_views} GROUP BY 1
        UNION ALL
        SELECT {goal_by}, 0, 0, 0, 0, 0, sum({WEIGHT}) FROM {conversions} WHERE {reached_in_views} GROUP BY 1
    """
    sums = ", ".join(f"{total(name)} AS {name}" for name in MEASURES)
    order = "by_value" if asking.by in ("hour", "week", "day") else "visitors DESC, sessions DESC, conversions DESC"
    return asking.run(f"""
        WITH counted AS (
          SELECT {"by_value, " if asking.by else ""}{sums} FROM ({parts}) {"GROUP BY by_value" if asking.by else ""})
        SELECT {named(asking)}visitors, sessions, views, bounces, bounces / nullif(sessions, 0) AS bounce_rate,
          engaged_ms, engaged_ms / nullif(sessions, 0) AS engaged_ms_per_session, conversions
        FROM counted {f"ORDER BY {order}, by_value NULLS LAST" if asking.by else ""}
    """)


def _dimension(asking: Asking, table: str, time: str) -> tuple[str, list[str]]:
    """SQL of the dimension over a table, and the columns that it reads."""
    by = asking.by
    if sql := _time(asking, time, "day"):
        return sql, [time] if time else []
    if by is None:
        return "NULL", []
    if by == "page" and table == "sessions":
        return "entry_page", ["entry_page"]
    return column_of(table, by), [needed_column(table, by)]


def _time(asking: Asking, time: str, day: str) -> str:
    """SQL of the local hour of a time or of the week of a local day; empty where neither is asked."""
    if asking.by == "hour":
        local = f"CAST({time} AT TIME ZONE {literal(asking.parameters.zone)} AS TIMESTAMP)"
        return f"strftime(date_trunc('hour', {local}), '%Y-%m-%dT%H:00')"
    return f"strftime(date_trunc('week', {day}), '%Y-%m-%d')" if asking.by == "week" else ""


def _known(asking: Asking, rows: str, others: str, condition: str) -> str:
    """SQL condition: the row's session is among those of other rows that meet a condition."""
    return f"""session_id IN (
        SELECT own.number FROM {asking.texts(rows, "session_id")} own
        WHERE own.text IN (SELECT text FROM {asking.texts(others, "session_id")}
          WHERE number IN (SELECT session_id FROM {others} WHERE {condition})))"""


QUESTIONS = (
    Question(
        "trend",
        "What overview counts, by hour, day, week or any other dimension, and of the visitors of a page.",
        tables=("sessions", "conversions", "page_views", "events"),
        columns=VISIT_COLUMNS,
        keys=(),
        filters=(*PEOPLE, *OF_VIEWS, *OF_SESSIONS),
        answer=trend,
        dimensions=("hour", "day", "week", "page", *PEOPLE),
        by=None,
        notes=(
            "With a filter by page or release: views and time in use are of those views; sessions, bounces and goals "
            "are of the sessions that have one; visitors are who viewed it.",
            "By page: views, time in use, visitors and goals of the page; sessions and bounces that began there.",
            "Weeks begin on Monday; the first and last may lie only partly in the range.",
        ),
    ),
)
