"""Where people are stuck: bursts of clicks, clicks that nothing follows, pages that are left at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from logdig.marts.progress import REACH_DAYS
from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.question import Question
from logdig.questions.page.elements import EFFECTS
from logdig.questions.site.counts import CLICK_FILTERS
from logdig.questions.site.visits import total
from logdig.tables.declaration import REAL, TEXT, YES_NO, Column, ListOf

if TYPE_CHECKING:
    import pyarrow as pa

KNOWN_DAYS = 28
"""Up to the end of the range: in them elements are judged whether they are repeat-prone."""
KNOWN_VISITORS, REPEATING_SHARE = 20, 0.2
"""A repeat-prone element has so many visitors, and so large a share of them made a burst that worked."""
KNOWN_BURSTS, USUAL = 50, 0.95
"""On it only bursts longer than this share of its bursts count, and none while fewer are known."""
EXAMPLES = 3
CLICK_COLUMNS = (
    "page", "selector", "tag", "host", "release", "device", "country", "experiments", "user_key", "session_id",
    "page_view_id", "event_id", "seq", "timestamp", "occurred_at", "x", "y", "after",
)  # fmt: skip
VIEW_COLUMNS = (
    "page", "host", "release", "device", "country", "experiments", "user_key", "session_id", "place", "timestamp",
    "viewed",
)  # fmt: skip
FOLLOWED = " OR ".join(f"after.{effect} IS NOT NULL" for effect in EFFECTS.values())


def frustration(asking: Asking) -> pa.Table:
    """List elements and pages by how often people were stuck there."""
    first, last = asking.parameters.start, asking.parameters.end
    day = timedelta(days=1)
    # A view that goes on past midnight is judged whole.
    from_day = min(first - day, last - timedelta(days=KNOWN_DAYS - 1) - day)
    clicks = asking.rows("clicks", CLICK_COLUMNS, from_day, last + day, without=list(asking.parameters.where))
    views = asking.rows("page_views", VIEW_COLUMNS, first - day, last + day, without=list(asking.parameters.where))
    found = f"""
        {_bursts(asking, clicks)},
        found AS ({_rage(asking)} UNION ALL {_dead(asking, clicks)} UNION ALL {_returns(asking, views)}),
        possible AS ({_possible(asking, clicks, views)}),
        texts AS (
          SELECT 'page' AS of, number, text FROM {asking.texts(views, "session_id")} UNION ALL
          SELECT 'click' AS of, number, text FROM {asking.texts(clicks, "session_id")}),
        {_examples()},
        visitors AS (
          SELECT kind, page, selector, user_key, sum({WEIGHT}) AS times, max({WEIGHT}) AS visitor, min(tag) AS tag,
            bool_or(repeat_prone) AS repeat_prone
          FROM found GROUP BY ALL),
        counted AS (
          SELECT kind, page, selector, min(tag) AS tag, {total("times")} AS times,
            {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors,
            coalesce(bool_or(repeat_prone), false) AS repeat_prone
          FROM visitors GROUP BY kind, page, selector)
    """
    asking.account["repeat_prone"] = _judged(asking, clicks)
    return asking.run(f"""
        WITH {found}
        SELECT c.kind, c.page, c.selector, c.tag, c.times, c.visitors, p.possible AS of, c.times / p.possible AS share,
          c.repeat_prone, e.sessions
        FROM counted c
        JOIN possible p ON c.kind = p.kind AND c.page IS NOT DISTINCT FROM p.page
          AND c.selector IS NOT DISTINCT FROM p.selector
        LEFT JOIN examples e ON c.kind = e.kind AND c.page IS NOT DISTINCT FROM e.page
          AND c.selector IS NOT DISTINCT FROM e.selector
        ORDER BY c.repeat_prone, c.times DESC, c.visitors DESC, c.kind, c.page NULLS LAST, c.selector NULLS LAST
    """)


def _asked_days(asking: Asking) -> str:
    return f"day BETWEEN DATE '{asking.parameters.start}' AND DATE '{asking.parameters.end}'"


def _apart(first: int, second: int) -> str:
    """SQL of the square of the distance of two neighbours of a click."""
    x = f"(lead(x, {first}) OVER view - lead(x, {second}) OVER view)"
    y = f"(lead(y, {first}) OVER view - lead(y, {second}) OVER view)"
    return f"{x} * {x} + {y} * {y}"


def _bursts(asking: Asking, clicks: str) -> str:
    """SQL of the longest runs of clicks of which any three neighbours are near in time and place, a row each.

    ``close`` = with the next two; numbers of clicks that are close, less their own rank, are the same along a run.
    """
    limits = asking.parameters.thresholds
    near = " AND ".join(f"{_apart(*pair)} <= {limits.rage_px**2}" for pair in ((0, 1), (1, 2), (0, 2)))
    span = f"greatest(t, {_next(1)}, {_next(2)}) - least(t, {_next(1)}, {_next(2)})"
    order = "PARTITION BY session_id, page_view_id ORDER BY seq NULLS LAST, t, event_id"
    return f"""
        ordered AS (
          SELECT *, epoch_us(coalesce("timestamp", occurred_at)) AS t, {FOLLOWED} AS followed FROM {clicks}
          WHERE after IS NOT NULL AND session_id IS NOT NULL AND page_view_id IS NOT NULL),
        neighbours AS (
          SELECT *, row_number() OVER view AS n, sum(followed::INTEGER) OVER view AS followed_so_far,
            lead(t, 2) OVER view IS NOT NULL AND {span} <= {limits.rage_ms * 1000} AND {near} AS close
          FROM ordered WINDOW view AS ({order})),
        runs AS (
          SELECT session_id, page_view_id, min(n) AS first, max(n) + 2 AS last
          FROM (SELECT session_id, page_view_id, n,
              n - row_number() OVER (PARTITION BY session_id, page_view_id ORDER BY n) AS run
            FROM neighbours WHERE close)
          GROUP BY session_id, page_view_id, run HAVING max(n) + 3 - min(n) >= {limits.rage_clicks}),
        bursts AS (
          SELECT a.* EXCLUDE (n, close, followed, followed_so_far), r.last - r.first + 1 AS length,
            z.followed_so_far - a.followed_so_far + a.followed::INTEGER = r.last - r.first + 1 AS worked
          FROM runs r
          JOIN neighbours a ON (a.session_id, a.page_view_id, a.n) = (r.session_id, r.page_view_id, r.first)
          JOIN neighbours z ON (z.session_id, z.page_view_id, z.n) = (r.session_id, r.page_view_id, r.last)),
        {_repeat_prone(asking, clicks)}
    """


def _next(place: int) -> str:
    return f"lead(t, {place}) OVER view"


def _repeat_prone(asking: Asking, clicks: str) -> str:
    """SQL of the elements on which clicking again and again works, with the length that is usual there."""
    last = asking.parameters.end
    known = f"day BETWEEN DATE '{last - timedelta(days=KNOWN_DAYS - 1)}' AND DATE '{last}' AND selector IS NOT NULL"
    return f"""
        prone AS (
          SELECT page, selector, clicked, repeated, bursts, usual AS usually,
            CASE WHEN bursts >= {KNOWN_BURSTS} THEN usual END AS usual
          FROM (SELECT page, selector, count(DISTINCT user_key) AS clicked FROM {clicks} WHERE {known} GROUP BY ALL)
          JOIN (SELECT page, selector, count(*) AS bursts, quantile_cont(length, {USUAL}) AS usual,
              count(DISTINCT user_key) FILTER (worked) AS repeated
            FROM bursts WHERE {known} GROUP BY ALL) USING (page, selector)
          WHERE clicked >= {KNOWN_VISITORS} AND repeated >= clicked * {REPEATING_SHARE})
    """


def _judged(asking: Asking, clicks: str) -> list[dict[str, Any]]:
    """Repeat-prone elements, most bursts first: what they are judged by, and how many of their bursts count."""
    found = asking.run(f"""
        WITH {_bursts(asking, clicks)},
        counted AS (SELECT page, selector, count(*) AS counted FROM ({_rage(asking)}) WHERE repeat_prone GROUP BY ALL)
        SELECT page, selector, clicked AS visitors, repeated, bursts, usually AS usual,
          coalesce(counted, 0) AS counted
        FROM prone LEFT JOIN counted USING (page, selector) ORDER BY bursts DESC, page, selector
    """)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def _rage(asking: Asking) -> str:
    return f"""
        SELECT 'rage' AS kind, b.page, b.selector, tag, user_key, session_id, {WEIGHT},
          p.page IS NOT NULL AS repeat_prone
        FROM bursts b LEFT JOIN prone p ON b.page = p.page AND b.selector = p.selector
        WHERE {_asked_days(asking)} AND {_met(asking, "clicks", "b")} AND (p.page IS NULL OR length > p.usual)
    """


def _met(asking: Asking, table: str, alias: str) -> str:
    """SQL of the filters; ``alias`` says whose columns, where two sides have the same."""
    return asking.met(table).replace('"page"', f"{alias}.page")


def _dead(asking: Asking, clicks: str) -> str:
    watched = asking.parameters.thresholds.dead_ms
    return f"""
        SELECT 'dead', page, selector, tag, user_key, session_id, {WEIGHT}, false FROM {clicks}
        WHERE {_asked_days(asking)} AND {asking.met("clicks")} AND after.watched_ms >= {watched} AND NOT ({FOLLOWED})
    """


def _returns(asking: Asking, views: str) -> str:
    """SQL of views after which the view before came again: the same page, soon after.

    Places begin anew where a session's id comes again after a long silence: then it is another session.
    """
    return f"""
        SELECT 'quick return', page, NULL, NULL, user_key, session_id, {WEIGHT}, false
        FROM (SELECT *, lag(page) OVER session AS came_from, lead(page) OVER session AS went_to,
            epoch_us(lead("timestamp") OVER session) - epoch_us("timestamp") AS stayed
          FROM (SELECT *, sum((silent > {REACH_DAYS})::INTEGER) OVER (PARTITION BY session_id ORDER BY day) AS part
            FROM (SELECT *, day - lag(day) OVER (PARTITION BY session_id ORDER BY day) AS silent
              FROM {views} WHERE viewed AND place IS NOT NULL))
          WINDOW session AS (PARTITION BY session_id, part ORDER BY place))
        WHERE {_asked_days(asking)} AND {asking.met("page_views")} AND came_from = went_to AND came_from <> page
          AND stayed BETWEEN 0 AND {asking.parameters.thresholds.return_ms * 1000}
    """


def _possible(asking: Asking, clicks: str, views: str) -> str:
    """SQL of how many there could have been: clicks whose effects are known, views."""
    asked = f"{_asked_days(asking)} AND {asking.met('clicks')} AND after IS NOT NULL"
    return f"""
        SELECT kind, page, selector, {total(WEIGHT)} AS possible FROM {clicks}, (VALUES ('rage'), ('dead')) AS k (kind)
        WHERE {asked} GROUP BY ALL
        UNION ALL
        SELECT 'quick return', page, NULL, {total(WEIGHT)} FROM {views}
        WHERE {_asked_days(asking)} AND {asking.met("page_views")} AND viewed GROUP BY ALL
    """


def _examples() -> str:
    """SQL of the sessions in which it happened most often, of a few."""
    return f"""
        examples AS (
          SELECT kind, page, selector, list(text ORDER BY often DESC, text)[1:{EXAMPLES}] AS sessions
          FROM (SELECT kind, page, selector, text, count(*) AS often
            FROM found JOIN texts ON session_id = number AND (of = 'page') = (kind = 'quick return')
            GROUP BY ALL)
          GROUP BY kind, page, selector)
    """


QUESTIONS = (
    Question(
        "frustration",
        "Elements on which people click in bursts or in vain, and pages that they leave at once.",
        tables=("clicks", "page_views"),
        columns=(
            Column("kind", TEXT, "rage, dead or quick return"),
            Column("page", TEXT, "page; of a quick return the one that was left"),
            Column("selector", TEXT, "element; of a burst that of its first click"),
            Column("tag", TEXT, "name of the element"),
            Column("times", REAL, "bursts, clicks or returns"),
            Column("visitors", REAL, "different visitors"),
            Column("of", REAL, "clicks on the element whose effects are known, or views of the page"),
            Column("share", REAL, "times / of", unit="0 to 1"),
            Column("repeat_prone", YES_NO, "clicking again and again works there; only unusually long bursts count"),
            Column("sessions", ListOf(TEXT), "examples"),
        ),
        keys=("kind", "page", "selector"),
        filters=CLICK_FILTERS,
        answer=frustration,
        notes=("Bursts on repeat-prone elements stand last.",),
    ),
)
