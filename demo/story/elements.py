"""What people of the story click: the elements of the layout, how often, and where inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.layout import RELEASE, Layout, PageLayout, PlacedElement, Screen
from demo.story.people import Choice
from demo.story.sources import ALBUM, HOME, OFFER

BOX_SIZE = 32767
"""The full width or height of an element in ``ex`` and ``ey`` (clicktracker_js/src/limits.js)."""
EDGE, SPREAD = 0.04, 0.16
"""People click near the middle of an element, in shares of its size, and never nearer to its edge."""
OTHERS = 0.12
"""Weight of elements that WEIGHTS does not name: texts and pictures."""


def named(name: str) -> str:
    """Selector of an element that the site names."""
    return f'[data-logdig-id="{name}"]'


DEAD, RAGE, STEPPER = named("album-save"), named("pick-37"), named("speakers-more")
UPGRADE, CHANGED = named("upgrade-gold"), named("album-play")
APART = {UPGRADE, STEPPER, named("speakers-less")}
"""Elements that have a part of their own in the story."""
WEIGHTS: dict[str, dict[str, float]] = {
    HOME: {"hero-play": 5, "pick-14": 4, "pick-215": 3, "pick-37": 2.5, "pick-478": 2, "member": 1.2},
    ALBUM: {
        "album-play": 2,
        "album-share": 1,
        "album-queue": 2.5,
        "album-save": 2.6,
        "track-1201": 4,
        "track-1202": 2.5,
        "track-1203": 2,
        "track-1204": 1.6,
        "track-1205": 1.3,
        "track-1206": 1.1,
        "track-1207": 1.8,
        "member": 0.8,
    },
    OFFER: {"member": 0.5},
}
PLAYED_MORE = 2.6
"""Since the later release the album's play button is clicked so many times as often."""
LINK_WEIGHTS = {
    "nav-home": 3.0,
    "nav-album": 3.0,
    "nav-offer": 3.0,
    "hero-album": 4.0,
    "brand": 1.5,
    "stay-silver": 2.0,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a page in a window: page px, rounded down, and what the tracker says of the element."""

    x: int
    y: int
    sy: int
    element: dict[str, Any]


class Stage:
    """One page of one release, ready to be clicked.

    Args:
        page: Its layout.
    """

    def __init__(self, page: PageLayout) -> None:
        self.page = page
        self.screens: dict[int, Screen] = {screen.width: screen for screen in page.screens}
        self._elements = {element.selector: element for element in page.elements}
        self._idle = {width: Choice(list(self._weighted(str(width)))) for width in self.screens}
        self._links = {
            link: Choice([(element, self._link_weight(element)) for element in page.elements if element.link == link])
            for link in {element.link for element in page.elements if element.link}
        }

    def element(self, selector: str) -> PlacedElement:
        """The element of a selector."""
        return self._elements[selector]

    def draw(self, random: Random, width: int) -> PlacedElement:
        """Draw what is clicked, of all but links."""
        return self._idle[width].draw(random)

    def draw_link(self, random: Random, file: str) -> PlacedElement:
        """Draw the link by which somebody goes to a page."""
        return self._links[f"/{file}"].draw(random)

    def place(
        self, element: PlacedElement, width: int, height: int, scrolled: int, across: float, down: float
    ) -> Place:
        """Say where a point inside of an element lies, in shares of its box."""
        left, top, box_width, box_height = element.boxes[str(width)]
        most = max(0, self.screens[width].page_height - height)
        if element.fixed:
            sy = min(scrolled, most)
            top += sy
        else:
            sy = min(most, max(0, int(top + box_height) - height + 20, min(scrolled, int(top) - 20)))
        part = {
            "selector": element.selector,
            "tag": element.tag,
            "ex": round(across * BOX_SIZE),
            "ey": round(down * BOX_SIZE),
            "w": box_width,
            "h": box_height,
            "fixed": element.fixed,
        }
        return Place(int(left + across * box_width), int(top + down * box_height), sy, part)

    def _weighted(self, width: str) -> Iterable[tuple[PlacedElement, float]]:
        weights = {named(name): weight for name, weight in WEIGHTS[self.page.file].items()}
        if self.page.release == RELEASE and self.page.file == ALBUM:
            weights[CHANGED] *= PLAYED_MORE
        for element in self.page.elements:
            if element.link is None and element.selector not in APART and width in element.boxes:
                yield element, weights.get(element.selector, OTHERS)

    @staticmethod
    def _link_weight(element: PlacedElement) -> float:
        return next((weight for name, weight in LINK_WEIGHTS.items() if named(name) == element.selector), 1.0)


def stages(layout: Layout) -> dict[tuple[str, str], Stage]:
    """Every page by file and release; a release that changes nothing shows the page as it was."""
    return {(page.file, page.release): Stage(page) for page in layout.pages}
