"""Pictures of rows, as PNG. Each function takes plain values or Arrow columns, and opens no window."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from logdig.errors import MissingPartError

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE_INCHES = (9.0, 4.2)
DPI = 100
COLOURS = ("#2563eb", "#f97316", "#059669", "#9333ea", "#dc2626", "#64748b")
FONTS = ("DejaVu Sans", "Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Apple SD Gothic Neo", "Malgun Gothic")
"""Asked in this order for each character, as far as the machine has them."""
LABEL = 40
"""Characters of a label; the middle of a longer one is left out, since addresses and selectors differ at both ends."""
MOST_BARS = 20


def cells(rows: pa.Table, width: str = "x", height: str = "y", amount: str = "clicks") -> bytes:
    """Draw a heatmap: a point at the mean place of each cell, warmer where more happened.

    Args:
        rows: Of question ``heatmap``.
        width: Column of the place from the left, in page px.
        height: Likewise from the top.
        amount: Column of the colour.
    """
    known = rows.filter(_valid(rows, width, height)).sort_by(amount)
    figure, axes = _figure(tall=True)
    values = known.column(amount).to_numpy()
    from matplotlib.colors import PowerNorm

    # The root lets rarely clicked places be seen beside a button that everyone clicks.
    norm = PowerNorm(0.5, vmin=0, vmax=float(values.max())) if len(values) else None
    points = axes.scatter(
        known.column(width), known.column(height), c=values, s=26, cmap="turbo", norm=norm, alpha=0.8, linewidths=0
    )
    axes.invert_yaxis()
    axes.set_xlabel("page px")
    axes.set_ylabel("page px")
    if len(values):
        figure.colorbar(points, ax=axes, label=amount)
    return _png(figure)


def bars(labels: Sequence[Any] | pa.ChunkedArray, amounts: Sequence[Any] | pa.ChunkedArray, unit: str) -> bytes:
    """Draw a horizontal bar for each label, the first one on top; the first MOST_BARS."""
    names, values = _plain(labels)[:MOST_BARS], [value or 0 for value in _plain(amounts)[:MOST_BARS]]
    figure, axes = _figure()
    places = range(len(names))
    axes.barh(places, values, color=COLOURS[0])
    axes.set_yticks(places, [_label(name) for name in names])
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    return _png(figure)


def lines(
    along: Sequence[Any] | pa.ChunkedArray, series: Mapping[str, Sequence[Any] | pa.ChunkedArray], unit: str
) -> bytes:
    """Draw a line for each series along days, hours or depths."""
    figure, axes = _figure()
    places = _plain(along)
    for (name, amounts), colour in zip(series.items(), COLOURS, strict=False):
        axes.plot(places, _plain(amounts), label=_label(name), color=colour, marker="o", markersize=3)
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    if places and len(series) > 1:
        axes.legend(frameon=False)
    axes.tick_params(axis="x", labelrotation=30)
    return _png(figure)


def _plain(values: Sequence[Any] | pa.ChunkedArray) -> list[Any]:
    return list(values.to_pylist() if hasattr(values, "to_pylist") else values)


def _valid(rows: pa.Table, *names: str) -> Any:
    import pyarrow.compute as pc

    known = [pc.is_valid(rows.column(name)) for name in names]
    return pc.and_(*known)


def _label(value: Any) -> str:
    """Text that stays text: a dollar sign would begin a formula."""
    text = "(none)" if value is None else " ".join(str(value).split())
    short = text if len(text) <= LABEL else f"{text[: LABEL // 2 - 1]}…{text[1 - LABEL // 2 :]}"
    return short.replace("$", r"\$")


@lru_cache(maxsize=1)
def _fonts() -> list[str]:
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    return [name for name in FONTS if name in there]


def _figure(*, tall: bool = False) -> tuple[Figure, Axes]:
    """An empty chart that no window and no global state of matplotlib knows.

    Raises:
        MissingPartError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as err:
        raise MissingPartError("charts need matplotlib: pip install 'logdig[notes]'") from err
    width, height = SIZE_INCHES
    with rc_context({"font.family": _fonts()}):
        figure = Figure(figsize=(width, height * 1.6 if tall else height), dpi=DPI, layout="tight")
        axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, alpha=0.25)
    axes.set_axisbelow(True)
    return figure, axes


def _png(figure: Figure) -> bytes:
    from matplotlib import rc_context

    target = io.BytesIO()
    with rc_context({"font.family": _fonts()}), warnings.catch_warnings():
        # A character that no font of the machine has is drawn as a box; docs/notebooks.md says what to install.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # Without its version equal rows are equal files.
        figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
