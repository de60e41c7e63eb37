"""Addresses of the dashboard: each says who may read it, answers with its receipt, and refuses what it cannot apply."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboard.app import CONTENT_SECURITY_POLICY, SCOPES, create_dashboard, find_pages
from dashboard.page import Page
from dashboard.request import PERIODS, Request, days_of
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError
from logdig.questions.catalog import QUESTIONS
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore
from tests.unit.questions.rows import Maker

NOW = datetime(2026, 11, 15, 3, 0, tzinfo=UTC)
SETTINGS = Settings(
    apps=(
        AppSettings(name="shop", token="pk_shop_12345678", timezone="Asia/Seoul"),
        AppSettings(name="blog", token="pk_blog_12345678"),
    )
)
STATIC = Path(__file__).parents[3] / "dashboard" / "static"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    tables = MemoryTables(Maker(3).tables(60))
    return create_dashboard(SETTINGS, tables, FakeStore(), clock=lambda: NOW).test_client()


def test_every_endpoint_has_a_scope(client: FlaskClient) -> None:
    endpoints = set(client.application.view_functions)

    assert set(client.application.extensions[SCOPES]) == endpoints
    assert set(client.application.extensions[SCOPES].values()) <= {"open", "numbers", "people"}


def test_data_is_never_open(client: FlaskClient) -> None:
    scopes = client.application.extensions[SCOPES]
    rules = [rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/data/")]

    assert rules
    assert all(scopes[rule.endpoint] != "open" for rule in rules)


@pytest.mark.parametrize("page", find_pages(), ids=lambda page: page.name)
def test_page_has_its_script_and_answers_with_the_frame(client: FlaskClient, page: Page) -> None:
    path = "/" if page.name == "overview" else f"/{page.name}"

    assert (STATIC / "pages" / f"{page.name}.js").is_file()
    assert b'id="main"' in client.get(path).data


def test_every_response_forbids_foreign_and_inline_code(client: FlaskClient) -> None:
    for path in ("/", "/data/shell/state", "/static/dashboard.js", "/data/overview/trend?app=none", "/nowhere"):
        with client.get(path) as response:
            assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_answer_goes_with_its_receipt_and_the_days_of_the_apps_zone(client: FlaskClient) -> None:
    found = client.get("/data/overview/trend?period=today&compare=before&device=mobile").json

    asked = found["receipt"]["parameters"]
    assert (asked["start"], asked["end"], asked["zone"]) == ("2026-11-15", "2026-11-15", "Asia/Seoul")
    assert asked["where"] == {"device": "mobile"}
    assert "visitors_before" in found["rows"][0]
    assert [one["name"] for one in found["columns"]] == list(found["rows"][0])


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("app=none", "one of shop, blog"), ("period=year", "one of today"),
        ("from=2026-11-02&to=2026-11-01", "first one first"),
        ("from=yesterday&to=2026-11-01", "a day such as"), ("by=nothing", "it has:"),
    ],
)  # fmt: skip
def test_wrong_parameter_is_refused_with_the_rule(client: FlaskClient, query: str, detail: str) -> None:
    response = client.get(f"/data/overview/trend?{query}")

    assert response.status_code == 400
    assert detail in response.json["detail"]


def test_choice_of_nothing_is_refused() -> None:
    request = Request(SETTINGS, MemoryTables({}), FakeStore(), None, SETTINGS.apps[0], NOW, {})  # type: ignore[arg-type]

    with pytest.raises(InputError, match="the app has none"):
        request.choice("offer", ())


def test_filter_that_a_question_cannot_apply_is_named(client: FlaskClient) -> None:
    response = client.get("/data/map/heatmap?page=/a&goal=buy&browser=Firefox")

    assert response.status_code == 400
    assert set(response.json["cannot"]) == {"goal", "browser"} - set(QUESTIONS["heatmap"].filters)


def test_menu_lists_pages_of_the_app_with_their_filters(client: FlaskClient) -> None:
    about = client.get("/data/shell/app?app=shop").json

    assert about["pages"][0]["name"] == "overview"
    assert set(QUESTIONS["trend"].filters) <= set(about["pages"][0]["filters"])
    assert about["zone"] == "Asia/Seoul"


def test_foreign_host_name_is_refused() -> None:
    client = create_dashboard(SETTINGS, MemoryTables({}), FakeStore()).test_client()

    assert client.get("/healthz", headers={"Host": "evil.test"}).status_code == 400


def test_app_without_tables_gets_an_empty_state() -> None:
    client = create_dashboard(SETTINGS, MemoryTables({}), FakeStore(), clock=lambda: NOW).test_client()

    state = client.get("/data/shell/state").json
    assert (state["data_until"], state["ledger"], state["waiting"]) == (None, None, [])
    assert client.get("/data/overview/trend").status_code == 200


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("today", "2026-03-01", "2026-03-01"), ("yesterday", "2026-02-28", "2026-02-28"),
        ("7d", "2026-02-23", "2026-03-01"),
        ("28d", "2026-02-02", "2026-03-01"),
        ("month", "2026-03-01", "2026-03-01"), ("last-month", "2026-02-01", "2026-02-28"),
    ],
)  # fmt: skip
def test_period_ends_today_or_where_its_name_says(period: str, first: str, last: str) -> None:
    assert days_of(period, date(2026, 3, 1)) == (date.fromisoformat(first), date.fromisoformat(last))
    assert period in PERIODS
