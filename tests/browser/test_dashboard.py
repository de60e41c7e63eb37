"""The dashboard in a real browser: numbers, filters, states, languages, files, and nothing that came as data runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.app import create_dashboard
from logdig.config.goals import GoalSettings
from logdig.config.settings import AppSettings, Settings
from logdig.errors import StoreUnavailableError
from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from logdig.store.state.releases import Release, add_release
from logdig.store.state.shares import Share, add_share, new_token, sha256_of_token
from tests.browser.node import TRACKER
from tests.browser.serving import serving
from tests.browser.site import TODAY, ZONE, site_rows
from tests.browser.vectors import VECTORS
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
FIRST = TODAY - timedelta(days=27)
DRAWN = "main:not([aria-busy]):not(:has(section[aria-busy])):not(:has(.wait))"
AXE = TRACKER / "node_modules" / "axe-core" / "axe.min.js"
SETTINGS = Settings(
    apps=(
        AppSettings(name="shop", token="pk_shop_12345678", timezone=ZONE),
        AppSettings(name="bare", token="pk_bare_12345678", timezone=ZONE),
    ),
    goals=(GoalSettings(name="sign up", page="/thanks"), GoalSettings(name="play", event="play")),
)


@dataclass
class Tables:
    """Tables that can be exchanged, or fail, while the server runs."""

    rows: MemoryTables
    fails: bool = False

    def pin(self, names: Any) -> MemoryTables:
        if self.fails:
            raise StoreUnavailableError("table sessions cannot be read: no route to S3; try again")
        return self.rows.pin(names)


@dataclass
class Site:
    """A running dashboard, and what went wrong in the browser."""

    url: str
    tables: Tables
    faults: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def plain() -> MemoryTables:
    return MemoryTables(site_rows(days=56, sessions_a_day=12))


@pytest.fixture(scope="module")
def site(plain: MemoryTables) -> Iterator[Site]:
    store, tables = FakeStore(), Tables(plain)
    add_release(store, Release(NOW - timedelta(days=9), "shop", "r8"))
    with serving(create_dashboard(SETTINGS, tables, store, clock=lambda: NOW)) as url:
        yield Site(url, tables)


@pytest.fixture
def page(chromium: Browser, site: Site, plain: MemoryTables) -> Iterator[Page]:
    site.tables.rows, site.tables.fails = plain, False
    site.faults.clear()
    with chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB") as context:
        context.set_default_timeout(60_000)
        opened = context.new_page()
        watch(opened, site)
        yield opened


def watch(page: Page, site: Site) -> None:
    page.on("pageerror", lambda error: site.faults.append(str(error)))
    page.on("console", lambda message: site.faults.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (site.faults.append("a dialog opened"), dialog.dismiss()))


def show(page: Page, site: Site, path: str) -> None:
    page.goto(site.url + path)
    page.wait_for_selector(DRAWN)


def card(page: Page, label: str) -> str:
    return page.locator(f".number:has(.label:text-is('{label}')) .value").inner_text()


def total(plain: MemoryTables, name: str, where: dict[str, str]) -> Any:
    answer = ask(plain, QUESTIONS["trend"], Parameters("shop", FIRST, TODAY, ZONE, where))
    return answer.rows.to_pylist()[0][name]


def test_share_link_opens_its_app_and_leaves_the_address_line(page: Page, plain: MemoryTables) -> None:
    store, token = FakeStore(), new_token()
    add_share(store, Share("shop", "numbers", sha256_of_token(token), NOW, None))
    with serving(create_dashboard(SETTINGS, plain, store, clock=lambda: NOW, shared=True)) as url:
        page.goto(f"{url}/?app=shop#share={token}")
        page.wait_for_selector(DRAWN)

        assert card(page, "Page views") not in ("", "0", "–")
        assert page.url == f"{url}/?app=shop"
        [cookie] = page.context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("__Host-logdig-shop", True, "Strict")
        menu = page.locator("#menu").inner_text()
        assert "Pages" in menu
        assert "Sessions" not in menu, "nothing about single persons"
        # The cookie stays: the same address without the token opens, too.
        page.goto(f"{url}/pages?app=shop")
        page.wait_for_selector(DRAWN)
        assert page.locator(".state.wrong").count() == 0


def test_overview_shows_what_the_questions_answer(page: Page, site: Site, plain: MemoryTables) -> None:
    show(page, site, "/")

    names = {"Visitors": "visitors", "Sessions": "sessions", "Page views": "views", "Conversions": "conversions"}
    assert {label: card(page, label) for label in names} == {
        label: f"{total(plain, name, {}):,.0f}" for label, name in names.items()
    }
    assert page.locator("section.card canvas").count() == 2
    assert site.faults == []


def test_click_on_a_row_filters_every_number_and_another_click_narrows_it(
    page: Page, site: Site, plain: MemoryTables
) -> None:
    show(page, site, "/")

    page.get_by_role("button", name="Organic Search", exact=True).click()
    page.get_by_role("button", name="/albums", exact=True).click()
    expect(page.locator(".chip")).to_have_count(2)
    page.wait_for_selector(DRAWN)

    where = {"channel": "Organic Search", "page": "/albums"}
    assert card(page, "Visitors") == f"{total(plain, 'visitors', where):,.0f}"
    assert card(page, "Sessions") == f"{total(plain, 'sessions', where):,.0f}"
    page.get_by_role("link", name="Pages", exact=True).click()
    expect(page.locator(".title strong")).to_have_text("/albums")
    assert "channel=Organic+Search" in page.url
    assert site.faults == []


def test_filter_that_a_page_cannot_apply_is_greyed_with_the_reason(page: Page, site: Site) -> None:
    show(page, site, "/traffic?device=mobile")
    before = page.locator(".number .value").all_inner_texts()

    chip = page.locator(".chip.off")
    assert "Device: Mobile" in chip.inner_text()
    assert "cannot be filtered by Device" in (chip.get_attribute("title") or "")
    page.get_by_role("button", name="Remove filter Device: Mobile").click()
    page.wait_for_selector(DRAWN)
    assert page.locator(".number .value").all_inner_texts() == before


def test_part_that_cannot_apply_a_filter_says_so_in_place_of_numbers(page: Page, site: Site) -> None:
    show(page, site, "/?page=/albums")

    assert page.locator(".state.off").inner_text().startswith("This part cannot be filtered by: Page.")
    assert site.faults == []


def test_filter_is_added_by_the_keyboard_alone(page: Page, site: Site) -> None:
    show(page, site, "/")

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator("#add").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_label("Value").press_sequentially("mobile")
    page.keyboard.press("Enter")

    expect(page.locator(".chip")).to_contain_text("Device: Mobile")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_failure_is_said_with_a_command_and_mended_by_another_try(page: Page, site: Site) -> None:
    show(page, site, "/")
    site.tables.fails = True

    page.locator(".chosen select").nth(1).select_option("7d")
    wrong = page.locator(".state.wrong").first
    expect(wrong).to_contain_text("AWS does not answer")
    expect(wrong.locator("code")).to_have_text("logdig status")

    site.tables.fails = False
    wrong.get_by_role("button", name="Try again").click()
    expect(page.locator(".state.wrong").first).not_to_contain_text("never", timeout=10_000)
    page.reload()
    page.wait_for_selector(DRAWN)
    assert page.locator(".state.wrong").count() == 0


def test_app_without_tables_says_which_command_fills_it(page: Page, site: Site) -> None:
    site.tables.rows = MemoryTables({})

    show(page, site, "/?app=bare")

    expect(page.locator("#fresh summary")).to_have_text("No data yet")
    expect(page.locator(".state code").first).to_have_text("logdig jobs run all")
    assert site.faults == []


def test_page_takes_new_numbers_by_itself_when_the_tables_change(page: Page, site: Site) -> None:
    page.clock.install(time=NOW)
    show(page, site, "/")
    before = card(page, "Visitors")
    fewer = MemoryTables(site_rows(days=56, sessions_a_day=6))
    fewer.state = lambda name, app: type(fewer).state(fewer, name, app).__class__(name, 8, NOW)  # type: ignore[method-assign]
    site.tables.rows = fewer

    page.clock.run_for(35_000)

    expect(page.locator(".number:has(.label:text-is('Visitors')) .value")).not_to_have_text(before)


FULL = pytest.mark.full


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("/", "light"),
        ("/pages?page=/albums", "dark"),
        pytest.param("/", "dark", marks=FULL),
        pytest.param("/pages", "light", marks=FULL),
        pytest.param("/pages", "dark", marks=FULL),
        pytest.param("/pages?page=/albums", "light", marks=FULL),
        pytest.param("/traffic", "light", marks=FULL),
        pytest.param("/traffic", "dark", marks=FULL),
    ],
)
def test_axe_finds_nothing(
    chromium: Browser, site: Site, plain: MemoryTables, tools: None, path: str, scheme: Any
) -> None:
    site.tables.rows, site.tables.fails = plain, False
    # Only the checker is put into the page past its policy.
    with chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme, bypass_csp=True) as context:
        opened = context.new_page()
        show(opened, site, path)
        opened.add_script_tag(path=AXE)
        found = opened.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in found["violations"]] == []


@pytest.mark.parametrize(
    "path", ["/", "/pages?page=/albums", *(pytest.param(path, marks=FULL) for path in ("/pages", "/traffic"))]
)
def test_korean_fits_a_phone(chromium: Browser, site: Site, plain: MemoryTables, path: str) -> None:
    site.tables.rows, site.tables.fails = plain, False
    with chromium.new_context(viewport={"width": 360, "height": 740}, locale="ko-KR") as context:
        opened = context.new_page()
        show(opened, site, path)

        assert opened.locator("html").get_attribute("lang") == "ko"
        assert re.search("[가-힣]", opened.locator(".side nav").inner_text())
        assert opened.evaluate("document.documentElement.scrollWidth") <= 360


def test_chart_is_saved_as_picture_and_as_rows_with_their_receipt(page: Page, site: Site, plain: MemoryTables) -> None:
    show(page, site, "/")
    trend = page.locator("section[aria-label='Trend']")

    with page.expect_download() as picture:
        trend.get_by_role("button", name="PNG").click()
    with page.expect_download() as rows:
        trend.get_by_role("button", name="CSV").click()

    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    lines = list(csv.reader(io.StringIO(Path(rows.value.path()).read_text(encoding="utf-8-sig"))))
    assert lines[0] == ["day", "visitors", "visitors_before"]
    days = ask(plain, QUESTIONS["trend"], Parameters("shop", FIRST, TODAY, ZONE, by="day")).rows.to_pylist()
    assert {line[0]: float(line[1]) for line in lines[1 : 1 + len(days)]} == {
        str(row["day"]): row["visitors"] for row in days
    }
    assert ["app", "shop"] in lines


def test_nothing_that_came_as_data_runs_and_no_cell_of_an_export_is_a_formula(page: Page, site: Site) -> None:
    site.tables.rows = MemoryTables(site_rows(days=28, sessions_a_day=30, texts=VECTORS))
    page.add_init_script("window.ran = 0; window.alert = window.print = () => { window.ran++; };")

    show(page, site, "/")
    menu = [link.get_attribute("href") or "" for link in page.locator("#menu a").all()]
    assert len(menu) >= 4
    for path in (*menu, f"/pages?page={quote(VECTORS[0])}"):
        show(page, site, path)
        for tab in page.get_by_role("tab").all():
            tab.click()
            page.wait_for_selector(DRAWN)
        for link in page.locator("a[href]").all():
            assert re.match(r"https?:|/|#", link.get_attribute("href") or ""), path
        assert page.locator("main :is(script, iframe, object, embed, base, form, style, img)").count() == 0
        assert page.evaluate("window.ran") == 0

    show(page, site, "/pages")
    with page.expect_download() as rows:
        page.get_by_role("button", name="CSV").click()
    cells = [
        cell
        for line in csv.reader(io.StringIO(Path(rows.value.path()).read_text(encoding="utf-8-sig")))
        for cell in line
    ]
    texts = [cell for cell in cells if not re.fullmatch(r"-?[\d.e-]+", cell)]
    assert any(cell.startswith("'=") for cell in texts)
    assert not [cell for cell in texts if cell[:1] in "=+-@\t\r" and cell]
    assert site.faults == []
