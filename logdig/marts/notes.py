"""What writers have noted in table ``touched``, as plans read it: of notes that every mart has seen only the sums."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from logdig.marts.progress import Mark, Touch

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("seq", "app", "day", "rows", "first_received")
"""Columns of ``touched`` that plans read."""
EVERY = 2**63 - 1
"""Greater than the number of any note."""


def least_seen(marks: Iterable[Mark | None]) -> int:
    """Greatest number of a note that each of some marts has seen; those that were never computed ask for none."""
    return min((mark.upto for mark in marks if mark is not None), default=EVERY)


def touches_of(notes: pa.Table, upto: int) -> tuple[Touch, ...]:
    """Read notes as `logdig.marts.progress.folded` puts them together, at the cost of few Python objects.

    Args:
        notes: Columns COLUMNS.
        upto: Notes up to this number are put together, one an app and day.
    """
    import pyarrow.compute as pc

    if not notes.num_rows:
        return ()
    upto = min(upto, pc.max(notes["seq"]).as_py())
    is_seen = pc.less_equal(notes["seq"], upto)
    sums = notes.filter(is_seen).group_by(["app", "day"]).aggregate([("rows", "sum"), ("first_received", "min")])
    seen = [
        Touch(upto, row["app"], row["day"], row["rows_sum"] or 0, row["first_received_min"]) for row in sums.to_pylist()
    ]
    later = notes.filter(pc.invert(is_seen)).select(list(COLUMNS)).sort_by("seq").to_pylist()
    return (
        *sorted(seen, key=lambda touch: (str(touch.app), str(touch.day))),
        *(Touch(row["seq"], row["app"], row["day"], row["rows"] or 0, row["first_received"]) for row in later),
    )
