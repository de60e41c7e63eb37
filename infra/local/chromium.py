"""Chromium by Playwright, which is the extra `capture`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.local.machine import find_chromium
from logdig.errors import MissingPartError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    # Elements tell the role and the name that people hear who cannot see the page.
    "--enable-blink-features=ComputedAccessibilityInfo",
)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Start a headless Chromium, and end it.

    Raises:
        MissingPartError: Playwright or Chromium is missing; says how to get it.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as err:
        raise MissingPartError("Playwright is not installed; run: pip install -e '.[capture]'") from err
    with sync_playwright() as playwright:
        launch: Any = {"executable_path": find_chromium(), "args": FLAGS}
        try:
            # Root, and some machines, cannot have Chromium's sandbox.
            browser = playwright.chromium.launch(**launch, chromium_sandbox=os.geteuid() != 0)
        except Error:
            try:
                browser = playwright.chromium.launch(**launch)
            except Error as err:
                reason = err.message.splitlines()[0]
                step = "install Chromium or Google Chrome, or run: playwright install chromium"
                raise MissingPartError(f"Chromium does not start: {reason}; {step}") from err
        yield browser
        browser.close()
