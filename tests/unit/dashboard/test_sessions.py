"""Sessions of the dashboard: what the page's addresses send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dashboard.app import create_dashboard
from logdig.config.settings import AppSettings, Settings
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore
from tests.unit.questions.test_journeys import site

SETTINGS = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),))
NOW = datetime(2026, 11, 15, 20, tzinfo=UTC)
DAYS = {"from": "2026-11-09", "to": "2026-11-15"}


def read(path: str, **args: str) -> Any:
    client = create_dashboard(SETTINGS, MemoryTables(site(4)), FakeStore(), clock=lambda: NOW).test_client()
    return client.get(f"/data/sessions/{path}", query_string=DAYS | args)


def test_session_is_told_with_its_steps_when_it_is_asked_whatever_the_filters() -> None:
    session = read("list").json["rows"][0]["session_id"]

    found = read("one", session=session, source="nothing").json

    assert found["session"]["session_id"] == session
    assert [row["step"] for row in found["steps"]["rows"]] == list(range(1, len(found["steps"]["rows"]) + 1))


def test_sessions_are_those_of_an_element_and_a_visitor_when_both_are_asked() -> None:
    of_element, both = (read("list", element="#buy", **more).json["rows"] for more in ({}, {"visitor": "u1"}))

    assert [row for row in of_element if row["user_key"] == "u1"] == both
    assert both
    assert {row["user_key"] for row in of_element} > {"u1"}


def test_session_is_refused_with_the_days_when_it_has_no_view_on_them() -> None:
    found = read("one", session="nobody's")

    assert found.status_code == 400
    assert "no view from 2026-11-09 to 2026-11-15; choose more days" in found.json["detail"]
