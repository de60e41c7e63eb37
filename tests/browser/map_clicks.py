"""Real clicks at known elements of a hard page, and where each of several methods would draw them on another width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Browser, Page

from infra.local.page_capture import CaptureOptions, PageCapture
from infra.local.page_scripts import SCROLL
from logdig.questions.page.projection import Account, places_of, project
from logdig.store.pictures import Layout
from tests.unit.questions.brute import cell

WINDOWS = ((1440, 900, 1.0), (1280, 720, 1.0), (960, 600, 1.5), (820, 1180, 1.0), (390, 844, 2.0))
"""Width, height and pixel ratio; the third one is a window of 1,440 px zoomed to 150 %."""
CAPTURED = (1440, 820, 390)
TARGETS = """() => {
  const parts = (root) => [...root.querySelectorAll('*')].flatMap((part) =>
    part.shadowRoot ? [part, ...parts(part.shadowRoot)] : [part]);
  const found = {};
  for (const part of parts(document)) {
    const name = part.getAttribute('data-t');
    if (!name) continue;
    const {left, top, width, height} = part.getBoundingClientRect();
    found[name] = [left + scrollX, top + scrollY, width, height];
  }
  return found;
}"""
HIT = """([x, y]) => {
  let hit = document.elementFromPoint(x, y);
  if (hit.shadowRoot) hit = hit.shadowRoot.elementFromPoint(x, y);
  const target = hit.closest('[data-t]');
  const {left, top, width, height} = target.getBoundingClientRect();
  return [target.dataset.t, left, top, width, height];
}"""
"""The named element under a point, and its box on the screen."""
LATE = "html[data-late]"
OPENS = {"in the menu": "toggle", "in the menu too": "toggle", "second slide": "next"}
"""What must be clicked first, so that an element can be seen."""
PLACES = ((0.5, 0.5), (0.2, 0.3), (0.85, 0.7))
Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class Click:
    """A click at a share of the box of a named element, and what the tracker sent of it."""

    target: str
    share: tuple[float, float]
    width: int
    event: dict[str, Any]

    @property
    def pair(self) -> tuple[str, str | None]:
        """Selector and link, as the tables have them."""
        return self.event["element"]["selector"], self.event["link"]

    @property
    def row(self) -> dict[str, Any]:
        """The click as table ``clicks`` has it."""
        element = self.event["element"]
        names = ("selector", "ex", "ey", "w", "h", "fixed")
        return {name: element[name] for name in names} | {
            "link": self.event["link"], "x": math.floor(self.event["x"]), "y": math.floor(self.event["y"]),
        }  # fmt: skip


def click_targets(
    page: Page, width: int, targets: Sequence[str], flush: Callable[[int], list[dict[str, Any]]]
) -> list[Click]:
    """Click elements at known places; ``flush`` sends and returns so many events of clicks in their order."""
    made: list[tuple[str, tuple[float, float]]] = []
    for number, name in enumerate(targets):
        opener = OPENS.get(name)
        if opener and not page.locator(f'[data-t="{name}"]').is_visible():
            made.append(_click(page, opener, (0.5, 0.5)))
        elif name == "second slide":
            made.append(_click(page, "next", (0.5, 0.5)))
        made.append(_click(page, name, PLACES[number % len(PLACES)]))
    events = flush(len(made))
    return [Click(name, share, width, event) for (name, share), event in zip(made, events, strict=True)]


def _click(page: Page, name: str, share: tuple[float, float]) -> tuple[str, tuple[float, float]]:
    target = page.locator(f'[data-t="{name}"]')
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box, name
    x, y = round(box["x"] + share[0] * box["width"]), round(box["y"] + share[1] * box["height"])
    # A fixed part may lie over it.
    hit, left, top, width, height = page.evaluate(HIT, [x, y])
    page.mouse.click(x, y)
    return hit, ((x - left) / width, (y - top) / height)


@dataclass(frozen=True, slots=True)
class Truth:
    """A layout, and where the named elements really lie on the same page."""

    layout: Layout
    boxes: dict[str, Box]


def capture(browser: Browser, address: str, clicks: Sequence[Click], width: int) -> Truth:
    """Capture the page and ask it where its elements are."""
    boxes: dict[str, Box] = {}

    class Watched(PageCapture):
        def _described(self, opened: Page, asked: Any) -> dict[str, Any]:
            opened.evaluate(SCROLL, 0)
            boxes.update(opened.evaluate(TARGETS))
            return super()._described(opened, asked)

        def _tiles(self, page: Page, page_height: int, tile_height: int) -> Any:
            return iter(())

    pairs = list(dict.fromkeys(click.pair for click in clicks))
    captured = Watched(browser, CaptureOptions(), lambda: datetime.now(UTC)).capture("/", [address], pairs, width)
    return Truth(captured.layout, boxes)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where a method draws a click: the point, None = not at all; ``error`` in px to where it belongs."""

    click: Click
    point: tuple[float, float] | None
    right: bool
    error: float


def drawn(clicks: Sequence[Click], truth: Truth) -> tuple[list[Drawn], Account]:
    """Draw clicks as the map does: through their cells."""
    pairs = list(dict.fromkeys(click.pair for click in clicks))
    places = places_of(pairs, truth.layout.elements)
    names = ("selector", "link", "fixed", "level_x", "level_y", "cell_x", "cell_y")
    cells = []
    for click in clicks:
        key = cell(click.row)
        assert key
        cells.append(dict(zip(names, key, strict=True)) | {"element": pairs.index(click.pair), "count": 1})
    points, account = project(cells, places, truth.layout.page_width, truth.layout.height)
    found = {point.cell: (point.x, point.y) for point in points}
    return [_judged(click, found.get(number), truth) for number, click in enumerate(clicks)], account


def by_viewport(clicks: Sequence[Click], truth: Truth) -> list[Drawn]:
    """x as a share of the viewport in hundredths, y absolute."""
    return [
        _judged(
            click,
            (round((click.event["x"] - click.event["view"]["sx"]) / click.event["view"]["vw"], 2) * truth.layout.width,
             click.event["y"]),
            truth,
        )
        for click in clicks
    ]  # fmt: skip


def by_scroll_size(clicks: Sequence[Click], truth: Truth) -> list[Drawn]:
    """x and y as shares of the size that can be scrolled."""
    return [
        _judged(
            click,
            (click.event["x"] / click.event["view"]["dw"] * truth.layout.page_width,
             click.event["y"] / click.event["view"]["dh"] * truth.layout.height),
            truth,
        )
        for click in clicks
    ]  # fmt: skip


def _judged(click: Click, point: tuple[float, float] | None, truth: Truth) -> Drawn:
    left, top, width, height = truth.boxes[click.target]
    if point is None:
        return Drawn(click, None, False, math.inf)
    x, y = point
    right = left - 1 <= x <= left + width + 1 and top - 1 <= y <= top + height + 1
    return Drawn(click, point, right, math.hypot(x - left - click.share[0] * width, y - top - click.share[1] * height))


def visible(found: Sequence[Drawn], truth: Truth) -> list[Drawn]:
    """Those of elements that can be seen on the picture; what a menu, a slide or a panel hides is not asked."""
    hidden = {"in the menu", "in the menu too", "second slide", "scrolled away"}
    return [one for one in found if one.click.target not in hidden]


def share(values: Sequence[bool]) -> float:
    """Share of those that are true."""
    return sum(values) / len(values)


def percentile(values: Sequence[float], part: float) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]
