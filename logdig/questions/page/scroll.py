"""How far pages are scrolled, and where the fold is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.question import Question
from logdig.questions.site.visits import PEOPLE, VIEWS, total
from logdig.tables.declaration import REAL, Column

if TYPE_CHECKING:
    import pyarrow as pa

STEPS = 20
"""Depths that are counted: each twentieth of a page."""


def scroll(asking: Asking) -> pa.Table:
    """Count the views that reached each twentieth of the page; the account holds their number and the fold."""
    import pyarrow as pa

    views = asking.rows("page_views", ["viewed", "depth_share", "vh"])
    steps = range(1, STEPS + 1)
    sums = ", ".join(f"{total(f'CASE WHEN depth_share >= {step / STEPS} THEN {WEIGHT} END')}" for step in steps)
    [found] = asking.run(f"SELECT {total(WEIGHT)} AS views, [{sums}] AS reached FROM {views} WHERE viewed").to_pylist()
    heights = asking.run(f"""
        SELECT vh, sum({WEIGHT})::DOUBLE AS w FROM {views} WHERE viewed AND vh IS NOT NULL GROUP BY vh ORDER BY vh
    """).to_pylist()
    asking.account.update(views=found["views"], fold_px=median([(row["vh"], row["w"]) for row in heights]))
    shares = [reached / found["views"] if found["views"] else None for reached in found["reached"]]
    columns = {
        "depth": pa.array([step / STEPS for step in steps], pa.float64()),
        "views": pa.array(found["reached"], pa.float64()),
        "share": pa.array(shares, pa.float64()),
    }
    return pa.table(columns)


def median(weighted: Sequence[tuple[float, float]]) -> float | None:
    """Middle of values in their order, each with its weight; between two middle ones half way; None of none."""
    sums = list(accumulate(weight for _, weight in weighted))
    if not sums:
        return None
    half = sums[-1] / 2
    place = next(number for number, reached in enumerate(sums) if reached >= half)
    if sums[place] == half and place + 1 < len(weighted):
        return (weighted[place][0] + weighted[place + 1][0]) / 2
    return weighted[place][0]


QUESTIONS = (
    Question(
        "scroll",
        "Share of a page's views that reached each twentieth of it, and where the fold is.",
        tables=("page_views",),
        columns=(
            Column("depth", REAL, "share of the page, from its top", unit="0 to 1"),
            VIEWS,
            Column("share", REAL, "of all views, those without a scroll event too", unit="0 to 1"),
        ),
        keys=("depth",),
        filters=(*PEOPLE, "page", "release"),
        answer=scroll,
    ),
)
