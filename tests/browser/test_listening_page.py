"""Page Listening in a real browser: every panel draws what the questions answer, and leads to single customers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.app import create_dashboard
from logdig.config.settings import AppSettings, Settings
from logdig.store.objects import build_object
from logdig.times import wire_time
from tests.browser.serving import serving, watch
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore
from tests.unit.questions import listening
from tests.unit.questions.rows import FIRST, LAST, ZONE, Maker

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 12, 3, 2, tzinfo=UTC)
ATTACK = '<img src=x onerror="window.ran = 1">'
DRAWN = "main:not([aria-busy]):not(:has(section[aria-busy])):not(:has(.wait))"
DAYS = f"app=shop&from={FIRST}&to={LAST}"
TABLES = listening.tables(Maker(4), 400)
TABLES["tracks"] = [{"app": "shop", "track_id": "7", "title": ATTACK, "artist": None}]


def stored_now() -> FakeStore:
    """Listens of the last minutes, in raw alone."""
    store = FakeStore()
    store.clock = lambda: NOW
    lines = [
        {
            "received_at": wire_time(NOW), "occurred_at": wire_time(NOW - timedelta(minutes=minute)), "app": "shop",
            "event_id": f"new{minute}", "type": "listen", "customer_id": str(minute % 3),
            "listen": {"track_id": "7", "mobile": minute % 2 == 0, "zip": "94016"},
        }
        for minute in range(20)
    ]  # fmt: skip
    built = build_object("raw", NOW.date(), [json.dumps(line).encode() for line in lines])
    store.put(built.key, built.body)
    return store


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = AppSettings(name="shop", token="pk_shop_12345678", timezone=ZONE)
    dashboard = create_dashboard(Settings(apps=(app,)), MemoryTables(TABLES), stored_now(), clock=lambda: NOW)
    with serving(dashboard) as address:
        yield address


@pytest.fixture(scope="module")
def page(chromium: Browser, url: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1300, "height": 900}, locale="en-GB")
    context.set_default_timeout(90_000)
    page = context.new_page()
    faults = watch(page)
    page.goto(f"{url}/listening?{DAYS}")
    page.wait_for_selector(DRAWN)
    yield page
    context.close()
    assert faults == []


def cells(page: Page, panel: str, table: str | None = None) -> list[list[str]]:
    """Texts of the rows of a panel's table."""
    rows = page.locator(f'section[aria-label="{panel}"] .table[aria-label="{table or panel}"] tbody tr')
    return [[text.strip() for text in row.locator("td, th").all_inner_texts()] for row in rows.all()]


def counts(tables: dict[str, list[listening.Row]], name: str, by: str | None = None) -> list[listening.Row]:
    """The same counted in plain Python, the most heard first."""
    return sorted(listening.COUNTS[name](tables, {}, by), key=lambda row: -row["listens"])


def test_panels_show_what_the_questions_answer_and_no_title_runs(page: Page) -> None:
    every = counts(TABLES, "top_listeners")
    shown = cells(page, "Listeners")
    states = [row for row in counts(TABLES, "listens", "state") if row["state"]]

    assert {(row[0], row[1]) for row in shown} == {
        (row["customer_id"] or row["user_key"], str(row["listens"])) for row in every
    }
    assert cells(page, "Where it is heard") == [
        [row["state"], str(row["listens"]), str(row["listeners"])] for row in states
    ]
    assert sum(int(row[1]) for row in cells(page, "Listening now", "Five-minute slots")) == 20
    # Now, the trend, the map and the levels.
    expect(page.locator("section.card canvas")).to_have_count(4)
    assert page.get_by_text(ATTACK).count() > 0
    assert page.evaluate("window.ran ?? null") is None


def test_state_leads_over_zip_areas_and_customers_to_single_listens(page: Page) -> None:
    page.get_by_role("button", name="CA", exact=True).click()
    page.get_by_role("button", name="940xx", exact=True).click()
    page.wait_for_selector(DRAWN)
    page.locator('section[aria-label="Listeners"]').get_by_role("button", name="7", exact=True).click()
    page.wait_for_selector(DRAWN)
    expect(page.locator(".chip")).to_have_count(3)

    heard = listening.single_listens(TABLES, {"state": "CA", "zip_area": "940", "customer": "7"}, None)
    expect(page.locator('section[aria-label="Single listens"] p.soft')).to_have_text(
        f"{len(heard)} of {len(heard)} listens"
    )
    assert len(heard) > 0
    assert {(row[0], row[3], row[4]) for row in cells(page, "Single listens")} == {("7", "CA", "94016")}


def test_brush_over_the_trend_chooses_hours(page: Page, url: str) -> None:
    page.goto(f"{url}/listening?app=shop&from=2026-11-12&to=2026-11-12")
    page.wait_for_selector(DRAWN)
    chart = page.locator('section[aria-label="Listens"] canvas')
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    for x, act in ((0.3, page.mouse.down), (0.6, page.mouse.up)):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] / 2, steps=3)
        act()

    page.wait_for_url("**hours=**")
    page.wait_for_selector(DRAWN)
    (hours,) = (value for name, _, value in (part.partition("=") for part in page.url.split("&")) if name == "hours")
    heard = listening.single_listens(TABLES, {"hours": unquote(hours)}, None)
    expect(page.locator('section[aria-label="Single listens"] p.soft')).to_have_text(
        f"{len(heard)} of {len(heard)} listens"
    )
