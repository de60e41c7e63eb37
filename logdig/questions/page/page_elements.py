"""The elements of a page by how many people click them, and where a page's clicks come from: addresses and boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.question import Question
from logdig.questions.page.cells import PLACE_BITS
from logdig.questions.page.elements import EFFECTS, ON_ELEMENT
from logdig.questions.site.counts import CLICK_FILTERS
from logdig.questions.site.visits import total
from logdig.questions.statistics import Share, wilson
from logdig.tables.declaration import LONG, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa

BOX = 2**PLACE_BITS - 1
"""The full width or height of an element in ex and ey."""


def elements(asking: Asking) -> pa.Table:
    """List elements by clicks; the account holds the page's views and visitors."""
    import pyarrow as pa

    columns = ["selector", "link", "tag", "user_key", "after", "dead"]
    clicks = asking.rows("clicks", columns, numbered=["selector", "link"])
    views = asking.rows("page_views", ["user_key", "viewed"])
    selectors, links = asking.texts(clicks, "selector"), asking.texts(clicks, "link")
    followed = {name: f"after.{effect} IS NOT NULL" for name, effect in EFFECTS.items()} | {"dead": "dead"}
    counts = ", ".join(f"{total(f'CASE WHEN {sql} THEN {WEIGHT} END')} AS {name}" for name, sql in followed.items())
    [page] = asking.run(f"""
        SELECT {total(WEIGHT)} AS views, count(DISTINCT user_key) AS viewers,
          (SELECT count(DISTINCT user_key) FROM {clicks}) AS clickers
        FROM {views} WHERE viewed
    """).to_pylist()
    # The view of a visitor who clicked may be lost.
    visitors = max(page.pop("viewers"), page.pop("clickers"))
    asking.account.update(page, visitors=visitors)
    rows = asking.run(f"""
        SELECT s.text AS selector, l.text AS link, tag, clicks, visitors, {", ".join(followed)}
        FROM (
          SELECT selector, link, min(tag) AS tag, {total(WEIGHT)} AS clicks, count(DISTINCT user_key) AS visitors,
            {counts}
          FROM {clicks} WHERE selector IS NOT NULL GROUP BY selector, link) c
        JOIN {selectors} s ON c.selector = s.number LEFT JOIN {links} l ON c.link = l.number
        ORDER BY clicks DESC, visitors DESC, s.text, l.text NULLS LAST
    """).to_pylist()
    for row in rows:
        interval = wilson(Share(row["visitors"], visitors))
        row.update(share=interval.estimate, low=interval.low, high=interval.high)
        row["clicks_per_100_views"] = 100 * row["clicks"] / page["views"] if page["views"] else None
    from logdig.marts.columns import arrow_schema

    return pa.Table.from_pylist(rows, arrow_schema(COLUMNS))


def addresses(asking: Asking) -> pa.Table:
    """List the addresses of pages by views."""
    views = asking.rows("page_views", ["page", "host", "path", "viewed"])
    return asking.run(f"""
        SELECT page, host, path, {total(WEIGHT)} AS views FROM {views}
        WHERE viewed AND page IS NOT NULL AND host <> '' GROUP BY page, host, path
        ORDER BY views DESC, page, host, path
    """)


def variants(asking: Asking) -> pa.Table:
    """List the experiments that views were in, each with its variants, the most seen first."""
    views = asking.rows("page_views", ["user_key", "viewed", "experiments"])
    return asking.run(f"""
        SELECT entry.key AS experiment, entry.value AS variant, count(DISTINCT user_key) AS visitors
        FROM (SELECT user_key, unnest(map_entries(experiments)) AS entry FROM {views} WHERE viewed)
        GROUP BY ALL ORDER BY experiment, visitors DESC, variant
    """)


def boxes(asking: Asking) -> pa.Table:
    """Tell where elements lay when they were clicked, at the commonest width of the window."""
    columns = ["selector", "link", "x", "y", "sx", "sy", "ex", "ey", "w", "h", "fixed", "vw", "vh"]
    clicks = asking.rows("clicks", columns, numbered=["selector", "link"])
    selectors, links = asking.texts(clicks, "selector"), asking.texts(clicks, "link")
    edges = {
        f"box_{axis}": f"{axis} - CASE WHEN fixed THEN coalesce(s{axis}, 0) ELSE 0 END - e{axis} / {BOX} * {size}"
        for axis, size in (("x", "w"), ("y", "h"))
    }
    [common] = asking.run(f"""
        SELECT vw, median(vh) AS vh FROM {clicks} WHERE vw IS NOT NULL GROUP BY vw
        ORDER BY sum({WEIGHT}) DESC, vw DESC LIMIT 1
    """).to_pylist() or [{"vw": None, "vh": None}]
    asking.account.update(common)
    medians = ", ".join(f"median({sql}) AS {name}" for name, sql in {**edges, "box_w": "w", "box_h": "h"}.items())
    return asking.run(f"""
        SELECT s.text AS selector, l.text AS link, fixed, box_x, box_y, box_w, box_h
        FROM (
          SELECT selector, link, bool_or(coalesce(fixed, false)) AS fixed, {medians} FROM {clicks}
          WHERE {ON_ELEMENT} AND x IS NOT NULL AND y IS NOT NULL AND w IS NOT NULL AND h IS NOT NULL
            AND vw = {common["vw"] if common["vw"] is not None else "NULL"}
          GROUP BY selector, link) c
        JOIN {selectors} s ON c.selector = s.number LEFT JOIN {links} l ON c.link = l.number
        ORDER BY s.text, l.text NULLS LAST
    """)


SELECTOR = Column("selector", TEXT, "finds the element")
LINK = Column("link", TEXT, "where the element led, or what it was called")
VIEWS = Column("views", REAL, "page views")
COLUMNS = (
    SELECTOR,
    LINK,
    Column("tag", TEXT, "name of the element"),
    Column("clicks", REAL, "clicks"),
    Column("clicks_per_100_views", REAL, "100 x clicks / views of the page"),
    Column("visitors", LONG, "different visitors who clicked it"),
    Column("share", REAL, "visitors / visitors of the page", unit="0 to 1"),
    Column("low", REAL, "lower bound of the share, 95 %", unit="0 to 1"),
    Column("high", REAL, "upper bound", unit="0 to 1"),
    Column("changed", REAL, "clicks after which the page changed"),
    Column("scrolled", REAL, "after which it was scrolled"),
    Column("navigated", REAL, "after which it was left"),
    Column("hidden", REAL, "after which the window lost focus"),
    Column("input", REAL, "after which a field, the selection or the clipboard changed"),
    Column("dead", REAL, "watched for 2.5 s, and nothing followed"),
)

QUESTIONS = (
    Question(
        "elements",
        "Elements of a page by clicks, the share of visitors who click them, and what followed.",
        tables=("clicks", "page_views"),
        columns=COLUMNS,
        keys=("selector", "link"),
        filters=CLICK_FILTERS,
        answer=elements,
        needs=("page",),
        compares=False,
        notes=("Visitors are counted as they are, not weighted: the interval needs people.",),
    ),
)
ADDRESSES = Question(
    "addresses",
    "Addresses of pages, by views.",
    tables=("page_views",),
    columns=(
        Column("page", TEXT, "page, after the owner's rules"),
        Column("host", TEXT, "host with its port"),
        Column("path", TEXT, "page before the owner's groups"),
        VIEWS,
    ),
    keys=("page", "host", "path"),
    filters=("page", "host", "release", "device"),
    answer=addresses,
    compares=False,
)
"""Asked by `logdig pages capture`, which opens them."""
VARIANTS = Question(
    "variants",
    "Experiments that a page's views were in.",
    tables=("page_views",),
    columns=(
        Column("experiment", TEXT, "name of the experiment"),
        Column("variant", TEXT, "what the visitors were shown"),
        Column("visitors", LONG, "different visitors"),
    ),
    keys=("experiment", "variant"),
    filters=("page",),
    answer=variants,
    compares=False,
)
"""What the map offers to put side by side."""
BOXES = Question(
    "boxes",
    "Where elements lay when they were clicked, at the commonest width.",
    tables=("clicks",),
    columns=(
        SELECTOR,
        LINK,
        Column("fixed", YES_NO, "the element stays when the page is scrolled"),
        Column("box_x", REAL, "median of its left edge", unit="page px"),
        Column("box_y", REAL, "of its top", unit="page px"),
        Column("box_w", REAL, "of its width", unit="px"),
        Column("box_h", REAL, "of its height", unit="px"),
    ),
    keys=("selector", "link"),
    filters=CLICK_FILTERS,
    answer=boxes,
    needs=("page",),
    compares=False,
)
"""What the map draws where a page has no picture."""
