"""The dashboard's map: picture, account, list and files; nothing that came as data runs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from dashboard.app import create_dashboard
from logdig.config.settings import AppSettings, Settings
from logdig.errors import StoreUnavailableError
from logdig.store.pictures import Layout, Place, add_picture
from tests.browser.serving import serving, watch
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
ATTACK = '<img src=x onerror="window.ran = 1">'
HEIGHT = 60_000
DIST = Path(__file__).parents[2] / "clicktracker_js" / "dist"
DRAWN = "main:not([aria-busy]):not(:has(section[aria-busy])):not(:has(.wait)) .map-stage canvas"


def rows() -> dict[str, list[dict[str, Any]]]:
    shared = {
        "app": "shop", "day": date(2026, 11, 28), "page": "/", "path": "/", "host": "shop.test", "device": "desktop",
        "weight": 1.0, "bucket": 0, "session_id": "s",
    }  # fmt: skip
    box = {"ex": 16384, "ey": 16384, "w": 80.0, "h": 40.0, "x": 100, "y": 100, "vw": 1440.0, "vh": 900.0, "tag": "a"}
    clicks = [
        shared | box | {"event_id": f"e{number}", "user_key": f"u{number}", "selector": selector, "link": None}
        for number, selector in enumerate(["#buy"] * 6 + ["#menu"] * 2 + [ATTACK] + [None])
    ]  # fmt: skip
    views = [
        shared | {"release": "2.0"}
        | {"user_key": f"u{number}", "page_view_id": f"v{number}", "viewed": True, "vh": 900.0, "depth_share": 0.5}
        for number in range(20)
    ]  # fmt: skip
    # The release of the 28th: one view and no click before it, one of each after it.
    views[18] |= {"day": date(2026, 11, 29)}
    views[19] |= {"day": date(2026, 11, 25), "release": "1.0"}
    clicks[2] |= {"day": date(2026, 11, 29)}
    for click in clicks:
        click |= {"release": "2.0"}
    for number in range(20):
        views[number] |= {"experiments": {"button": "large" if number % 2 else "small"}}
        if number < len(clicks):
            clicks[number] |= {"experiments": {"button": "large" if number % 2 else "small"}}
    for click in clicks[:2]:
        click |= {"session_id": "s", "page_view_id": "v0", "after": {"watched_ms": 2500}}
    points = [{"ex": 16384, "ey": 16384, "ms": ms} for ms in (0, 3000)]
    moves = [shared | {"event_id": "m", "user_key": "u0", "page_view_id": "v0", "selector": "#buy", "points": points}]
    return {"clicks": clicks, "page_views": views, "moves": moves}


def picture(store: FakeStore) -> None:
    tile = io.BytesIO()
    Image.new("RGB", (1440, 900), "white").save(tile, "WEBP")
    elements = (
        Place("#buy", None, "a", "link", ATTACK, (100, 59_000, 80, 40)),
        Place("#menu", None, "button", "button", "Menu", (0, 0, 0, 0), seen=False),
    )
    layout = Layout("/", "https://shop.test/", 1440, 900, 1440, HEIGHT, 900, 1, NOW, 3, 4, 3, elements)
    add_picture(store, "shop", layout, [tile.getvalue()])


class Bucket(FakeStore):
    """A bucket that can go away."""

    is_away = False

    def get_tagged(self, key: str) -> tuple[bytes, str] | None:
        if self.is_away:
            raise StoreUnavailableError("the bucket does not answer", key=key)
        return super().get_tagged(key)


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    bucket = Bucket()
    picture(bucket)
    return bucket


@pytest.fixture(scope="module")
def url(bucket: Bucket) -> Iterator[str]:
    settings = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),))
    app = create_dashboard(settings, MemoryTables(rows()), bucket, clock=lambda: NOW)
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def page(chromium: Browser, url: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1300, "height": 900}, accept_downloads=True)
    page = context.new_page()
    faults = watch(page)
    page.goto(f"{url}/map?page=/")
    page.wait_for_selector(DRAWN)
    yield page
    context.close()
    # One test has the bucket go away.
    assert [fault for fault in faults if "503" not in fault] == []


def test_account_of_all_clicks_stands_beside_a_tall_map(page: Page) -> None:
    text = " ".join(page.locator(".map-account").inner_text().split())

    assert text == (
        "Clicks 10 placed 6 (60%) by place on the page 1 (10%) hidden now 2 (20%) unplaced 1 (10%)"
    )  # fmt: skip
    assert page.locator(".map-part").count() == HEIGHT // 1000
    expect(page.locator(".card").first).to_contain_text("4 addresses")


def test_names_of_visitors_and_pages_are_text(page: Page) -> None:
    expect(page.get_by_role("button", name=f"{ATTACK}, link")).to_be_visible()

    assert page.evaluate("window.ran ?? null") is None
    assert page.locator("main img[src='x']").count() == 0


def test_list_leads_to_the_element_by_keyboard(page: Page) -> None:
    page.get_by_role("button", name=f"{ATTACK}, link").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".map-shown")).to_be_visible()
    assert page.locator(".map-stage").evaluate("(stage) => stage.scrollTop") > 1000


def test_map_is_saved_as_a_picture(page: Page) -> None:
    with page.expect_download() as saving:
        page.get_by_role("button", name="PNG").click()

    image = Image.open(str(saving.value.path()))
    assert saving.value.suggested_filename.endswith(".png")
    assert image.height <= 16_000
    assert image.getbbox() is not None


@pytest.mark.parametrize(
    "query", ["mode=elements&with=before", "mode=scroll", "mode=frustration", "mode=movement", "mode=releases&of=2.0"]
)
def test_every_way_to_look_is_drawn_with_its_account(page: Page, url: str, query: str) -> None:
    page.goto(f"{url}/map?page=/&{query}")
    page.wait_for_selector(DRAWN)

    maps = 2 if "with" in query else 1
    expect(page.locator(".map-account")).to_have_count(maps)
    expect(page.locator(".state.wrong")).to_have_count(0)


LIVE = """<!doctype html><title>Shop</title><style>body { margin: 0; height: 3000px }</style>
<h1>Shop</h1><a id="buy" href="#" style="position:absolute;left:100px;top:300px;width:80px;height:40px">Buy</a>
<script src="/clicktracker.js" data-token="pk_shop_12345678" data-endpoint="https://shop.test/none"></script>"""
OPEN_ROOTS = """const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: 'open' }); };"""
MODES_ON_PAGE = """async () => {
  const root = () => document.querySelector('html > div[data-logdig-ignore]')?.shadowRoot;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  while (!root()?.textContent.includes('%')) await frame();
  const select = root().querySelector('select');
  const said = [...select.options].map((option, at) => {
    select.selectedIndex = at;
    select.dispatchEvent(new Event('change'));
    const drawn = [...root().querySelectorAll('canvas')];
    const canvas = drawn.find(({ style }) => style.position == 'absolute' && style.top == '0px');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return [option.text, select.previousSibling.textContent, data.some((value) => value > 0)];
  });
  return said;
}"""


def live_page(page: Page) -> Page:
    """Opens the live page from the dashboard; the shop serves the built tracker and swallows its posts."""

    def shop(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[-1]
        if name.endswith(".js"):
            route.fulfill(body=(DIST / name).read_bytes(), content_type="text/javascript")
        else:
            route.fulfill(body="" if name == "none" else LIVE, content_type="text/html")

    page.context.route("https://shop.test/**", shop)
    page.context.add_init_script(OPEN_ROOTS)
    with page.context.expect_page() as opening:
        page.get_by_role("button", name="On the live page").click()
    return opening.value


def test_live_page_shows_every_mode_of_the_dashboard_with_its_account(page: Page, url: str) -> None:
    page.goto(f"{url}/map?page=/&mode=elements&of=2.0")
    page.wait_for_selector(DRAWN)

    live = live_page(page)
    said = {name: (text, drawn) for name, text, drawn in live.evaluate(MODES_ON_PAGE)}
    live.close()

    assert list(said) == ["Clicks", "Elements", "Movement", "Scroll", "Frustration", "Releases"]
    account = "/: 10 Clicks\nplaced 6 (60 %), by place on the page 1 (10 %), hidden now 0 (0 %), unplaced 3 (30 %)\n"
    for name in ("Clicks", "Elements", "Scroll", "Frustration", "Releases"):
        assert said[name][0].startswith(account)
    assert said["Movement"][0].startswith("/: 3000 Milliseconds\nplaced 3000 (100 %)")
    assert said["Scroll"][0].endswith("Share of the views that reached each twentieth of the page · 20 views")
    assert [name for name, (_, drawn) in said.items() if not drawn] == []


def test_live_page_says_which_modes_are_refused_and_draws_the_others(page: Page, url: str) -> None:
    page.goto(f"{url}/map?page=/&of=2.0&release=2.0")
    page.wait_for_selector(DRAWN)

    live = live_page(page)
    said = {name: (text, drawn) for name, text, drawn in live.evaluate(MODES_ON_PAGE)}
    live.close()

    assert said["Clicks"][0].startswith("/: 10 Clicks\n")
    assert said["Scroll"][1]
    # A release is what the mode compares, and no filter of it.
    assert said["Releases"] == (said["Releases"][0], False)
    assert said["Releases"][0].endswith("Remove it to see the numbers of everybody.")


def test_live_page_says_why_there_is_no_map(page: Page, url: str, bucket: Bucket) -> None:
    page.goto(f"{url}/map?page=/")
    page.wait_for_selector(DRAWN)

    bucket.is_away = True
    try:
        live = live_page(page)
        live.wait_for_function("document.querySelector('html > div[data-logdig-ignore]')?.shadowRoot.textContent")
        said = live.evaluate("document.querySelector('html > div[data-logdig-ignore]').shadowRoot.textContent")
    finally:
        bucket.is_away = False
    live.close()

    assert said.startswith("/\nthe bucket does not answer")


def test_two_variants_stand_side_by_side_each_with_its_own_account_and_list(page: Page, url: str) -> None:
    page.goto(f"{url}/map?page=/&mode=scroll")
    page.wait_for_selector(DRAWN)
    page.get_by_label("This map").select_option(label="button: small")
    page.get_by_label("Beside it").select_option(label="button: large")
    expect(page.locator(".map-account")).to_have_count(2)
    page.wait_for_selector(DRAWN)

    accounts = [" ".join(text.split()) for text in page.locator(".map-account").all_inner_texts()]
    assert [text[: text.index(" (")] for text in accounts] == ["Clicks 5 placed 3", "Clicks 5 placed 3"]
    expect(page.get_by_role("heading", name="Elements: button: small")).to_be_visible()
    expect(page.get_by_role("heading", name="Elements: button: large")).to_be_visible()
