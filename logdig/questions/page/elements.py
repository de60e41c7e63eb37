"""Where on a page people click, and where the pointer stays."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from logdig.questions.engine.asking import MILLION, WEIGHT, Asking
from logdig.questions.engine.question import Question
from logdig.questions.page import cells
from logdig.questions.page.cells import PAGE_BITS, PAGE_MIDDLE, PAGE_SHIFT, PLACE_BITS, SIDE_BITS
from logdig.questions.site.counts import CLICK_FILTERS
from logdig.questions.site.visits import total
from logdig.tables.declaration import INT, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa

CELL_SHIFT = 3
CELL_PX = 2**CELL_SHIFT
"""Greatest width and height of a cell."""
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
KNOWN = "x IS NOT NULL AND y IS NOT NULL"


def level(size: str) -> str:
    """SQL of how often an element is halved until a cell is at most CELL_PX wide."""
    known = f"greatest(coalesce({size}, {CELL_PX * 2**LEVEL_OF_NO_BOX}), {CELL_PX})"
    return f"least(CAST(ceil(log2({known} / {CELL_PX})) AS INTEGER), {PLACE_BITS})"


def _places(clicks: str, links: int, more: Sequence[str]) -> str:
    """SQL of the clicks that have a place, as whole numbers.

    Args:
        clicks: What `Asking.rows` has returned.
        links: How many different ones there are.
        more: What else is read.
    Returns:
        ``element`` = its selector and link, -1 = none; ``place`` = whether it is fixed, and the cell; ``followed`` = a
        bit for each of FOLLOWED.
    """
    across, down = (
        f"((({place} | {2**PLACE_BITS}) >> ({PLACE_BITS} - {level(size)}))::BIGINT)"
        for place, size in (("ex", "w"), ("ey", "h"))
    )
    left, top = (f"(({axis} >> {CELL_SHIFT}) + {PAGE_MIDDLE})" for axis in ("x", "y"))
    fixed = "coalesce(fixed, false)::BIGINT"
    followed = " + ".join(f"CASE WHEN {sql} THEN {2**bit} ELSE 0 END" for bit, sql in enumerate(FOLLOWED.values()))
    element = f"selector::BIGINT * {links + 1} + coalesce(link + 1, 0)"
    return f"""
        SELECT CASE WHEN {ON_ELEMENT} THEN {element} ELSE -1 END AS element,
          CASE WHEN {ON_ELEMENT} THEN ({fixed} << {2 * SIDE_BITS}) | ({down} << {SIDE_BITS}) | {across}
            ELSE ({fixed} << {2 * PAGE_BITS}) | ({top} << {PAGE_BITS}) | {left} END AS place,
          coalesce(tag, -1) AS tag, {KNOWN} AS known, CASE WHEN {KNOWN} THEN x ELSE 0 END AS x,
          CASE WHEN {KNOWN} THEN y ELSE 0 END AS y, ({followed})::UTINYINT AS followed, {", ".join(more)}
        FROM {clicks} WHERE {ON_ELEMENT} OR {ON_PAGE}
    """


def heatmap(asking: Asking) -> pa.Table:
    """Count clicks by cell; the account says how many are placed by their element, by the page, and not at all.

    Each click gets the number of its cell, and numbers are counted: faster than groups of SQL where cells are many.
    """
    import numpy as np
    import pyarrow as pa

    columns = ["selector", "link", "tag", "ex", "ey", "w", "h", "fixed", "x", "y", "user_key", "after", "dead"]
    clicks = asking.rows("clicks", columns, numbered=["selector", "link", "tag"])
    selectors, links, tags = (asking.numbered(clicks, name) for name in ("selector", "link", "tag"))
    more = ["coalesce(user_key + 1, 0)::BIGINT AS visitor", *([f"{WEIGHT} AS weights"] if asking.sampled else [])]
    read = asking.run(_places(clicks, len(links), more))
    of = {name: read.column(name).to_numpy() for name in read.column_names}
    elements, element = cells.elements(of["element"], selectors, links)
    codes, cell = cells.coded(element | of["place"])
    with ThreadPoolExecutor(1) as beside:
        visitors = beside.submit(cells.visitors, cell, len(codes), of["visitor"], of.get("weights"))
        counted, tag = cells.counts(cell, len(codes), of, list(FOLLOWED)), cells.tags(cell, len(codes), of["tag"], tags)
        counted["visitors"] = visitors.result()
    one = MILLION if asking.sampled else 1 / asking.share
    counted = {name: values if name in ("x", "y") else values / one for name, values in counted.items()}
    order = np.lexsort((codes, -counted["visitors"], -counted["clicks"]))
    on_page = codes >> PAGE_SHIFT == 1
    described = cells.described(codes[order], elements) | {
        "tag": tag.take(pa.array(order, mask=on_page[order])),
        **{name: pa.array(values[order], from_pandas=True) for name, values in counted.items()},
    }
    [(every, unplaced)] = asking.values(
        f"SELECT {asking.count()}, {asking.count(f'NOT ({ON_ELEMENT} OR {ON_PAGE})')} FROM {clicks}"
    )
    on = {name: float(counted["clicks"][which].sum()) for name, which in (("elements", ~on_page), ("page", on_page))}
    asking.account.update(clicks=every, on_elements=on["elements"], on_page=on["page"], unplaced=unplaced)
    return pa.table({column.name: described[column.name] for column in asking.question.columns})


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
