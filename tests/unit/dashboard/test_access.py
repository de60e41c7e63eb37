"""Who may look: every address with every scope, apps apart, whole days, no small groups, nothing after revoking."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.access import ADDRESS_POSTS_A_MINUTE, COOKIE, REREAD
from dashboard.access_answers import PERSONS, for_numbers, large_only
from dashboard.app import SCOPES, create_dashboard
from logdig.config.settings import AppSettings, Settings
from logdig.questions.engine.question import Answer
from logdig.store.state.shares import SHARES_KEY, Share, ShareScope, add_share, new_token, remove_share, sha256_of_token
from logdig.tables.declaration import REAL, TEXT, Column, ListOf
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
TABLES = MemoryTables(Maker(3).tables(80))
ORDER = ("open", "numbers", "people")


class Room:
    """A deployed dashboard with a clock that can be set."""

    def __init__(self, live: bool = True) -> None:
        self.store, self.now, self.holders = FakeStore(), NOW, 0
        # Made before the first look, since the list is read once a minute.
        pairs = [(scope, app.name) for scope in ("numbers", "people") for app in SETTINGS.apps]
        self.tokens = {pair: self.share(*pair) for pair in pairs}
        self.app = create_dashboard(
            SETTINGS, TABLES, self.store, hosts=None, clock=lambda: self.now, shared=True, live=live
        )

    def share(self, scope: ShareScope, app: str = "shop", until: datetime | None = None) -> str:
        token = new_token()
        add_share(self.store, Share(app, scope, sha256_of_token(token), self.now, until))
        return token

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def holder(self, scope: ShareScope, app: str = "shop") -> FlaskClient:
        client = self.client()
        self.holders += 1
        address = {"REMOTE_ADDR": f"198.51.100.{self.holders}"}
        assert enter(client, self.tokens[scope, app], environ_overrides=address).status_code == 200
        return client


def enter(client: FlaskClient, token: str, **more: Any) -> Any:
    return client.post("/access", json={"token": token}, base_url="https://dash.test", **more)


def look(client: FlaskClient, path: str) -> Any:
    return client.get(path, base_url="https://dash.test")


@pytest.fixture(scope="module")
def room() -> Room:
    return Room()


@pytest.mark.parametrize("held", [None, "numbers", "people"])
def test_every_address_answers_exactly_those_whose_scope_reaches(room: Room, held: ShareScope | None) -> None:
    client = room.holder(held) if held else room.client()
    rules = [rule for rule in room.app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]

    for rule in rules:
        needed = room.app.extensions[SCOPES][rule.endpoint]
        with look(client, f"{rule.rule}?app=shop&period=7d") as response:
            if needed == "open":
                assert response.status_code == 200, rule.rule
            elif held is None:
                assert response.status_code == 401, rule.rule
            elif ORDER.index(held) < ORDER.index(needed):
                assert response.status_code == 403, rule.rule
            else:
                assert response.status_code in (200, 400), (rule.rule, response.text)


def test_no_id_of_a_person_is_in_anything_that_numbers_get(room: Room) -> None:
    client = room.holder("numbers")
    ids = {
        value
        for table in ("sessions", "clicks", "page_views", "events")
        for column in ("user_key", "session_id", "customer_id")
        for row in Maker(3).tables(80).get(table, ())
        if (value := row.get(column))
    }
    rules = [rule.rule for rule in room.app.url_map.iter_rules() if rule.rule.startswith("/data/")]

    assert len(ids) > 10
    for rule in rules:
        text = look(client, f"{rule}?app=shop&from=2026-11-09&to=2026-11-14&page=/a").text
        assert not [one for one in ids if f'"{one}"' in text], rule
        assert not any(f'"{name}"' in text for name in PERSONS if name not in ("customer", "session", "visitor")), rule


@pytest.mark.parametrize("scope", ["numbers", "people"])
def test_token_of_one_app_opens_no_other(room: Room, scope: ShareScope) -> None:
    client = room.holder(scope)

    assert look(client, "/data/overview/trend?app=blog").status_code == 403
    assert look(client, "/data/overview/trend?app=none").status_code == 403
    assert look(client, "/data/shell/app").json["apps"] == ["shop"]


def test_two_links_of_two_apps_open_both_each_with_its_scope(room: Room) -> None:
    client = room.holder("people")
    enter(client, room.tokens["numbers", "blog"])

    assert look(client, "/data/shell/app").json["apps"] == ["shop", "blog"]
    assert look(client, "/data/sessions/list?app=shop").status_code == 200
    assert look(client, "/data/sessions/list?app=blog").status_code == 403


def test_nothing_is_seen_a_minute_after_revoking() -> None:
    room = Room()
    token = room.share("people")
    client = room.client()
    enter(client, token)
    remove_share(room.store, sha256_of_token(token)[:12])

    room.now += REREAD

    assert look(client, "/data/overview/trend?app=shop").status_code == 401
    assert enter(room.client(), token).status_code == 401


def test_shares_are_read_once_a_minute_however_much_is_asked() -> None:
    room = Room()
    client = room.holder("numbers")
    read: list[str] = []
    room.store.before = lambda _operation, key: read.append(key)

    for _ in range(5):
        look(client, "/data/shell/state?app=shop")
        room.now += REREAD / 10

    assert SHARES_KEY not in read
    room.now += REREAD
    look(client, "/data/shell/state?app=shop")
    look(client, "/data/shell/state?app=shop")
    assert read.count(SHARES_KEY) == 1


def test_link_that_was_just_made_works_within_a_minute() -> None:
    room = Room()
    room.holder("numbers")
    token = room.share("people")

    assert enter(room.client(), token).status_code == 401
    room.now += REREAD
    assert enter(room.client(), token).status_code == 200


def test_share_ends_at_its_time() -> None:
    room = Room()
    token, client = room.share("numbers", until=NOW + timedelta(seconds=30)), room.client()
    enter(client, token)

    assert look(client, "/data/shell/app").status_code == 200
    room.now += timedelta(seconds=30)
    assert look(client, "/data/shell/app").status_code == 401


def test_bucket_holds_no_token_and_the_cookie_is_out_of_reach() -> None:
    room = Room()
    token = room.share("numbers")
    cookie = enter(room.client(), token).headers["Set-Cookie"]

    assert token.encode() not in b"".join(room.store.objects.values())
    assert len(token) == 43
    assert cookie.startswith(f"{COOKIE}shop={token};")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ('{"token": "x"}', "application/json", 401),
        ('{"token": "\\ud800"}', "application/json", 400),
        ("token=x", "application/x-www-form-urlencoded", 400),
        ('{"token": "x"}', "text/plain", 400),
        ('{"token": 1}', "application/json", 400),
        (json.dumps({"token": "x" * 300}), "application/json", 400),
    ],
)
def test_what_is_no_token_is_refused(room: Room, body: str, kind: str, status: int) -> None:
    response = room.client().post(
        "/access", data=body, content_type=kind, environ_overrides={"REMOTE_ADDR": f"9.9.9.{status % 200}"}
    )

    assert response.status_code == status
    assert "Set-Cookie" not in response.headers


def test_address_that_posts_too_often_waits() -> None:
    room = Room()
    client = room.client()

    answers = [enter(client, "wrong").status_code for _ in range(ADDRESS_POSTS_A_MINUTE + 2)]

    assert answers[0] == 401
    assert answers[-1] == 429
    assert enter(client, "wrong", environ_overrides={"REMOTE_ADDR": "203.0.113.7"}).status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        "trend?by=hour", "trend?customer=c1", "custom?by=property.plan", "custom?by=day.property.plan",
 "trend?period=today",
    ],
)  # fmt: skip
def test_numbers_get_no_hours_no_persons_no_typed_values_no_day_that_is_not_over(room: Room, asked: str) -> None:
    assert look(room.holder("numbers"), f"/data/overview/{asked}").status_code == 400


def test_numbers_end_with_the_last_whole_day_and_people_do_not(room: Room) -> None:
    ends = [
        look(room.holder(scope), "/data/overview/trend?period=7d").json["receipt"]["parameters"]["end"]
        for scope in ("numbers", "people")
    ]

    assert ends == ["2026-11-14", "2026-11-15"]


def test_menu_shows_what_the_scope_may_see(room: Room) -> None:
    menus = {
        scope: [page["name"] for page in look(room.holder(scope), "/data/shell/app").json["pages"] if page["listed"]]
        for scope in ("numbers", "people")
    }

    assert "sessions" in menus["people"]
    assert "sessions" not in menus["numbers"]
    assert "overview" in menus["numbers"]


def test_live_is_not_offered_where_raw_may_not_be_read() -> None:
    room = Room(live=False)
    client = room.holder("people")

    assert look(client, "/data/shell/app").json["live"] is False
    assert look(client, "/data/overview/live").status_code == 400


def test_dashboard_of_the_owner_asks_for_no_token() -> None:
    client = create_dashboard(SETTINGS, TABLES, FakeStore(), clock=lambda: NOW).test_client()

    assert client.get("/data/sessions/list?app=blog").status_code == 200
    assert client.post("/access", json={"token": "x"}).status_code == 404


COLUMNS = (
    Column("page", TEXT, "page"),
    Column("user_key", TEXT, "visitor"),
    Column("visitors", REAL, "visitors"),
    Column("sessions", ListOf(TEXT), "examples"),
    Column("visitors_before", REAL, "before"),
)


@given(st.lists(st.tuples(st.none() | st.integers(0, 12), st.none() | st.integers(0, 12))), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_groups_are_hidden_exactly_when_they_have_too_few_visitors(
    groups: list[tuple[int | None, int | None]], least: int
) -> None:
    rows = pa.table(
        {
            "page": [f"/{place}" for place in range(len(groups))],
            "user_key": ["u"] * len(groups),
            "visitors": pa.array([now for now, _ in groups], pa.float64()),
            "sessions": pa.array([["s"]] * len(groups), pa.list_(pa.string())),
            "visitors_before": pa.array([before for _, before in groups], pa.float64()),
        }
    )

    found = for_numbers(Answer(rows, COLUMNS, {}, None), least)  # type: ignore[arg-type]

    assert found.rows.to_pylist() == [
        {"page": f"/{place}", "visitors": now, "visitors_before": before if (before or 0) >= least else None}
        for place, (now, before) in enumerate(groups)
        if (now or 0) >= least
    ]
    assert [column.name for column in found.columns] == found.rows.column_names


def test_totals_beside_the_rows_are_cut_likewise() -> None:
    account = {"total": {"visitors": 3, "x": 1}, "repeat": [{"visitors": 2}, {"visitors": 9, "user_key": "u"}], "n": 1}

    assert large_only(account, 5) == {"total": {}, "repeat": [{"visitors": 9}], "n": 1}
