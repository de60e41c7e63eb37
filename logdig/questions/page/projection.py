"""From cells of clicks to points on a picture of the page: the twin of clicktracker_js/src/lib/project.js.

Both are tested over the cases of clicktracker_js/test/projection.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from logdig.questions.page.elements import CELL_PX
from logdig.store.pictures import Place

ENOUGH = 0.95
"""A picture fits while at least this share of the clicks on elements finds its element in the layout."""
COMMON = 0.5
"""Of a group of pages only elements are drawn that at least this share of the opened members has."""


class Account(msgspec.Struct):
    """Where clicks ended; the sum is all clicks.

    Args:
        placed: In the box of their element.
        fallback: By their page coordinates, since no element is known.
        hidden: Their element is there and cannot be seen without a click or a scroll inside of a part.
        unplaced: Neither element nor place is known, or the page does not have the element.
    """

    placed: float = 0
    fallback: float = 0
    hidden: float = 0
    unplaced: float = 0

    @property
    def total(self) -> float:
        """All of them."""
        return self.placed + self.fallback + self.hidden + self.unplaced


@dataclass(frozen=True, slots=True)
class Point:
    """A cell on the page in CSS px; ``cell`` = its index."""

    x: float
    y: float
    layer: int
    count: float
    cell: int


def project(
    cells: Iterable[Mapping[str, Any]], places: Sequence[Place | None], width: float, height: float
) -> tuple[list[Point], Account]:
    """Place cells in the boxes of their elements.

    Args:
        cells: ``element`` (index of its place; None = no element is known, and the cell is a square of the page),
            ``fixed``, ``level_x``, ``level_y``, ``cell_x``, ``cell_y`` as question ``heatmap`` tells them, ``count``.
        places: By index of the element; None = the page does not have it.
        width: Of the page in CSS px; page coordinates beyond it say nothing.
        height: Likewise.
    """
    points: list[Point] = []
    account = Account()
    for number, cell in enumerate(cells):
        kind, point = _placed(cell, places, width, height)
        setattr(account, kind, getattr(account, kind) + cell["count"])
        if point is not None:
            points.append(Point(*point, cell["count"], number))
    return points, account


def _placed(
    cell: Mapping[str, Any], places: Sequence[Place | None], width: float, height: float
) -> tuple[str, tuple[float, float, int] | None]:
    across, down, element = cell["cell_x"], cell["cell_y"], cell["element"]
    if across is None or down is None:
        return "unplaced", None
    if element is None:
        x, y = (across + 0.5) * CELL_PX, (down + 0.5) * CELL_PX
        # A fixed part is somewhere else on the page at each scroll.
        inside = not cell["fixed"] and 0 <= x < width and 0 <= y < height
        return ("fallback", (x, y, 0)) if inside else ("unplaced", None)
    place = places[element] if element < len(places) else None
    if place is None:
        return "unplaced", None
    left, top, wide, high = place.box
    x = left + (across + 0.5) / 2 ** (cell["level_x"] or 0) * wide
    y = top + (down + 0.5) / 2 ** (cell["level_y"] or 0) * high
    return ("placed", (x, y, place.layer)) if _is_seen(place, x, y) else ("hidden", None)


def _is_seen(place: Place, x: float, y: float) -> bool:
    if not place.seen or place.clip is None:
        return place.seen
    left, top, width, height = place.clip
    return left <= x <= left + width and top <= y <= top + height


def places_of(asked: Sequence[tuple[str, str | None]], elements: Iterable[Place]) -> list[Place | None]:
    """Find elements in a layout.

    Args:
        asked: Selectors with their links.
        elements: Of the layout; those that fewer than COMMON of a group's members have are left out.
    """
    known = {(place.selector, place.link): place for place in elements if place.share >= COMMON}
    return [known.get(pair) for pair in asked]


def found_share(clicked: Iterable[tuple[str, str | None, float]], elements: Iterable[Place]) -> float | None:
    """Share of clicks on elements that find theirs in a layout; None of no clicks. A picture fits from ENOUGH on."""
    rows = list(clicked)
    places = places_of([(selector, link) for selector, link, _ in rows], elements)
    every = sum(count for _, _, count in rows)
    found = sum(count for (_, _, count), place in zip(rows, places, strict=True) if place is not None)
    return found / every if every else None
