"""Where on a page people click, and where the pointer stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.counts import CLICK_FILTERS
from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.question import Question
from logdig.questions.visits import total
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


def level(size: str) -> str:
    """SQL of how often an element is halved until a cell is at most CELL_PX wide."""
    halvings = f"CAST(ceil(log2(greatest({size}, {CELL_PX}) / {CELL_PX})) AS INTEGER)"
    return f"CASE WHEN {size} IS NULL THEN {LEVEL_OF_NO_BOX} ELSE least({halvings}, {PLACE_BITS}) END"


def _cells(clicks: str) -> str:
    """SQL of the clicks with their cells; a click without element lies in a square of the page."""
    on_element = "selector IS NOT NULL AND ex IS NOT NULL AND ey IS NOT NULL"

    def cell(place: str, box: str, page: str) -> str:
        inside = f"{place} >> ({PLACE_BITS} - {level(box)})"
        return f"CASE WHEN {on_element} THEN {inside} ELSE CAST(floor({page} / {CELL_PX}) AS INTEGER) END"

    return f"""
        SELECT *, {on_element} AS on_element, x IS NOT NULL AND y IS NOT NULL AS on_page,
          CASE WHEN {on_element} THEN {level("w")} END AS level_x,
          CASE WHEN {on_element} THEN {level("h")} END AS level_y,
          {cell("ex", "w", "x")} AS cell_x, {cell("ey", "h", "y")} AS cell_y
        FROM (SELECT * REPLACE (coalesce(fixed, false) AS fixed) FROM {clicks})
    """


def heatmap(asking: Asking) -> pa.Table:
    """Count clicks by cell; the account says how many are placed by their element, by the page, and not at all."""
    columns = ["selector", "tag", "ex", "ey", "w", "h", "fixed", "x", "y", "user_key", "after", "dead"]
    clicks = asking.rows("clicks", columns)
    followed = {name: f"sum({WEIGHT}) FILTER (after.{effect} IS NOT NULL)" for name, effect in EFFECTS.items()}
    counts = ", ".join(f"{sql} AS {name}" for name, sql in followed.items())
    sums = ", ".join(f"{total(name)} AS {name}" for name in (*EFFECTS, "dead"))
    keys = "selector, fixed, level_x, level_y, cell_x, cell_y"
    _account(asking, clicks)
    return asking.run(f"""
        WITH visitors AS (
          SELECT CASE WHEN on_element THEN selector END AS selector, fixed, level_x, level_y, cell_x, cell_y, user_key,
            max({WEIGHT}) AS visitor, min(CASE WHEN on_element THEN tag END) AS tag, sum({WEIGHT}) AS clicks,
            sum(x::HUGEINT * {WEIGHT}) AS x, sum(y::HUGEINT * {WEIGHT}) AS y,
            sum({WEIGHT}) FILTER (x IS NOT NULL AND y IS NOT NULL) AS known,
            {counts}, sum({WEIGHT}) FILTER (dead) AS dead
          FROM ({_cells(clicks)}) WHERE on_element OR on_page GROUP BY ALL)
        SELECT selector, min(tag) AS tag, fixed, level_x, level_y, cell_x, cell_y, {total("clicks")} AS clicks,
          {total("CASE WHEN user_key IS NOT NULL THEN visitor END")} AS visitors,
          {total("x")} / nullif({total("known")}, 0) AS x, {total("y")} / nullif({total("known")}, 0) AS y, {sums}
        FROM visitors GROUP BY {keys}
        ORDER BY clicks DESC, visitors DESC, selector NULLS LAST, fixed, level_x, level_y, cell_y, cell_x
    """)


def _account(asking: Asking, clicks: str) -> None:
    on_element = "selector IS NOT NULL AND ex IS NOT NULL AND ey IS NOT NULL"
    on_page = f"NOT ({on_element}) AND x IS NOT NULL AND y IS NOT NULL"
    [found] = asking.run(f"""
        SELECT {total(WEIGHT)} AS clicks, {total(f"CASE WHEN {on_element} THEN {WEIGHT} END")} AS on_elements,
          {total(f"CASE WHEN {on_page} THEN {WEIGHT} END")} AS on_page,
          {total(f"CASE WHEN NOT ({on_element}) AND NOT ({on_page}) THEN {WEIGHT} END")} AS unplaced
        FROM {clicks}
    """).to_pylist()
    asking.account.update(found)


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
          SELECT selector, cell_x, cell_y, user_key, sum(stayed::HUGEINT * {WEIGHT}) AS stayed, max({WEIGHT}) AS visitor
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
        keys=("selector", "tag", "fixed", "level_x", "level_y", "cell_x", "cell_y"),
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
