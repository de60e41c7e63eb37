"""Where on a page people click, and where the pointer stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.question import Question
from logdig.questions.site.counts import CLICK_FILTERS
from logdig.questions.site.visits import total
from logdig.tables.declaration import INT, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa

CELL_PX = 8
"""Greatest width and height of a cell."""
PLACE_BITS = 15
"""A place inside an element is told in 1 / 2^15 of its box."""
LEVEL_OF_NO_BOX = 4
"""Halvings where the element's size is not known: 16 by 16 cells."""
EFFECTS = {
    "changed": "mutation_ms",
    "scrolled": "scroll_ms",
    "navigated": "navigated_ms",
    "hidden": "hidden_ms",
    "input": "input_ms",
}
"""What may follow a click, by the column that counts it."""
FOLLOWED = {name: f"after.{effect} IS NOT NULL" for name, effect in EFFECTS.items()} | {"dead": "dead"}
"""SQL of what the columns of a heatmap count."""


ON_ELEMENT = "selector IS NOT NULL AND ex IS NOT NULL AND ey IS NOT NULL"
ON_PAGE = f"NOT ({ON_ELEMENT}) AND x IS NOT NULL AND y IS NOT NULL"
LEVEL_BITS, PAGE_BITS = 4, 22
"""Of a cell's number; x and y are at most 10,000,000 px from 0."""
PAGE_MIDDLE = 2 ** (PAGE_BITS - 1)


def level(size: str) -> str:
    """SQL of how often an element is halved until a cell is at most CELL_PX wide."""
    halvings = f"CAST(ceil(log2(greatest({size}, {CELL_PX}) / {CELL_PX})) AS INTEGER)"
    return f"CASE WHEN {size} IS NULL THEN {LEVEL_OF_NO_BOX} ELSE least({halvings}, {PLACE_BITS}) END"


def _packed(parts: Sequence[tuple[str, int]]) -> str:
    """SQL of whole numbers from 0 in one, each in so many bits, the first ones highest."""
    packed = f"{parts[0][0]}::BIGINT"
    for value, bits in parts[1:]:
        packed = f"({packed} << {bits} | {value})"
    return packed


def _unpacked(name: str, parts: Sequence[tuple[str, int]]) -> dict[str, str]:
    """SQL of each part of such a number, by name."""
    found, shift = {}, 0
    for part, bits in reversed(parts):
        found[part] = f"({name} >> {shift} & {2**bits - 1})::INTEGER"
        shift += bits
    return found


ELEMENT_PARTS = (
    ("selector", 24), ("is_fixed", 1), ("level_x", LEVEL_BITS), ("level_y", LEVEL_BITS), ("cell_x", PLACE_BITS),
    ("cell_y", PLACE_BITS),
)  # fmt: skip
PAGE_PARTS = (("is_fixed", 1), ("cell_x", PAGE_BITS), ("cell_y", PAGE_BITS))
"""What makes up a cell's number; those of the page are below zero."""


def _cells(clicks: str, *, weighted: bool) -> str:
    """SQL of the clicks with ``cell``, a number that stands for all that a cell is; null = the click has no place.

    Args:
        clicks: What `Asking.rows` has returned.
        weighted: Whether any of them counts more or less than once.
    """
    element = {
        "selector": "selector", "is_fixed": "is_fixed", "level_x": "level_x", "level_y": "level_y",
        "cell_x": f"(ex >> ({PLACE_BITS} - level_x))", "cell_y": f"(ey >> ({PLACE_BITS} - level_y))",
    }  # fmt: skip
    page = {
        "is_fixed": "is_fixed", **{
            f"cell_{axis}": f"(CAST(floor({axis} / {CELL_PX}) AS BIGINT) + {PAGE_MIDDLE})" for axis in ("x", "y")
        },
    }  # fmt: skip
    in_element, in_page = (
        _packed([(sql[name], bits) for name, bits in parts])
        for sql, parts in ((element, ELEMENT_PARTS), (page, PAGE_PARTS))
    )
    followed = ", ".join(f"{sql} AS {name}" for name, sql in FOLLOWED.items())
    weight = f", {WEIGHT}" if weighted else ""
    return f"""
        SELECT CASE WHEN {ON_ELEMENT} THEN {in_element} WHEN {ON_PAGE} THEN -1 - {in_page} END AS cell,
          CASE WHEN {ON_ELEMENT} THEN link END AS link, tag, x, y, user_key{weight}, {followed}
        FROM (SELECT *, {level("w")} AS level_x, {level("h")} AS level_y, coalesce(fixed, false)::INTEGER AS is_fixed
          FROM {clicks})
    """


def _described() -> str:
    """SQL of what the number `cell` stands for."""
    inside, outside = _unpacked("cell", ELEMENT_PARTS), _unpacked("(-1 - cell)", PAGE_PARTS)
    return f"""
        CASE WHEN cell >= 0 THEN {inside["selector"]} END AS number,
        CASE WHEN cell >= 0 THEN {inside["is_fixed"]} ELSE {outside["is_fixed"]} END = 1 AS fixed,
        CASE WHEN cell >= 0 THEN {inside["level_x"]} END AS level_x,
        CASE WHEN cell >= 0 THEN {inside["level_y"]} END AS level_y,
        CASE WHEN cell >= 0 THEN {inside["cell_x"]} ELSE {outside["cell_x"]} - {PAGE_MIDDLE} END AS cell_x,
        CASE WHEN cell >= 0 THEN {inside["cell_y"]} ELSE {outside["cell_y"]} - {PAGE_MIDDLE} END AS cell_y
    """


def heatmap(asking: Asking) -> pa.Table:
    """Count clicks by cell; the account says how many are placed by their element, by the page, and not at all."""
    import pyarrow.compute as pc

    columns = ["selector", "link", "tag", "ex", "ey", "w", "h", "fixed", "x", "y", "user_key", "after", "dead"]
    clicks = asking.rows("clicks", columns, numbered=["selector", "link"])
    selectors, links = asking.texts(clicks, "selector"), asking.texts(clicks, "link")
    cells = f"({_cells(clicks, weighted=asking.sampled)})"
    visitors, beside = asking.count("", "DISTINCT user_key"), ""
    if asking.sampled:
        cells = asking.keep(cells)
        visitors = "any_value(visitors)"
        same = "c.cell = v.cell AND c.link IS NOT DISTINCT FROM v.link"
        beside = f"LEFT JOIN ({_weighted_visitors(asking, cells)}) v ON {same}"
    counts = ", ".join(f"{asking.count(name)} AS {name}" for name in FOLLOWED)
    known = "x IS NOT NULL AND y IS NOT NULL"
    means = ", ".join(f"{asking.sum(axis, known)} / nullif({asking.count(known)}, 0) AS {axis}" for axis in ("x", "y"))
    found = asking.run(f"""
        WITH counted AS (
          SELECT c.cell, c.link, min(tag) AS tag, {asking.count()} AS clicks, coalesce({visitors}, 0) AS visitors,
            {means}, {counts}
          FROM {cells} c {beside} GROUP BY c.cell, c.link)
        SELECT t.text AS selector, l.text AS link, CASE WHEN cell >= 0 THEN tag END AS tag, fixed, level_x, level_y,
          cell_x, cell_y, clicks, visitors, x, y, {", ".join(FOLLOWED)}
        FROM (SELECT *, {_described()} FROM counted) d
        LEFT JOIN {selectors} t ON d.number = t.number LEFT JOIN {links} l ON d.link = l.number
        ORDER BY clicks DESC, visitors DESC, selector NULLS LAST, l.text NULLS LAST, d.fixed, level_x, level_y, cell_y,
          cell_x
    """)
    rows = found.filter(pc.field("cell_x").is_valid())
    totals = {
        "clicks": found, "on_elements": rows.filter(pc.field("level_x").is_valid()),
        "on_page": rows.filter(pc.field("level_x").is_null()), "unplaced": found.filter(pc.field("cell_x").is_null()),
    }  # fmt: skip
    asking.account.update({name: pc.sum(part.column("clicks")).as_py() or 0.0 for name, part in totals.items()})
    return rows.combine_chunks()


def _weighted_visitors(asking: Asking, cells: str) -> str:
    """SQL of the visitors of each cell, each with the greatest weight."""
    return f"""
        SELECT cell, link, {asking.count()} AS visitors
        FROM (SELECT cell, link, user_key, max({WEIGHT}) AS {WEIGHT} FROM {cells}
          WHERE cell IS NOT NULL AND user_key IS NOT NULL GROUP BY cell, link, user_key)
        GROUP BY cell, link
    """


def movement(asking: Asking) -> pa.Table:
    """Add up how long the pointer stayed, by the 16 by 16 cells of an element."""
    moves = asking.rows("moves", ["event_id", "seq", "selector", "user_key", "page_view_id", "points"])
    shift = PLACE_BITS - LEVEL_OF_NO_BOX
    return asking.run(f"""
        WITH points AS (
          SELECT page_view_id, event_id, seq, selector, user_key, {WEIGHT}, unnest(points) AS point,
            generate_subscripts(points, 1) AS place FROM {moves}),
        stays AS (
          SELECT selector, user_key, {WEIGHT}, point.ex >> {shift} AS cell_x, point.ey >> {shift} AS cell_y,
            lead(point.ms) OVER (PARTITION BY page_view_id
              ORDER BY point.ms, seq NULLS LAST, event_id, selector NULLS LAST, place) - point.ms AS stayed
          FROM points),
        visitors AS (
          SELECT selector, cell_x, cell_y, user_key, sum({asking.times("stayed")}) AS stayed, max({WEIGHT}) AS visitor
          FROM stays GROUP BY ALL)
        SELECT selector, cell_x, cell_y, {total("stayed")} AS ms,
          {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors
        FROM visitors GROUP BY selector, cell_x, cell_y
        ORDER BY ms DESC, visitors DESC, selector NULLS LAST, cell_y, cell_x
    """)


SELECTOR = Column("selector", TEXT, "element; null = none is known, and the cell is one of the page")

QUESTIONS = (
    Question(
        "heatmap",
        "Clicks on a page by cells of its elements, and what followed them.",
        tables=("clicks",),
        columns=(
            SELECTOR,
            Column("link", TEXT, "where the element led, or what it was called; null for cells of the page"),
            Column("tag", TEXT, "name of the element"),
            Column("fixed", YES_NO, "the element stays when the page is scrolled"),
            Column("level_x", INT, "how often the element's width is halved to its cells; null for cells of the page"),
            Column("level_y", INT, "likewise its height"),
            Column("cell_x", INT, f"cell from the left, from 0; of the page floor(x / {CELL_PX})"),
            Column("cell_y", INT, "likewise from the top"),
            Column("clicks", REAL, "clicks"),
            Column("visitors", REAL, "different visitors who clicked there"),
            Column("x", REAL, "mean place of the clicks", unit="page px"),
            Column("y", REAL, "likewise", unit="page px"),
            Column("changed", REAL, "clicks after which the page changed"),
            Column("scrolled", REAL, "after which it was scrolled"),
            Column("navigated", REAL, "after which it was left"),
            Column("hidden", REAL, "after which the window lost focus"),
            Column("input", REAL, "after which a field, the selection or the clipboard changed"),
            Column("dead", REAL, "watched for 2.5 s, and nothing followed"),
        ),
        keys=("selector", "link", "tag", "fixed", "level_x", "level_y", "cell_x", "cell_y"),
        filters=CLICK_FILTERS,
        answer=heatmap,
        needs=("page",),
        compares=False,
        notes=(
            f"A cell is at most {CELL_PX} px wide and high in the box in which it was clicked; halve levels to merge.",
        ),
    ),
    Question(
        "movement",
        "How long the pointer stayed, by cells of a page's elements, on sites that record it.",
        tables=("moves",),
        columns=(
            SELECTOR,
            Column("cell_x", INT, "sixteenth of the element from the left, from 0"),
            Column("cell_y", INT, "likewise from the top"),
            Column("ms", REAL, "time up to the next point of the view", unit="ms"),
            Column("visitors", REAL, "different visitors"),
        ),
        keys=("selector", "cell_x", "cell_y"),
        filters=CLICK_FILTERS,
        answer=movement,
        needs=("page",),
        compares=False,
    ),
)
