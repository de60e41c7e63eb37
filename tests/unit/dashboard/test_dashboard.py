"""The dashboard's answers: equal to plain counts, empty while nothing is there, and escaped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from dashboard.app import create_dashboard
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings, Settings
from tests.fakes.marts import FakeMarts

SETTINGS = Settings(
    apps=(AppSettings(name="music", token="pk_music_12345678"),),
    offers=tuple(OfferSettings(name=name) for name in ("o", "a", "b")),
)
NOON = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'


def event(kind: str, hours_ago: int = 0, user: str = "u1", customer: str | None = None) -> dict[str, Any]:
    at = NOON - timedelta(hours=hours_ago)
    return {"app": "music", "type": kind, "user_key": user, "customer_id": customer, "occurred_at": at}


def cell(clicks: int, *, page: str = "p", device: str = "desktop", day: int = 24, **more: Any) -> dict[str, Any]:
    place = {"selector": "#buy", "cell_x": 1, "cell_y": 2, "x_sum": 10.0 * clicks, "y_sum": 20.0 * clicks}
    facts = {"app": "music", "page": page, "device": device, "day": date(2026, 11, day), "vw_sum": 1280.0 * clicks}
    return {**facts, **place, "clicks": clicks, **more}


def model(offer: str, hour: int, *, passed: bool) -> dict[str, Any]:
    figures = {"error": 0.1, "average_precision": 0.3, "brier": 0.05} if passed else {}
    counts = {"train_rows": 10, "train_positives": 2, "test_rows": 9, "test_positives": 1}
    trained = NOON.replace(hour=hour)
    return {
        "app": "music",
        "offer": offer,
        "trained_at": trained,
        "passed": passed,
        "reason": "why",
        **counts,
        **figures,
    }


@pytest.fixture
def marts() -> FakeMarts:
    return FakeMarts()


@pytest.fixture
def client(marts: FakeMarts) -> Iterator[FlaskClient]:
    with create_dashboard(SETTINGS, marts).test_client() as made:
        yield made


def ask(client: FlaskClient, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_summary_is_all_zeros_when_no_table_exists(client: FlaskClient) -> None:
    found = ask(client, "/data/summary?app=music")

    assert set(found["totals"].values()) == {0}
    assert (found["last_event_at"], found["pages"], found["levels"], found["models"]) == (None, [], [], [])


def test_summary_counts_events_visitors_and_customers_once(client: FlaskClient, marts: FakeMarts) -> None:
    events = [event("page"), event("click"), event("click", user="u2"), event("listen", user="u2", customer="0")]
    marts.rows = {
        "events": [*events, {**event("click", user="u9"), "app": "other"}],
        "customers": [{"app": "music", "customer_id": "0"}, {"app": "music", "customer_id": "1"}],
        "targets": [{"app": "music", "offer": "o", "level": level} for level in (0, 1, 0)],
    }

    found = ask(client, "/data/summary")

    assert found["totals"] == {
        "events": 4, "page_views": 1, "clicks": 2, "listens": 1, "visitors": 2, "customers": 2, "targets": 3,
    }  # fmt: skip
    assert found["levels"] == [{"offer": "o", "level": 0, "targets": 2}, {"offer": "o", "level": 1, "targets": 1}]
    assert found["last_event_at"] == "2026-11-24T12:30:00Z"


def test_summary_shows_mobile_share_of_listens_that_say(client: FlaskClient, marts: FakeMarts) -> None:
    marts.rows = {
        "listens": [{"app": "music", "mobile": value} for value in (True, False, True, None)],
        "heat_cells": [cell(3, device="mobile"), cell(5)],
    }

    mobile = ask(client, "/data/summary")["mobile"]

    assert mobile == {"listens": {"part": 2, "whole": 3}, "clicks": {"part": 3, "whole": 8}}


def test_summary_leaves_out_offers_that_are_not_configured(client: FlaskClient, marts: FakeMarts) -> None:
    marts.rows = {
        "models": [model("a", 8, passed=True), model("older", 9, passed=False)],
        "targets": [{"app": "music", "offer": offer, "level": 1} for offer in ("a", "older", "older")],
    }

    found = ask(client, "/data/summary")

    assert [one["offer"] for one in found["models"]] == ["a"]
    assert [(one["offer"], one["targets"]) for one in found["levels"]] == [("a", 1)]
    assert found["totals"]["targets"] == 1


def test_summary_shows_the_newest_model_of_each_offer(client: FlaskClient, marts: FakeMarts) -> None:
    marts.rows = {"models": [model("b", 9, passed=True), model("a", 8, passed=True), model("a", 10, passed=False)]}

    models = ask(client, "/data/summary")["models"]

    assert [(one["offer"], one["passed"]) for one in models] == [("a", False), ("b", True)]
    assert models[0]["figures"]["error"] == {"model": None, "constant": None}
    assert models[1]["figures"]["brier"]["model"] == 0.05


def test_trend_fills_hours_without_events_with_zero(client: FlaskClient, marts: FakeMarts) -> None:
    marts.rows = {"events": [event("page"), event("click", 2), event("click", 2), event("click", 30)]}

    found = ask(client, "/data/trend?days=1")

    assert found["start"] == (NOON.replace(minute=0) - timedelta(hours=23)).timestamp()
    assert len(found["counts"]["click"]) == 24
    assert found["counts"]["click"][-3:] == [2, 0, 0]
    assert (sum(found["counts"]["click"]), found["counts"]["page"][-1]) == (2, 1)


def test_trend_is_empty_when_nothing_happened(client: FlaskClient) -> None:
    assert ask(client, "/data/trend?days=7")["counts"] == {}


def test_heat_adds_days_and_devices_and_places_cells_at_their_mean(client: FlaskClient, marts: FakeMarts) -> None:
    marts.rows = {
        "heat_cells": [cell(3), cell(1, day=23, x_sum=50.0), cell(2, device="mobile", selector=None), cell(9, page="q")]
    }

    found = ask(client, "/data/heat?page=p")

    assert (found["clicks"], found["cell_count"], found["width"]) == (6, 2, 1280.0)
    assert found["cells"][0] == {"x": 20.0, "y": 20.0, "clicks": 4, "selector": "#buy", "cell_x": 1, "cell_y": 2}
    assert [(one["selector"], one["clicks"]) for one in found["spots"]] == [("#buy", 4), (None, 2)]


@pytest.mark.parametrize(
    ("question", "clicks"),
    [("device=mobile", 2), ("start=2026-11-24", 5), ("end=2026-11-23", 1), ("start=2026-11-23&end=2026-11-23", 1)],
)
def test_heat_keeps_device_and_days_that_are_asked(
    client: FlaskClient, marts: FakeMarts, question: str, clicks: int
) -> None:
    marts.rows = {"heat_cells": [cell(3), cell(1, day=23), cell(2, device="mobile")]}

    assert ask(client, f"/data/heat?page=p&{question}")["clicks"] == clicks


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/data/summary?app=nobody", "app = 'nobody': one of music"),
        ("/data/trend?days=3", "days = '3': one of 1, 7, 60"),
        ("/data/heat?page=p&device=fridge", "device = 'fridge': one of desktop, tablet, mobile"),
        ("/data/heat?page=p&start=yesterday", "start = 'yesterday': a day such as 2026-11-24"),
    ],
)
def test_question_is_refused_with_value_and_rule_when_it_is_wrong(
    client: FlaskClient, address: str, words: str
) -> None:
    answer = client.get(address)

    assert (answer.status_code, answer.json["detail"]) == (400, words)


def test_question_is_answered_503_when_tables_cannot_be_read(client: FlaskClient, marts: FakeMarts) -> None:
    marts.broken = True

    answer = client.get("/data/summary")

    assert answer.status_code == 503
    assert "try again" in answer.json["detail"]


@pytest.mark.parametrize("address", ["/", "/data/summary", "/static/dashboard.js"])
def test_every_answer_forbids_foreign_and_inline_code(client: FlaskClient, address: str) -> None:
    with client.get(address) as answer:
        headers = answer.headers

    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_page_holds_no_inline_code_and_no_foreign_address(client: FlaskClient) -> None:
    html = client.get("/").text

    assert "<script>" not in html
    assert "style=" not in html
    assert "onclick" not in html
    assert "//" not in html.replace("<!doctype html>", "")


def test_answers_are_json_that_no_browser_reads_as_a_page(client: FlaskClient, marts: FakeMarts) -> None:
    marts.rows = {"heat_cells": [cell(1, page=HOSTILE, selector=HOSTILE)]}

    answer = client.get("/data/summary")

    assert answer.mimetype == "application/json"
    assert answer.json["pages"] == [{"page": HOSTILE, "clicks": 1}]


def test_foreign_host_name_is_refused(client: FlaskClient) -> None:
    assert client.get("/data/summary", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/data/summary", headers={"Host": "127.0.0.1:8002"}).status_code == 200
