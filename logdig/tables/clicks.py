"""Clicks per cell."""

from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, Column, Table

HEAT_CELLS = Table(
    name="heat_cells",
    meaning="Clicks per cell.",
    grain="cell, page, release, device and day",
    keys=("app", "day", "page", "page_version", "device", "selector", "cell_x", "cell_y"),
    partitions=("app",),
    ages_by="day",
    notes=(
        "Bots and staff are left out, and clicks without coordinates.",
        "Rows can be added up over days, devices and page versions.",
        "The mean place of the clicks of a cell is `x_sum / clicks`, `y_sum / clicks`.",
        "A click on a known element lies in one of its 16 x 16 cells, and stays on it when the page's layout changes.",
        "Any other click lies in a square of 16 px of the page.",
    ),
    columns=(
        Column("app", TEXT, "app"),
        Column("day", DAY, "UTC day of the clicks"),
        Column("page", TEXT, "`current_page` of the clicks"),
        Column("page_version", TEXT, "the site's own version of the page"),
        Column(
            "device",
            TEXT,
            "`mobile` (viewport below 768 px), `tablet` (below 1024 px), else or where unknown `desktop`",
        ),
        Column("selector", TEXT, "element; null for a cell of the page"),
        Column("cell_x", INT, "floor(`ex` / 2048), 0 to 15; of the page floor(`x` / 16), also below zero"),
        Column("cell_y", INT, "likewise from `ey` and `y`"),
        Column("clicks", LONG, "clicks, at least 1"),
        Column("x_sum", REAL, "sum of `x`", unit="page px"),
        Column("y_sum", REAL, "sum of `y`", unit="page px"),
        Column("vw_sum", REAL, "sum of the viewports' widths; unknown ones count 0", unit="px"),
    ),
)
