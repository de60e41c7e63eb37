"""Where the elements of the demo's site lie: ``demo/layout.json``, made in Chromium by ``python -m demo.layout``."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from infra.local.chromium import open_chromium
from infra.paths import ROOT
from logdig.errors import MissingPartError

PATH = ROOT / "demo" / "layout.json"
RELEASE, EARLIER_RELEASE = "2.0", "1.0"
"""Releases in which elements of the site changed."""
EARLIER = {
    "album.html": (
        '<button data-queue data-logdig-id="album-queue">Add to queue</button>',
        '<button data-logdig-id="album-share">Share</button>',
    )
}
"""What a page has now, and what stood there in the earlier release."""
BOX = re.compile(r"\[[\d.,\s]+\]")
"""A list of numbers in JSON."""


class Screen(msgspec.Struct, frozen=True):
    """A window in which a page was opened, and the height that the page has in it, in CSS px."""

    width: int
    height: int
    page_height: int


class PlacedElement(msgspec.Struct, frozen=True):
    """An element that visitors click.

    Args:
        selector: As the tracker makes it.
        tag: Name of the element.
        role: As the browser computes it for people who cannot see the page.
        name: Likewise.
        fixed: Whether it stays when scrolling.
        boxes: Left, top, width and height in CSS px of the page, by the window's width; where it is not visible, none.
        link: Path that it leads to, or None.
        called: What the tracker calls an element that is no link: ``tag;class;id;name;``.
    """

    selector: str
    tag: str
    role: str
    name: str
    fixed: bool
    boxes: dict[str, tuple[float, float, float, float]]
    link: str | None = None
    called: str | None = None


class PageLayout(msgspec.Struct, frozen=True):
    """A page of one release.

    Args:
        page: As tables name it.
        file: Its file of the site.
        title: Its title.
        release: The first one that has these elements.
        screens: Windows in which it was opened.
        elements: Those that can be clicked, from the top.
    """

    page: str
    file: str
    title: str
    release: str
    screens: tuple[Screen, ...]
    elements: tuple[PlacedElement, ...]


class Layout(msgspec.Struct, frozen=True):
    """Every page, in every release in which its elements changed."""

    pages: tuple[PageLayout, ...]


def read_layout(path: Path = PATH) -> Layout:
    """Read the layout."""
    return msgspec.json.decode(path.read_bytes(), type=Layout)


def write_layout(layout: Layout, path: Path = PATH) -> None:
    """Write the layout, a box a line, so that changes can be read."""
    text = msgspec.json.format(msgspec.json.encode(layout), indent=1).decode()
    path.write_text(BOX.sub(lambda box: " ".join(box[0].split()), text) + "\n", encoding="utf-8")


@click.command()
def main() -> None:
    """Open every page in Chromium, click its elements, and write what the tracker says of them to demo/layout.json."""
    from demo.layout_capture import capture

    try:
        with open_chromium() as browser:
            layout = capture(browser)
    except MissingPartError as err:
        raise click.ClickException(err.message) from err
    write_layout(layout)
    click.echo(f"{sum(len(page.elements) for page in layout.pages)} elements of {len(layout.pages)} pages in {PATH}")


if __name__ == "__main__":
    main()
