"""Addresses of page Listening: now, and groups of people."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from dashboard.app import create_dashboard
from dashboard.request import Request
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


def test_now_is_slots_of_enough_people_alone_for_numbers(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Request, "numbers_only", True)

    found = client.get("/data/listening/live?app=shop").json

    assert (found["slots"], found["hours"], found["tracks"]) == ([], [], [])


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


def test_groups_of_numbers_are_added_up_before_small_ones_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    listens = [
        {
            "app": "shop", "event_id": f"e{who}", "customer_id": str(who), "track_id": "7", "occurred_at": NOW,
            "local_hour": 3, "day_part": "night", "mobile": None, "ads_consent": True, "day": date(2026, 11, 11),
        }
        for who in range(10)
    ]  # fmt: skip
    customers = [{"app": "shop", "customer_id": str(who), "gender": who % 2, "level": 7} for who in range(10)]
    customers[0]["gender"], customers[2]["level"] = 5, 8
    interests = [
        {"app": "shop", "customer_id": str(who), "track_id": track, "first_at": NOW, "last_at": NOW}
        for track, people in (("7", 4), ("8", 5)) for who in range(people)
    ]  # fmt: skip
    tables = MemoryTables({"listens": listens, "customers": customers, "interests": interests})
    app = create_dashboard(SETTINGS, tables, FakeStore(), clock=lambda: NOW + timedelta(days=1))
    monkeypatch.setattr(Request, "numbers_only", True)

    def rows(path: str) -> list[dict[str, object]]:
        found = app.test_client().get(f"/data/listening/{path}&app=shop&from=2026-11-11&to=2026-11-12").json["rows"]
        assert isinstance(found, list)
        return found

    # Of 0 there are four, of level 8 one, of gender 5 one.
    assert [(row["gender"], row["listeners"]) for row in rows("groups?keys=gender")] == [("1", 5)]
    assert [(row["level"], row["listeners"]) for row in rows("groups?keys=level")] == [("7", 9)]
    assert [(row["track_id"], row["customers"]) for row in rows("interest_tracks?")] == [("8", 5)]
    hours = "hours=2026-11-12T09:00/2026-11-12T12:00"
    assert app.test_client().get(f"/data/listening/listens?app=shop&{DAYS}&{hours}").status_code == 400
