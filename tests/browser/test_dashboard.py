"""The dashboard in a real browser: it fills by itself, draws, and runs nothing that came as data."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from dashboard.app import create_dashboard
from infra.local.machine import find_chromium
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings, Settings
from tests.fakes.marts import FakeMarts

pytestmark = pytest.mark.browser


FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
LONG_NAME = "a.long-selector > " * 12
HOSTILE = '"><img src=x onerror="document.title=1"><script>document.title=2</script>{{7*7}}'
SETTINGS = Settings(
    apps=(AppSettings(name="music", token="pk_music_12345678"),),
    offers=tuple(OfferSettings(name=name) for name in ("ADV_REDUCED_1DAY", "plain", HOSTILE, LONG_NAME)),
)


def heat_row(selector: str | None, clicks: int, x: float, y: float, page: str = "http://site.test/") -> dict[str, Any]:
    sums = {"clicks": clicks, "x_sum": x * clicks, "y_sum": y * clicks, "vw_sum": 1280.0 * clicks}
    place = {"selector": selector, "cell_x": 1, "cell_y": 2, "device": "desktop", "day": date(2026, 11, 24)}
    return {"app": "music", "page": page, **place, **sums}


def rows(text: str) -> dict[str, list[dict[str, Any]]]:
    model = {
        "app": "music", "offer": text, "trained_at": NOW, "passed": False, "reason": text, "train_rows": 9,
        "train_positives": 1, "test_rows": 8, "test_positives": 1, "constant_error": 0.1, "constant_brier": 0.1,
        "constant_average_precision": 0.1,
    }  # fmt: skip
    return {
        "events": [
            {"app": "music", "type": "click", "user_key": text, "occurred_at": NOW - timedelta(hours=hour)}
            for hour in range(5)
        ],
        "heat_cells": [heat_row(text, 30, 600, 300, text), heat_row(None, 3, 100, 900, text)],
        "models": [model],
        "targets": [{"app": "music", "offer": "ADV_REDUCED_1DAY", "level": 1}],
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Chromium")
        pytest.skip("Chromium is missing; run: make setup")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def marts() -> FakeMarts:
    return FakeMarts()


@pytest.fixture
def url(marts: FakeMarts) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_dashboard(SETTINGS, marts), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, url: str, faults: list[str]) -> Iterator[Page]:
    with browser.new_context() as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        opened.goto(url)
        opened.wait_for_selector("#state[data-state=live]")
        yield opened


def painted(page: Page, selector: str) -> bool:
    """Tell whether a canvas holds more than one colour."""
    pixels = "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer"
    return bool(page.locator(selector).evaluate(f"c => new Set(new Uint32Array({pixels})).size > 9"))


def test_page_says_what_is_missing_when_nothing_is_there(page: Page, faults: list[str]) -> None:
    assert page.locator("[data-total=events]").text_content() == "0"
    assert page.locator("#heat-empty").is_visible()
    assert page.locator("#model-empty").is_visible()
    assert not page.locator("#heat").is_visible()
    assert faults == []


def test_page_fills_by_itself_when_marts_do(page: Page, marts: FakeMarts, faults: list[str]) -> None:
    marts.rows = rows("plain")

    page.wait_for_selector("#heat:visible")

    assert page.locator("[data-total=clicks]").text_content() == "5"
    assert page.locator("#spots code").all_text_contents() == ["plain", "page at 100, 900"]
    assert page.locator(".pill").text_content() == "Refused: it may choose nobody"
    assert page.locator(".level").text_content() == "Silver1"
    assert painted(page, "#canvas")
    assert painted(page, "#trend canvas")
    assert faults == []


def test_page_shows_hostile_text_as_text(page: Page, marts: FakeMarts, faults: list[str]) -> None:
    marts.rows = rows(HOSTILE)

    page.wait_for_selector("#heat:visible")
    page.locator("#canvas").hover(position={"x": 5, "y": 5})

    assert page.locator("#spots code").first.text_content() == HOSTILE
    assert page.locator("#models h3").text_content() == HOSTILE
    assert page.locator("#address").text_content() == HOSTILE
    assert page.title() == "LogDig"
    assert page.locator("main img, main script").count() == 0
    assert faults == []


def test_page_says_so_when_tables_cannot_be_read(page: Page, marts: FakeMarts) -> None:
    marts.broken = True

    page.wait_for_selector("#state[data-state=lost]")

    assert "try again" in (page.locator("#state").text_content() or "")


def test_page_fits_a_phone(page: Page, marts: FakeMarts) -> None:
    marts.rows = rows(LONG_NAME)
    page.set_viewport_size({"width": 360, "height": 740})

    page.wait_for_selector("#heat:visible")

    assert page.evaluate("document.documentElement.scrollWidth") == 360
