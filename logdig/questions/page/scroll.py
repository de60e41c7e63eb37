"""How far pages are scrolled, and where the fold is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from logdig.questions.engine.asking import MILLION, Asking
from logdig.questions.engine.question import Question
from logdig.questions.site.visits import PEOPLE, VIEWS
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
    # A product may be rounded up or down to the next step; the quotient is what depths are compared with.
    near = f"CAST(floor(depth_share * {STEPS}) AS INTEGER)"
    deepest = f"{near} - (depth_share < {near} / {STEPS})::INTEGER + (depth_share >= ({near} + 1) / {STEPS})::INTEGER"
    found = asking.values(f"SELECT {deepest}, vh, {asking.count()} FROM {views} WHERE viewed GROUP BY ALL ORDER BY vh")
    every = float(sum(count for _, _, count in found))
    depths: Counter[int] = Counter()
    for deep, _, count in found:
        depths[0 if deep is None else deep] += count
    reached = [float(sum(count for deep, count in depths.items() if deep >= step)) for step in steps]
    # Whole numbers: a middle between two heights is seen by equal sums.
    heights = [(height, round(count * MILLION)) for _, height, count in found if height is not None]
    asking.account.update(views=every, fold_px=median(heights))
    shares = [count / every if every else None for count in reached]
    columns = {
        "depth": pa.array([step / STEPS for step in steps], pa.float64()),
        "views": pa.array(reached, pa.float64()),
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
