"""Where people click: by device, by page, and inside a page."""

from __future__ import annotations

from datetime import date

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from logdig.marts.reader import Comparison, Marts

CELLS_MOST = 4000
"""More cells than this are more than a screen can show."""
SPOTS_MOST = 8
CELL = ("selector", "cell_x", "cell_y")
SUMS = ("clicks", "x_sum", "y_sum", "vw_sum")


class PageClicks(msgspec.Struct, frozen=True):
    """Clicks on one page over all days and devices."""

    page: str
    clicks: int


class Cell(msgspec.Struct, frozen=True):
    """A place that was clicked: mean position (page px), clicks, and the element that it lies in (None: the page)."""

    x: float
    y: float
    clicks: int
    selector: str | None
    cell_x: int
    cell_y: int


class Spot(msgspec.Struct, frozen=True):
    """A clicked element, or a cell of the page where no element is known: mean position (page px) and clicks."""

    x: float
    y: float
    clicks: int
    selector: str | None


class Heat(msgspec.Struct, frozen=True):
    """The heatmap of a page, hottest first. ``width`` is the widest mean viewport (px, 0 where unknown).

    ``clicks`` and ``cell_count`` are of all cells, also of those cut away; ``spots`` are the hottest of all.
    """

    clicks: int
    cell_count: int
    width: float
    spots: tuple[Spot, ...]
    cells: tuple[Cell, ...]


def device_clicks(marts: Marts, app: str) -> dict[str, int]:
    """Sum the clicks of an app by device."""

    def count() -> dict[str, int]:
        return _sums(marts, app, "device")

    return marts.cached(("device clicks", app), "heat_cells", count)


def pages(marts: Marts, app: str) -> tuple[PageClicks, ...]:
    """List the pages of an app that were clicked, most clicked first."""

    def count() -> tuple[PageClicks, ...]:
        clicks = (PageClicks(page, clicks) for page, clicks in _sums(marts, app, "page").items())
        return tuple(sorted(clicks, key=lambda page: (-page.clicks, page.page)))

    return marts.cached(("pages", app), "heat_cells", count)


def _sums(marts: Marts, app: str, column: str) -> dict[str, int]:
    cells = marts.table("heat_cells", [column, "clicks"], [("app", "=", app)])
    rows = cells.group_by(column).aggregate([("clicks", "sum")]).to_pylist()
    return {row[column]: row["clicks_sum"] for row in rows}


def heat_cells(
    marts: Marts, app: str, page: str, start: date | None = None, end: date | None = None, device: str | None = None
) -> pa.Table:
    """Add up the cells of a page.

    Args:
        marts: The tables.
        app: Name of the app.
        page: Address of the page, as in ``heat_cells.page``.
        start: First UTC day; None is the earliest.
        end: Last UTC day, included; None is the latest.
        device: desktop, tablet or mobile; None is all.
    Returns:
        One row per cell, hottest first: selector (null: a cell of the page), cell_x, cell_y, clicks, x_sum, y_sum,
        vw_sum (page px, summed over clicks). Clicks sum to the clicks of the page.
    """
    where: list[Comparison] = [("app", "=", app), ("page", "=", page)]
    if start is not None:
        where.append(("day", ">=", start))
    if end is not None:
        where.append(("day", "<=", end))
    if device is not None:
        where.append(("device", "=", device))
    return add_cells(marts.table("heat_cells", (*CELL, *SUMS), where))


def heat(
    marts: Marts, app: str, page: str, start: date | None = None, end: date | None = None, device: str | None = None
) -> Heat:
    """Answer `heat_cells` for drawing: at most CELLS_MOST cells at their mean places."""
    return marts.cached(
        ("heat", app, page, start, end, device),
        "heat_cells",
        lambda: draw(heat_cells(marts, app, page, start, end, device)),
    )


def add_cells(rows: pa.Table) -> pa.Table:
    """Add up the rows of a page over days, devices and page versions: columns CELL and SUMS, hottest first."""
    added = rows.group_by(list(CELL)).aggregate([(name, "sum") for name in SUMS])
    added = added.select([*CELL, *(f"{name}_sum" for name in SUMS)]).rename_columns([*CELL, *SUMS])
    order = [("clicks", "descending"), ("selector", "ascending"), ("cell_y", "ascending"), ("cell_x", "ascending")]
    return added.sort_by(order)


def draw(cells: pa.Table, most: int = CELLS_MOST) -> Heat:
    """Turn added cells (see `add_cells`) into a heatmap of at most so many cells."""
    drawn: list[Cell] = []
    width = 0.0
    for row in cells.slice(0, most).to_pylist():
        clicks = row["clicks"]
        width = max(width, row["vw_sum"] / clicks)
        place = (round(row["x_sum"] / clicks, 1), round(row["y_sum"] / clicks, 1))
        drawn.append(Cell(*place, clicks, row["selector"], row["cell_x"], row["cell_y"]))
    clicks = pc.sum(cells.column("clicks")).as_py() or 0
    return Heat(clicks, cells.num_rows, round(width, 1), spots(cells), tuple(drawn))


def spots(cells: pa.Table) -> tuple[Spot, ...]:
    """Add cells up by element, and leave those of the page as they are; the SPOTS_MOST hottest."""
    on_page = cells.filter(pc.field("selector").is_null()).slice(0, SPOTS_MOST)
    inside = cells.filter(pc.field("selector").is_valid()).group_by("selector")
    sums = inside.aggregate([("clicks", "sum"), ("x_sum", "sum"), ("y_sum", "sum")])
    inside_rows = [(row["selector"], *(row[f"{name}_sum"] for name in SUMS[:3])) for row in sums.to_pylist()]
    page_rows = [(None, *(row[name] for name in SUMS[:3])) for row in on_page.to_pylist()]
    added_up = [
        Spot(round(x_sum / clicks, 1), round(y_sum / clicks, 1), clicks, selector)
        for selector, clicks, x_sum, y_sum in inside_rows + page_rows
    ]
    return tuple(sorted(added_up, key=lambda spot: (-spot.clicks, spot.selector or ""))[:SPOTS_MOST])
