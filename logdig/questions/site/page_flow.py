"""What happens on a page beside its views: depth, goals, own events, and the pages before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.question import Question
from logdig.questions.site.visits import CONVERSIONS, COUNTED, COUNTED_BY, PEOPLE, total
from logdig.tables.declaration import REAL, TEXT, Column

if TYPE_CHECKING:
    import pyarrow as pa


def depths(asking: Asking) -> pa.Table:
    """Mean depth of the views whose depth is known, and goals reached, by page."""
    views = asking.rows("page_views", ["page", "viewed", "depth_share"])
    reached = asking.rows("conversions", ["page"])
    return asking.run(f"""
        WITH views AS (
          SELECT page, {total(WEIGHT)} AS views,
            sum(depth_share * {WEIGHT} ORDER BY depth_share, {WEIGHT}) / sum({WEIGHT}) AS depth
          FROM {views} WHERE viewed AND depth_share IS NOT NULL GROUP BY page),
        goals AS (SELECT page, {total(WEIGHT)} AS conversions FROM {reached} GROUP BY page)
        SELECT coalesce(v.page, g.page) AS page, depth, coalesce(views, 0) AS views_scrolled,
          coalesce(conversions, 0) AS conversions
        FROM views v FULL JOIN goals g ON v.page IS NOT DISTINCT FROM g.page
        ORDER BY views_scrolled DESC, conversions DESC, page NULLS LAST
    """)


def flow(asking: Asking) -> pa.Table:
    """Count the pages before and after the views of a page; sessions that began there by their source."""
    rows = asking.rows("page_views", ["viewed", "place", "entry", "previous_page", "next_page", "source"])
    return asking.run(f"""
        WITH views AS (SELECT *, coalesce(entry, false) AS began FROM {rows} WHERE viewed AND place IS NOT NULL),
        steps AS (
          SELECT 'from' AS direction, CASE WHEN NOT began THEN previous_page END AS other,
            CASE WHEN began THEN source END AS source, {WEIGHT} FROM views
          UNION ALL SELECT 'to', next_page, NULL, {WEIGHT} FROM views)
        SELECT direction, other, source, {total(WEIGHT)} AS views FROM steps GROUP BY ALL
        ORDER BY direction, views DESC, other NULLS LAST, source NULLS LAST
    """)


def page_events(asking: Asking) -> pa.Table:
    """Count the site's own events that happened in views of a page."""
    views = asking.rows("page_views", ["page_view_id"])
    events = asking.rows(
        "events", ["page_view_id", "user_key", "type", "custom", *COUNTED_BY], without=list(asking.parameters.where)
    )
    known = asking.texts(views, "page_view_id")
    own = asking.texts(events, "page_view_id")
    return asking.run(f"""
        WITH visitors AS (
          SELECT custom.name AS name, user_key, sum({WEIGHT}) AS events, max({WEIGHT}) AS visitor FROM {events}
          WHERE type = 'custom' AND {COUNTED} AND page_view_id IN (
            SELECT number FROM {own} WHERE text IN (
              SELECT text FROM {known} WHERE number IN (SELECT page_view_id FROM {views})))
          GROUP BY ALL)
        SELECT name, {total("events")} AS events, {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors
        FROM visitors GROUP BY name ORDER BY events DESC, visitors DESC, name NULLS LAST
    """)


OF_A_PAGE = (*PEOPLE, "page", "release")

QUESTIONS = (
    Question(
        "depths",
        "How far each page is seen, and the goals that are reached on it.",
        tables=("page_views", "conversions"),
        columns=(
            Column("page", TEXT, "page"),
            Column("depth", REAL, "mean share of the page that was seen, of views with a scroll event", unit="0 to 1"),
            Column("views_scrolled", REAL, "views with a scroll event"),
            CONVERSIONS,
        ),
        keys=("page",),
        filters=(*PEOPLE, "page"),
        answer=depths,
    ),
    Question(
        "flow",
        "Where people come from to a page, and where they go from it.",
        tables=("page_views",),
        columns=(
            Column("direction", TEXT, "from or to"),
            Column("other", TEXT, "page before or after; null = the session began or ended there"),
            Column("source", TEXT, "source of the session, where it began there"),
            Column("views", REAL, "views of the page"),
        ),
        keys=("direction", "other", "source"),
        filters=OF_A_PAGE,
        answer=flow,
        needs=("page",),
        notes=("Views outside of sessions have neither.",),
    ),
    Question(
        "page_events",
        "The site's own events in views of a page.",
        tables=("page_views", "events"),
        columns=(
            Column("name", TEXT, "the site's own name"),
            Column("events", REAL, "events of people"),
            Column("visitors", REAL, "different visitors with such an event"),
        ),
        keys=("name",),
        filters=OF_A_PAGE,
        answer=page_events,
        needs=("page",),
    ),
)
