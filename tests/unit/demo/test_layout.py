"""The committed layout of the demo's site: it has the elements that the pages have, and boxes that lie on them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from demo.layout import EARLIER, EARLIER_RELEASE, RELEASE, Layout, PageLayout, read_layout, write_layout
from demo.server import SITE
from demo.visitors import VIEWPORTS

LAYOUT = read_layout()
PAGES = pytest.mark.parametrize("page", LAYOUT.pages, ids=lambda page: f"{page.file} {page.release}")


class Names(HTMLParser):
    """Collects the ``data-logdig-id`` of a page with their tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = dict(attrs).get("data-logdig-id")
        if name:
            self.tags[f'[data-logdig-id="{name}"]'] = tag


def page_text(page: PageLayout) -> str:
    text = (SITE / page.file).read_text()
    if page.release == EARLIER_RELEASE and page.file in EARLIER:
        now, before = EARLIER[page.file]
        return text.replace(now, before)
    return text


@PAGES
def test_layout_has_every_named_element_of_the_page_at_every_width(page: PageLayout) -> None:
    named = {element.selector: element for element in page.elements if element.selector.startswith("[data-logdig-id")}

    assert {selector: element.tag for selector, element in named.items()} == Names(page_text(page)).tags
    assert all(element.boxes.keys() == {str(width) for width, _ in VIEWPORTS} for element in named.values())


@PAGES
def test_boxes_lie_inside_the_page_when_it_is_as_wide_as_the_window(page: PageLayout) -> None:
    assert {(screen.width, screen.height) for screen in page.screens} == set(VIEWPORTS)
    for screen in page.screens:
        for element in page.elements:
            if str(screen.width) in element.boxes:
                left, top, width, height = element.boxes[str(screen.width)]
                assert 0 <= left < left + width <= screen.width
                assert 0 <= top < top + height <= screen.page_height


@PAGES
def test_fixed_parts_are_those_of_the_header_when_nobody_has_scrolled(page: PageLayout) -> None:
    fixed = {element.selector for element in page.elements if element.fixed}

    assert fixed == {f'[data-logdig-id="{name}"]' for name in ("brand", "nav-home", "nav-album", "nav-offer", "member")}
    assert all(box[1] < 120 for e in page.elements if e.fixed for box in e.boxes.values())


def test_only_the_album_changes_when_the_later_release_comes() -> None:
    selectors = {(page.page, page.release): {e.selector for e in page.elements} for page in LAYOUT.pages}

    assert {release for _, release in selectors} == {EARLIER_RELEASE, RELEASE}
    before, after = selectors["/album.html", EARLIER_RELEASE], selectors["/album.html", RELEASE]
    assert before - after == {'[data-logdig-id="album-share"]'}
    assert after - before == {'[data-logdig-id="album-queue"]'}


def test_elements_are_in_the_order_of_their_tops_at_the_widest_window() -> None:
    for page in LAYOUT.pages:
        tops = [element.boxes["1440"][1] for element in page.elements if "1440" in element.boxes]
        assert all(above <= below for above, below in pairwise(tops))


def test_pages_of_the_site_show_the_later_release() -> None:
    assert {re.findall(r'data-logdig-version="(.*?)"', (SITE / page.file).read_text())[0] for page in LAYOUT.pages} == {
        RELEASE
    }


def test_layout_is_equal_when_it_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    write_layout(LAYOUT, path)

    assert read_layout(path) == LAYOUT != Layout(())
