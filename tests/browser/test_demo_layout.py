"""The committed layout of the demo's site names elements as today's tracker does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from demo.layout import PageLayout, read_layout
from demo.layout_capture import capture
from infra.local.chromium import FLAGS
from infra.local.machine import find_chromium

pytestmark = pytest.mark.browser

WINDOW = (1440, 900)


def named(page: PageLayout) -> set[tuple[str, str, str, bool, str | None]]:
    return {
        (element.selector, element.tag, element.role, element.fixed, element.link)
        for element in page.elements
        if str(WINDOW[0]) in element.boxes
    }


def test_layout_has_the_selectors_of_the_tracker_when_the_site_is_opened_again(chromium: Browser) -> None:
    browser = chromium.browser_type.launch(executable_path=find_chromium(), args=[*FLAGS, "--no-sandbox"])
    opened = capture(browser, [WINDOW])
    browser.close()

    committed = read_layout()
    assert [(page.page, page.release) for page in opened.pages] == [(p.page, p.release) for p in committed.pages]
    for now, then in zip(opened.pages, committed.pages, strict=True):
        assert named(now) == named(then), "run: python -m demo.layout"
