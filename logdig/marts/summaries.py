"""What a page needs to know of the tables, counted from Arrow rows: pure, and small enough to send as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

HOUR_SECONDS = 3600
_HOUR_MICROSECONDS = HOUR_SECONDS * 1_000_000
TREND_TYPES = ("page", "click", "listen", "ad")
"""Event types that the trend draws."""

ACTIVITY_COLUMNS = ("type", "user_key", "customer_id", "occurred_at")


class Hour(msgspec.Struct, frozen=True):
    """Events of one UTC hour by type; ``start`` in seconds since 1970."""

    start: int
    counts: dict[str, int]


class Activity(msgspec.Struct, frozen=True):
    """Counts over all events of an app; ``visitors`` and ``customers`` are distinct ids met in events."""

    events: int
    types: dict[str, int]
    visitors: int
    customers: int
    last_event_at: datetime | None
    hours: tuple[Hour, ...]


class Share(msgspec.Struct, frozen=True):
    """A part of a whole, as counts."""

    part: int
    whole: int


class LevelCount(msgspec.Struct, frozen=True):
    """Targets of one offer at one membership level."""

    offer: str
    level: int
    targets: int


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


def activity(batches: Iterable[pa.RecordBatch]) -> Activity:
    """Count events by type and hour, batch by batch.

    Args:
        batches: Rows with ACTIVITY_COLUMNS.
    """
    counts: Counter[tuple[int, str]] = Counter()
    visitors: set[str] = set()
    customers: set[str] = set()
    last = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        micros = batch.column("occurred_at").cast(pa.int64())
        hours = pc.divide(micros, _HOUR_MICROSECONDS)
        grouped = pa.table({"hour": hours, "type": batch.column("type")}).group_by(["hour", "type"])
        for row in grouped.aggregate([([], "count_all")]).to_pylist():
            counts[row["hour"], row["type"]] += row["count_all"]
        visitors.update(pc.unique(batch.column("user_key")).drop_null().to_pylist())
        customers.update(pc.unique(batch.column("customer_id")).drop_null().to_pylist())
        last = max(last, pc.max(micros).as_py())
    return _activity(counts, len(visitors), len(customers), last)


def _activity(counts: Mapping[tuple[int, str], int], visitors: int, customers: int, last_micros: int) -> Activity:
    types: Counter[str] = Counter()
    hours: dict[int, dict[str, int]] = {}
    for (hour, kind), count in sorted(counts.items()):
        types[kind] += count
        if kind in TREND_TYPES:
            hours.setdefault(hour, {})[kind] = count
    return Activity(
        events=sum(types.values()),
        types=dict(types),
        visitors=visitors,
        customers=customers,
        last_event_at=datetime.fromtimestamp(last_micros / 1_000_000, UTC) if types else None,
        hours=tuple(Hour(hour * HOUR_SECONDS, found) for hour, found in hours.items()),
    )


def mobile_share(listens: pa.Table) -> Share:
    """Count the listens on a phone.

    Args:
        listens: Column ``mobile``; a listen that does not say is left out.
    """
    known = listens.column("mobile").drop_null()
    return Share(pc.sum(known).as_py() or 0, len(known))


def device_clicks(cells: pa.Table) -> dict[str, int]:
    """Sum clicks by device."""
    rows = cells.group_by("device").aggregate([("clicks", "sum")]).to_pylist()
    return {row["device"]: row["clicks_sum"] for row in rows}


def pages(cells: pa.Table) -> tuple[PageClicks, ...]:
    """Sum clicks by page, most clicked first."""
    rows = cells.group_by("page").aggregate([("clicks", "sum")]).to_pylist()
    found = (PageClicks(row["page"], row["clicks_sum"]) for row in rows)
    return tuple(sorted(found, key=lambda one: (-one.clicks, one.page)))


def levels(targets: pa.Table) -> tuple[LevelCount, ...]:
    """Count targets by offer and level, in that order."""
    rows = targets.group_by(["offer", "level"]).aggregate([([], "count_all")]).to_pylist()
    found = (LevelCount(row["offer"], row["level"], row["count_all"]) for row in rows)
    return tuple(sorted(found, key=lambda one: (one.offer, one.level)))


def newest_models(models: pa.Table) -> tuple[dict[str, Any], ...]:
    """Keep the last trained row of each offer, by offer."""
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(models.to_pylist(), key=lambda one: one["trained_at"]):
        newest[row["offer"]] = row
    return tuple(newest[offer] for offer in sorted(newest))


SPOTS_MOST = 8
CELL = ("selector", "cell_x", "cell_y")
SUMS = ("clicks", "x_sum", "y_sum", "vw_sum")


def add_cells(rows: pa.Table) -> pa.Table:
    """Add up the rows of a page over days, devices and page versions: columns CELL and SUMS, hottest first."""
    added = rows.group_by(list(CELL)).aggregate([(name, "sum") for name in SUMS])
    added = added.select([*CELL, *(f"{name}_sum" for name in SUMS)]).rename_columns([*CELL, *SUMS])
    order = [("clicks", "descending"), ("selector", "ascending"), ("cell_y", "ascending"), ("cell_x", "ascending")]
    return added.sort_by(order)


def heat(cells: pa.Table, most: int) -> Heat:
    """Turn added cells (see `add_cells`) into a heatmap of at most so many cells."""
    found: list[Cell] = []
    width = 0.0
    for row in cells.slice(0, most).to_pylist():
        clicks = row["clicks"]
        width = max(width, row["vw_sum"] / clicks)
        place = (round(row["x_sum"] / clicks, 1), round(row["y_sum"] / clicks, 1))
        found.append(Cell(*place, clicks, row["selector"], row["cell_x"], row["cell_y"]))
    clicks = pc.sum(cells.column("clicks")).as_py() or 0
    return Heat(clicks, cells.num_rows, round(width, 1), spots(cells), tuple(found))


def spots(cells: pa.Table) -> tuple[Spot, ...]:
    """Add cells up by element, and leave those of the page as they are; the SPOTS_MOST hottest."""
    on_page = cells.filter(pc.field("selector").is_null()).slice(0, SPOTS_MOST)
    inside = cells.filter(pc.field("selector").is_valid()).group_by("selector")
    added = inside.aggregate([("clicks", "sum"), ("x_sum", "sum"), ("y_sum", "sum")])
    inside_rows = [(row["selector"], *(row[f"{name}_sum"] for name in SUMS[:3])) for row in added.to_pylist()]
    page_rows = [(None, *(row[name] for name in SUMS[:3])) for row in on_page.to_pylist()]
    found = [
        Spot(round(x_sum / clicks, 1), round(y_sum / clicks, 1), clicks, selector)
        for selector, clicks, x_sum, y_sum in inside_rows + page_rows
    ]
    return tuple(sorted(found, key=lambda one: (-one.clicks, one.selector or ""))[:SPOTS_MOST])
