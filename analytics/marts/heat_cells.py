"""Clicks counted per square: inside an element where it is known, else of the page."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.schema.frames import require_columns
from logdig.tables.clicks import HEAT_CELLS

ELEMENT_CELL = 2048
"""Element positions run from 0 to 32767, so an element has 16 x 16 cells."""
PAGE_CELL_PX = 16
MOBILE_BELOW_PX = 768
TABLET_BELOW_PX = 1024

NEEDED = ("type", "app", "day", "current_page", "page_version", "x", "y", "element", "view", "bot", "staff")


def heat_cells(events: DataFrame) -> DataFrame:
    """Count clicks per cell.

    Input:  events: type, app, day, current_page, page_version, x, y (page px), element (selector, ex, ey), view (vw).
            Bots and staff are left out.
    Output: columns of table heat_cells, one row per its keys and at least one click; selector null = cell of the page,
            PAGE_CELL_PX wide. Floor, also below zero. clicks long >= 1; x_sum, y_sum page px and vw_sum px are sums
            over the clicks, so that rows can be added up over days and devices and still tell where a cell lay.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "heat_cells".
    """
    require_columns(events, NEEDED)
    people = "NOT coalesce(bot, false) AND NOT coalesce(staff, false)"
    clicks = events.where(f"type = 'click' AND x IS NOT NULL AND y IS NOT NULL AND {people}")
    anchored = F.expr("element.selector IS NOT NULL AND element.ex IS NOT NULL AND element.ey IS NOT NULL")
    width = F.col("view.vw")
    device = F.when(width < MOBILE_BELOW_PX, "mobile").when(width < TABLET_BELOW_PX, "tablet").otherwise("desktop")
    placed = clicks.select(
        "app",
        "day",
        F.col("current_page").alias("page"),
        "page_version",
        device.alias("device"),
        F.when(anchored, F.col("element.selector")).alias("selector"),
        _cell(anchored, "x").alias("cell_x"),
        _cell(anchored, "y").alias("cell_y"),
        F.col("x").cast("double").alias("x"),
        F.col("y").cast("double").alias("y"),
        F.coalesce(width, F.lit(0.0)).alias("vw"),
    )
    sums = placed.groupBy(*HEAT_CELLS.keys).agg(
        F.count("*").alias("clicks"),
        F.sum("x").alias("x_sum"),
        F.sum("y").alias("y_sum"),
        F.sum("vw").alias("vw_sum"),
    )
    return sums.select(*HEAT_CELLS.names)


def _cell(anchored: Column, axis: str) -> Column:
    inside = F.col(f"element.e{axis}") / ELEMENT_CELL
    return F.floor(F.when(anchored, inside).otherwise(F.col(axis) / PAGE_CELL_PX)).cast("int")
