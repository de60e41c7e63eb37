"""The road from a real click on the demo site to the heatmap, and what the site's player does with a decision."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.registry import run
from analytics.spark import JARS_FOLDER, session
from demo.browser_requests import BrowserRequests
from demo.browser_visits import DESKTOP, LOADED, settle
from demo.server import Site
from infra.local.machine import find_java
from infra.local.processes import take_port
from infra.local.stack import LocalStack
from logdig.config.settings import AppSettings, Settings
from logdig.flush.run import flush_once
from tests.browser.conftest import BROWSERS, LAUNCH_ARGUMENTS

WAIT_SECONDS = 30
PAUSE_MS = 50
ELEMENT_CELL = 2048
SPARED = "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
"""py4j leaves its sockets to the garbage collector."""

pytestmark = pytest.mark.browser


def wait(page: Page, condition: str) -> None:
    """Wait from outside: the site's own security policy forbids what waits inside."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"not within {WAIT_SECONDS} s: {condition}"
        page.wait_for_timeout(PAUSE_MS)


@pytest.fixture(scope="module")
def visible(chromium: Browser) -> Iterator[Browser]:
    """A browser that does not call itself headless: robots' clicks are left out of maps."""
    program = next(filter(None, map(shutil.which, BROWSERS)))
    browser = chromium.browser_type.launch(
        executable_path=program, args=[*LAUNCH_ARGUMENTS, f"--user-agent={DESKTOP}", "--mute-audio"]
    )
    yield browser
    browser.close()


@pytest.fixture
def profile(visible: Browser) -> Iterator[BrowserContext]:
    context = visible.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture(scope="module")
def site_port() -> int:
    return take_port(0, "site")


@pytest.fixture(scope="module")
def stack(site_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    origin = f"http://127.0.0.1:{site_port}"
    app = AppSettings(name="music", token="pk_music_12345678", origins=(origin,))
    with LocalStack(Settings(service="road", apps=(app,)), tmp_path_factory.mktemp("stack"), os.environ) as stack:
        yield stack


@pytest.fixture(scope="module")
def spark(stack: LocalStack) -> Iterator[SparkSession]:
    java = find_java()
    jars = Path(os.environ.get("LOGDIG_JARS", JARS_FOLDER)).glob("*.jar")
    if java is None or not any(jars):
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Java 17 and Spark's archives")
        pytest.skip("Java 17 or Spark's archives are missing; run: make setup")
    os.environ["JAVA_HOME"] = str(Path(java).resolve().parent.parent)
    spark = session(stack.settings, stack.environment)
    yield spark
    spark.stop()


@pytest.fixture(scope="module")
def site(site_port: int, stack: LocalStack) -> Iterator[Site]:
    with Site(site_port, stack.settings.apps[0].token, stack.collector_url) as site:
        yield site


@pytest.mark.java
@pytest.mark.filterwarnings(SPARED)
def test_click_is_one_row_and_one_cell_when_flush_and_ingest_run_twice(
    stack: LocalStack, spark: SparkSession, site: Site, profile: BrowserContext
) -> None:
    requests = BrowserRequests(profile)
    page = profile.new_page()
    page.goto(f"{site.url}/index.html")
    wait(page, LOADED)
    box = page.locator("[data-logdig-id=hero-play]").bounding_box()
    assert box is not None

    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.55)
    page.wait_for_selector(".player")
    # Going away sends by beacon, coming back sends the same again: the copies must not count.
    page.goto(f"{site.url}/album.html")
    wait(page, LOADED)
    settle(page, requests)
    for _ in range(2):
        flush_once(stack.settings, force=True)
        for name in ("ingest", "clicks", "listens"):
            run(name, spark, stack.settings, datetime.now(UTC))

    clicks = rows(spark, stack, "events", "type = 'click'")
    stored = rows(spark, stack, "clicks")
    listens = rows(spark, stack, "listens")
    assert [(row["current_page"], row["element"]["selector"]) for row in clicks] == [
        (f"{site.url}/index.html", '[data-logdig-id="hero-play"]')
    ]
    assert [(row["page"], row["selector"], row["device"]) for row in stored] == [
        ("/", '[data-logdig-id="hero-play"]', "desktop")
    ]
    places = (stored[0]["ex"] // ELEMENT_CELL, stored[0]["ey"] // ELEMENT_CELL)
    assert places == (int(0.3 * 32767) // ELEMENT_CELL, int(0.55 * 32767) // ELEMENT_CELL)
    assert [(row["track_id"], row["mobile"]) for row in listens] == [("1201", False)]


def rows(spark: SparkSession, stack: LocalStack, name: str, condition: str = "true") -> list[dict[str, Any]]:
    found = tables.read(spark, stack.settings, name).where(condition).collect()
    return [row.asDict(recursive=True) for row in found]


STUB = """
  window.said = [];
  window.logdig = (...call) => {
    window.said.push(call.filter((one) => typeof one !== "function"));
    if (call[0] === "decide" && ANSWER) call[2](ANSWER);
  };
"""


@pytest.fixture
def visit(profile: BrowserContext) -> Iterator[Callable[..., Page]]:
    with Site(0, "pk_music_12345678", "http://127.0.0.1:9") as site:

        def stop(route: Route) -> None:
            route.abort()

        def open_page(answer: str, name: str = "index.html") -> Page:
            page = profile.new_page()
            page.route("**/clicktracker.js", stop)
            page.add_init_script(STUB.replace("ANSWER", answer))
            page.goto(f"{site.url}/{name}")
            return page

        yield open_page


def said(page: Page, *names: str) -> list[list[Any]]:
    return [call for call in page.evaluate("window.said") if call[0] in names]


@pytest.mark.parametrize("answer", ['{decision: "suppress"}', '{decision: "holdout"}', "null"])
def test_song_starts_without_an_offer_when_there_is_none_or_no_answer(visit: Callable[..., Page], answer: str) -> None:
    page = visit(answer)

    page.click("[data-logdig-id=pick-14]")
    page.wait_for_selector(".player")

    assert page.locator(".pause").count() == 0
    assert said(page, "decide", "ad", "listen") == [["decide", "before-song"], ["listen", "14"]]


SHOW = '{decision: "show", ad: "ADV_X", decision_id: "d1"}'


def test_offer_is_skipped_and_the_song_starts_at_once(visit: Callable[..., Page]) -> None:
    page = visit(SHOW)

    page.click("[data-logdig-id=pick-14]")
    page.click("[data-logdig-id=offer-skip]")
    page.wait_for_selector(".player")

    assert said(page, "ad", "listen") == [
        ["ad", "ADV_X", "view", "d1", "before-song"],
        ["ad", "ADV_X", "dismiss", "d1", "before-song"],
        ["listen", "14"],
    ]


def test_song_starts_by_itself_when_nobody_answers_the_offer(visit: Callable[..., Page]) -> None:
    page = visit(SHOW)

    page.click("[data-logdig-id=pick-14]")
    assert "Join the 50 % membership upgrade?" in page.locator(".pause").inner_text()
    page.wait_for_selector(".player", timeout=15_000)

    assert page.locator(".pause").count() == 0
    assert said(page, "ad", "listen") == [["ad", "ADV_X", "view", "d1", "before-song"], ["listen", "14"]]


def test_offer_leads_to_the_offer_page_where_accepting_is_told(visit: Callable[..., Page]) -> None:
    page = visit(SHOW)

    page.click("[data-logdig-id=pick-14]")
    page.click("[data-logdig-id=offer-join]")
    page.wait_for_url("**/offer.html")
    page.click("[data-logdig-id=upgrade-gold]")

    assert page.locator("#thanks").is_visible()
    assert said(page, "track") == [["track", "upgrade", {"level": "gold", "value": 5}]]
