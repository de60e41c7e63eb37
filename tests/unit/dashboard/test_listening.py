"""Addresses of page Listening: now, and groups of people."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from dashboard.app import create_dashboard
from logdig.config.settings import AppSettings, Settings
from logdig.store.objects import build_object
from logdig.times import wire_time
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore
from tests.unit.questions import listening
from tests.unit.questions.rows import Maker

NOW = datetime(2026, 11, 12, 3, 2, tzinfo=UTC)
SETTINGS = Settings(
    apps=(
        AppSettings(name="shop", token="pk_shop_12345678", timezone="Asia/Seoul"),
        AppSettings(name="blog", token="pk_blog_12345678", timezone="Asia/Seoul"),
        AppSettings(name="none", token="pk_none_12345678"),
    )
)
TABLES = listening.tables(Maker(1))
DAYS = "from=2026-11-09&to=2026-11-15"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    store = FakeStore()
    store.clock = lambda: NOW
    line = {
        "received_at": wire_time(NOW), "occurred_at": wire_time(NOW), "app": "shop", "event_id": "new",
        "type": "listen", "customer_id": "7", "listen": {"track_id": "fresh", "mobile": True, "zip": "02132"},
    }  # fmt: skip
    built = build_object("raw", NOW.date(), [json.dumps(line).encode()])
    store.put(built.key, built.body)
    return create_dashboard(SETTINGS, MemoryTables(TABLES), store, clock=lambda: NOW).test_client()


def test_now_has_what_only_raw_knows(client: FlaskClient) -> None:
    for _ in range(2):
        found = client.get("/data/listening/live?app=shop").json

    assert {row["region"]: row["listens"] for row in found["slots"]} == {"": 1, "US-MA": 1}
    assert any(row["track_id"] == "fresh" for row in found["tracks"])
    assert found["hours"][-1]["hour"] == "2026-11-12T12:00"


@pytest.mark.parametrize("keys", ["gender", "level", "age,linked_apps", "level,gender"])
def test_groups_add_up_to_all_listeners(client: FlaskClient, keys: str) -> None:
    groups = client.get(f"/data/listening/groups?app=shop&{DAYS}&keys={keys}").json["rows"]
    every = listening.listens({**TABLES, "listens": [row | {"day": NOW.date()} for row in _heard()]}, {}, None)

    assert sum(row["listeners"] for row in groups) == every[0]["listeners"]
    assert sum(row["listens"] for row in groups) == every[0]["listens"]
    assert len({tuple(row[key] for key in keys.split(",")) for row in groups}) == len(groups)


def _heard() -> list[dict[str, object]]:
    return [row for row in TABLES["listens"] if "2026-11-09" <= str(row["day"]) <= "2026-11-15"]


def test_words_of_the_settings_stand_for_codes(client: FlaskClient) -> None:
    groups = client.get(f"/data/listening/groups?app=shop&{DAYS}&keys=level").json["rows"]
    gold = client.get(f"/data/listening/listens?app=shop&{DAYS}&level=Gold").json["rows"]

    by_level = {row["level"]: row["listens"] for row in groups}
    assert by_level.keys() <= {"Free", "Gold", None}
    assert sum(row["listens"] for row in gold) == by_level["Gold"]


def test_page_is_only_in_the_menu_of_an_app_with_listens(client: FlaskClient) -> None:
    def is_listed(app: str) -> bool:
        pages = client.get(f"/data/shell/app?app={app}").json["pages"]
        return next(page["listed"] for page in pages if page["name"] == "listening")

    assert (is_listed("shop"), is_listed("none")) == (True, False)
