"""What notes show: tables and pictures, in Zeppelin and in Jupyter, safe for values that came from outside."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from html import escape
from typing import Any, Protocol


class Screen(Protocol):
    """Where a note shows its results."""

    def table(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Show rows under their names."""

    def picture(self, png: bytes, text: str) -> None:
        """Show a PNG, with a text for readers who cannot see it."""


def shown(value: Any) -> str:
    """A value as every table has it: four digits of a fraction, nothing for null."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _line(text: str) -> str:
    return " ".join(text.split())


class Zeppelin:
    """Prints Zeppelin's display commands; several in one paragraph are several outputs."""

    def table(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Show rows as Zeppelin's table, which also draws charts of them."""
        lines = [names, *([shown(value) for value in row] for row in rows)]
        print("%table " + "\n".join("\t".join(_cell(text) for text in line) for line in lines) + "\n")

    def picture(self, png: bytes, text: str) -> None:
        """Show a PNG as an image inside of the page."""
        print(f"%html {_image(png, text)}\n")


def _cell(text: str) -> str:
    """Make text that stays in its cell: a tab or newline would cut it, a percent sign in front would be a command."""
    text = _line(text)
    return f"'{text}" if text.startswith("%") else text


class Jupyter:
    """Shows HTML, beside text for consoles."""

    def table(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Show rows as an HTML table, and as text with tabs."""
        lines = [[_line(shown(value)) for value in row] for row in rows]
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        # A dollar sign would begin a formula.
        body = "".join(f"<tr>{''.join(f'<td>{_html(text)}</td>' for text in line)}</tr>" for line in lines)
        html = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        _show({"text/html": html, "text/plain": "\n".join("\t".join(line) for line in [list(names), *lines])})

    def picture(self, png: bytes, text: str) -> None:
        """Show a PNG."""
        _show({"image/png": base64.b64encode(png).decode("ascii"), "text/plain": text})


def _show(data: dict[str, str]) -> None:
    from IPython.display import display

    display(data, raw=True)  # type: ignore[no-untyped-call]


def _html(text: str) -> str:
    return escape(text).replace("$", "<span>$</span>")


def _image(png: bytes, text: str) -> str:
    alt = escape(_line(text))
    return f'<img style="max-width: 100%" alt="{alt}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
