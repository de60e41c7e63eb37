"""What a release changed: the share of a page's visitors who click an element, before and after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from logdig.errors import InputError
from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import literal
from logdig.questions.engine.question import Question
from logdig.questions.statistics import Share, benjamini_hochberg, newcombe, two_proportions
from logdig.tables.declaration import LONG, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE_DAYS = 7
"""On either side of the release's day, so that each has the same days of the week."""
FALSE_SHARE = 0.05
"""Share of the findings that may be false."""
NEW, VANISHED = "new", "vanished"


def releases(asking: Asking) -> pa.Table:
    """Compare the shares of visitors, element by element; the most certain changes first."""
    import pyarrow as pa

    day = asking.parameters.release_day or _first_day(asking)
    step, width = timedelta(days=1), timedelta(days=WHOLE_DAYS)
    sides = {"before": (day - width, day - step), "after": (day + step, day + width)}
    visitors, clicked = {}, {}
    for side, (first, last) in sides.items():
        visitors[side] = _visitors(asking, first, last)
        clicked[side] = _clicked(asking, first, last)
    asking.account.update(release_day=day, **{f"{side}_from": days[0] for side, days in sides.items()})
    rows = judged(visitors["before"], visitors["after"], clicked["before"], clicked["after"])
    asking.account.update(elements=len(rows), flagged=sum(row["flagged"] for row in rows))
    from logdig.marts.columns import arrow_schema

    return pa.Table.from_pylist(rows, arrow_schema(COLUMNS))


def _first_day(asking: Asking) -> date:
    release = asking.parameters.release
    if not release:
        raise InputError("question releases is asked of one release, or of a day: --release NAME or --release-day DAY")
    views = asking.rows("page_views", ["release", "viewed"], without=list(asking.parameters.where))
    [(day,)] = asking.values(f"SELECT min(day) FROM {views} WHERE release = {literal(release)}")
    if day is None:
        raise InputError(
            f"no view of release {release!r} from {asking.parameters.start} to {asking.parameters.end}; "
            "ask a longer time, or name the day"
        )
    return day  # type: ignore[no-any-return]


def _visitors(asking: Asking, first: date, last: date) -> dict[Any, int]:
    """Different visitors by page."""
    views = asking.rows("page_views", ["page", "viewed", "user_key"], first, last)
    return dict(asking.values(f"SELECT page, count(DISTINCT user_key) FROM {views} WHERE viewed GROUP BY page"))


def _clicked(asking: Asking, first: date, last: date) -> dict[tuple[Any, str], tuple[int, str | None]]:
    """Different visitors, and the tag, by page and element."""
    clicks = asking.rows("clicks", ["page", "selector", "tag", "user_key"], first, last)
    found = asking.values(f"""
        SELECT page, selector, count(DISTINCT user_key), min(tag) FROM {clicks}
        WHERE selector IS NOT NULL GROUP BY page, selector
    """)
    return {(page, selector): (count, tag) for page, selector, count, tag in found}


def judged(
    visitors_before: dict[Any, int],
    visitors_after: dict[Any, int],
    before: dict[tuple[Any, str], tuple[int, str | None]],
    after: dict[tuple[Any, str], tuple[int, str | None]],
) -> list[dict[str, Any]]:
    """Test each element of the pages that were viewed on both sides.

    Args:
        visitors_before: Of each page.
        visitors_after: Likewise.
        before: Those who clicked, and the tag, by page and element.
        after: Likewise.
    Returns:
        Rows of COLUMNS. Intervals hold for all flagged elements together: of R findings among m elements each has
        the level 1 - R q / m (Y. Benjamini and D. Yekutieli 2005, JASA 100).
    """
    keys = sorted(
        (key for key in before.keys() | after.keys() if visitors_before.get(key[0]) and visitors_after.get(key[0])),
        key=lambda key: (key[0] is None, key[0] or "", key[1]),
    )
    pairs = []
    for page, selector in keys:
        shares = [
            Share(min(clicked.get((page, selector), (0, None))[0], visitors[page]), visitors[page])
            for clicked, visitors in ((before, visitors_before), (after, visitors_after))
        ]
        pairs.append((shares[0], shares[1]))
    p_values = [two_proportions(*pair) for pair in pairs]
    adjusted = benjamini_hochberg(p_values)
    found = sum(value <= FALSE_SHARE for value in adjusted)
    confidence = 1 - FALSE_SHARE * max(found, 1) / max(len(keys), 1)
    rows = []
    for (page, selector), pair, p_value, corrected in zip(keys, pairs, p_values, adjusted, strict=True):
        interval = newcombe(*pair, confidence)
        then, now = before.get((page, selector)), after.get((page, selector))
        rows.append(
            {
                "page": page,
                "selector": selector,
                "tag": (now or then or (0, None))[1],
                "before": pair[0].successes,
                "before_visitors": pair[0].trials,
                "before_share": pair[0].rate,
                "after": pair[1].successes,
                "after_visitors": pair[1].trials,
                "after_share": pair[1].rate,
                "difference": interval.estimate,
                "low": interval.low,
                "high": interval.high,
                "confidence": confidence,
                "p_value": p_value,
                "adjusted": corrected,
                "flagged": corrected <= FALSE_SHARE,
                "state": NEW if then is None else VANISHED if now is None else None,
            }
        )
    return sorted(rows, key=lambda row: (row["adjusted"], row["p_value"], -abs(row["difference"])))


COLUMNS = (
    Column("page", TEXT, "page"),
    Column("selector", TEXT, "element"),
    Column("tag", TEXT, "its name"),
    Column("before", LONG, "visitors of the page who clicked it in the 7 days before the release's day"),
    Column("before_visitors", LONG, "visitors of the page then"),
    Column("before_share", REAL, "before / before_visitors", unit="0 to 1"),
    Column("after", LONG, "visitors who clicked it in the 7 days after the release's day"),
    Column("after_visitors", LONG, "visitors of the page then"),
    Column("after_share", REAL, "after / after_visitors", unit="0 to 1"),
    Column("difference", REAL, "after_share - before_share"),
    Column("low", REAL, "lower end of its interval (Newcombe)"),
    Column("high", REAL, "upper end"),
    Column("confidence", REAL, "level of the interval", unit="0 to 1"),
    Column("p_value", REAL, "of equal shares", unit="0 to 1"),
    Column("adjusted", REAL, "the same over all elements (Benjamini-Hochberg)", unit="0 to 1"),
    Column("flagged", YES_NO, f"adjusted is at most {FALSE_SHARE}"),
    Column("state", TEXT, f"`{NEW}` = nobody clicked it before, `{VANISHED}` = nobody after"),
)

QUESTIONS = (
    Question(
        "releases",
        "Elements that more or fewer of a page's visitors click since a release.",
        tables=("page_views", "clicks"),
        columns=COLUMNS,
        keys=("page", "selector"),
        filters=("page", "host", "device", "country", "experiment"),
        answer=releases,
        compares=False,
        notes=(
            "Visitors are counted as they are, not weighted: the tests need people.",
            "The 7 days on either side are whole days; the release's own day is left out.",
        ),
    ),
)
