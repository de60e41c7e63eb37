"""The map's addresses: cells, layout, account and whether the picture still fits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import flask.testing
import msgspec
import pytest

from dashboard.app import create_dashboard
from dashboard.pages import map as map_page
from logdig.config.goals import PageSettings
from logdig.config.settings import AppSettings, Settings
from logdig.store.pictures import Layout, Place, add_picture
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
BUY = Place("#buy", "https://shop.test/buy", "a", "link", "Buy", (100, 200, 80, 40))
ATTACK = '<img src=x onerror="alert(1)">'


def click(number: int, **more: Any) -> dict[str, Any]:
    return {
        "app": "shop", "day": date(2026, 11, 28), "event_id": f"e{number}", "user_key": f"u{number}",
        "session_id": f"s{number}", "page_view_id": f"v{number}", "page": "/", "path": "/", "host": "shop.test",
        "device": "desktop", "selector": "#buy", "link": "https://shop.test/buy", "tag": "a", "ex": 100, "ey": 100,
        "w": 80.0, "h": 40.0, "x": 101, "y": 201, "sx": 0.0, "sy": 0.0, "vw": 1440.0, "vh": 900.0, "fixed": False,
        "weight": 1.0, "bucket": 0,
    } | more  # fmt: skip


def view(number: int, **more: Any) -> dict[str, Any]:
    return {
        "app": "shop", "day": date(2026, 11, 28), "user_key": f"u{number}", "session_id": f"s{number}",
        "page_view_id": f"v{number}", "page": "/", "path": "/", "host": "shop.test", "device": "desktop",
        "viewed": True, "weight": 1.0, "bucket": 0,
    } | more  # fmt: skip


def layout(*elements: Place) -> Layout:
    return Layout(
        page="/", address="https://shop.test/", width=1440, window_height=900, page_width=1440, height=1200,
        tile_height=900, tiles=1, captured_at=NOW, asked=2, addresses=1, opened=1, elements=elements,
    )  # fmt: skip


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def client(store: FakeStore) -> flask.testing.FlaskClient:
    clicks = [click(number) for number in range(18)]
    clicks += [click(20, selector=ATTACK, link=None), click(21, selector=None, link=None), click(22, device="mobile")]
    clicks += [click(23, selector=None, link=None, x=None)]
    settings = Settings(
        apps=(AppSettings(name="shop", token="pk_shop_12345678"),), pages=(PageSettings("/song/*"),)
    )  # fmt: skip
    views = [view(number, experiments={"button": "large"}) for number in range(40)]
    views.append(view(41, device="mobile", experiments={"button": "small"}))
    tables = MemoryTables({"clicks": clicks, "page_views": views})
    return create_dashboard(settings, tables, store, clock=lambda: NOW).test_client()


def ask(client: flask.testing.FlaskClient, path: str) -> dict[str, Any]:
    return msgspec.json.decode(client.get(path).data)


def test_map_holds_every_click_of_its_device_once(client: flask.testing.FlaskClient, store: FakeStore) -> None:
    add_picture(store, "shop", layout(BUY), [b"webp"])

    found = ask(client, "/data/map/view?page=/")

    assert found["device"] == "desktop"
    assert sum(cell[6] for cell in found["cells"]) + found["without_place"] == 21
    assert [tuple(pair) for pair in found["asked"]] == [("#buy", "https://shop.test/buy"), (ATTACK, None)]
    assert [place and place["name"] for place in found["places"]] == ["Buy", None]
    assert found["elements"]["account"]["views"] == 40
    assert found["fit"]["share"] == pytest.approx(18 / 19)
    assert not found["fit"]["fits"]
    assert sum(cell[6] for cell in ask(client, "/data/map/view?page=/&devices=all")["cells"]) == 21


def test_marks_are_of_the_people_of_the_clicks_or_say_why_not(client: flask.testing.FlaskClient) -> None:
    found = ask(client, "/data/map/view?page=/&marks=scroll,frustration,nothing")
    refused = ask(client, "/data/map/view?page=/&marks=releases,scroll&of=2.0&release=1.0")
    unknown = ask(client, "/data/map/view?page=/&marks=releases&of=9.9")

    assert found["scroll"]["account"]["views"] == 40
    assert found["frustration"]["rows"] == []
    assert found.keys().isdisjoint({"movement", "releases", "nothing"})
    assert refused["releases"]["cannot"] == ["release"]
    assert "rows" in refused["scroll"]
    assert "no view of release '9.9'" in unknown["releases"]["error"]


def test_variants_that_can_stand_side_by_side_are_those_of_the_page(client: flask.testing.FlaskClient) -> None:
    found = ask(client, "/data/map/view?page=/&experiment.button=large")
    other = ask(client, "/data/map/view?page=/other")

    assert found["variants"] == [["button", "large"], ["button", "small"]]
    assert other["variants"] == []


def test_page_without_a_picture_is_drawn_from_its_own_clicks(client: flask.testing.FlaskClient) -> None:
    found = ask(client, "/data/map/view?page=/")

    assert found["picture"] is None
    assert found["fit"] is None
    assert found["address"] == "https://shop.test/"
    box = found["places"][0]["box"]
    assert box[2:] == [80, 40]
    assert box[:2] == pytest.approx([100.76, 200.88], abs=0.01)


def test_live_page_is_found_by_its_address(client: flask.testing.FlaskClient) -> None:
    assert ask(client, "/data/map/view?address=https://shop.test/index.html")["page"] == "/"
    assert ask(client, "/data/map/view?address=https://shop.test/song/7")["page"] == "/song/*"
    assert client.get("/data/map/view").status_code == 400


def test_tile_is_a_picture_that_may_be_kept_and_no_other_object(
    client: flask.testing.FlaskClient, store: FakeStore
) -> None:
    picture = add_picture(store, "shop", layout(BUY), [b"webp"])
    store.objects["raw/secret"] = b"secret"

    tile = client.get(f"/data/map/tile?picture={picture.folder}&tile=0")

    assert (tile.data, tile.mimetype) == (b"webp", "image/webp")
    assert "private" in tile.headers["Cache-Control"]
    assert "img-src 'self'" in tile.headers["Content-Security-Policy"]
    for wrong in ("../raw/secret", picture.folder + "/../x", ""):
        assert client.get("/data/map/tile", query_string={"picture": wrong, "tile": 0}).status_code == 400


def test_pages_are_listed_by_views_and_say_who_has_a_picture(
    client: flask.testing.FlaskClient, store: FakeStore
) -> None:
    add_picture(store, "shop", layout(BUY), [])

    assert ask(client, "/data/map/pages")["pages"] == [{"page": "/", "views": 41.0, "pictures": True}]


def test_cells_are_added_up_until_they_can_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_page, "MOST_CELLS", 4)
    shared = {"selector": "#a", "link": None, "fixed": False, "level_x": 3, "level_y": 1, "clicks": 1}
    rows = [shared | {"cell_x": x, "cell_y": y} for x in range(8) for y in range(2)]

    cells, asked = map_page._cells(rows)

    assert asked == [("#a", None)]
    assert cells == [[0, False, 2, 0, place, 0, 4] for place in range(4)]
    assert sum(cell[6] for cell in cells) == 16
