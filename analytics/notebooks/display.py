"""What notes print: Zeppelin tables and pictures, safe for values that came from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from math import sqrt

from logdig.questions.clicks import Cell, Heat

PICTURE_PX = 900
MARGIN_PX = 40
COLOURS = ("#60a5fa", "#22d3ee", "#34d399", "#fde047", "#f97316", "#dc2626")


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay rows out as Zeppelin's table display."""
    lines = [names, *rows]
    return "%table " + "\n".join("\t".join(_cell(value) for value in line) for line in lines)


def _cell(value: object) -> str:
    """Make text that stays in its cell: a tab or newline would part it, a percent sign in front would be a command."""
    text = re.sub(r"\s+", " ", str(value)).strip()
    return f"'{text}" if text.startswith("%") else text


def picture(heat: Heat) -> str:
    """Draw a heatmap as Zeppelin's HTML display: one inline SVG, a circle a cell, warm where many clicked."""
    width = max([heat.width, 320.0, *(cell.x + MARGIN_PX for cell in heat.cells)])
    height = max([width / 3, *(cell.y + MARGIN_PX for cell in heat.cells)])
    most = max((cell.clicks for cell in heat.cells), default=1)
    # The warmest last, so that nothing hides them.
    circles = "".join(_circle(cell, most, width / 60) for cell in reversed(heat.cells))
    frame = f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fbfcfd" stroke="#d5d9e0"/>'
    size = f'width="{PICTURE_PX}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f'%html <svg xmlns="http://www.w3.org/2000/svg" {size}>{frame}{circles}</svg>'


def _circle(cell: Cell, most: int, radius: float) -> str:
    warmth = sqrt(cell.clicks / most)
    colour = COLOURS[min(len(COLOURS) - 1, int(warmth * len(COLOURS)))]
    words = escape(f"{cell.clicks} clicks, {cell.selector or 'page'}").replace("\n", " ")
    place = f'cx="{cell.x:.1f}" cy="{cell.y:.1f}" r="{radius * (0.5 + warmth / 2):.1f}"'
    return f'<circle {place} fill="{colour}" fill-opacity="{0.35 + 0.45 * warmth:.2f}"><title>{words}</title></circle>'
