"""Chromium, a test collector and a test site for the browser tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.collector_stub import (
    PATIENCE_SECONDS,
    TOKEN,
    Collector,
    Server,
    collector_handler,
    site_handler,
)
from tests.browser.node import TRACKER, node_folder, run

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LAUNCH_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def tools() -> None:
    """The build tools, as the lock file names them."""
    if all((TRACKER / "node_modules" / name).is_dir() for name in ("axe-core", "esbuild", "terser", "typescript")):
        return
    npm = node_folder().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    program = ["node", str(npm)] if npm.exists() else [shutil.which("npm") or "npm"]
    installed = run(*program, "ci", "--ignore-scripts", "--silent")
    if installed.returncode:
        missing = f"the tracker's build tools could not be installed: {installed.stderr[-500:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the whole run; its contexts share nothing."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing = f"no Chromium or Chrome on this machine (looked for {', '.join(BROWSERS)})"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have a browser: {missing}")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=LAUNCH_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own."""
    context = chromium.new_context(viewport={"width": 1000, "height": 700})
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield context
    context.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A recording collector; at the end it must not have rejected any event."""
    collector = Collector()
    with Server(collector_handler(collector)) as server:
        collector.url = server.url
        yield collector
    assert collector.sink.rejected == []


@pytest.fixture
def open_page(context: BrowserContext, collector: Collector) -> Iterator[OpenPage]:
    """Open a test page as ``open_page("plain.html", attributes='data-consent="all"')``.

    ``attributes`` are added to the script tag, ``headers`` to every answer of the site, ``init`` is run before the
    page's own scripts; ``values`` fill in other names of the page. An error that reached the page fails the test.
    """
    errors: list[str] = []
    with ExitStack() as servers:
        sites: dict[str, Server] = {}

        def site(values: dict[str, str], headers: dict[str, str]) -> Server:
            key = f"{values} {headers}"
            if key not in sites:
                defaults = {"endpoint": collector.url, "token": TOKEN, "file": "mine.js?v=3"}
                sites[key] = servers.enter_context(Server(site_handler(defaults | values, headers)))
                collector.origins.add(sites[key].url)
            return sites[key]

        def open_it(
            name: str = "plain.html", *, attributes: str = "", headers: dict[str, str] | None = None, init: str = "",
            values: dict[str, str] | None = None, **options: Any,
        ) -> Page:  # fmt: skip
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            if init:
                page.add_init_script(init)
            server = site({"attributes": attributes} | (values or {}), headers or {})
            page.goto(f"{server.url}/{name}", wait_until="load", **options)
            return page

        yield open_it
        context.close()
    assert errors == []


def flush(page: Page, collector: Collector, *, events: int) -> list[dict[str, Any]]:
    """Send what waits; give the acknowledged events once there are so many."""
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.acts) >= events)
    assert len(collector.acts) == events
    return collector.acts
