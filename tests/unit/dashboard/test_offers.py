"""The page of offers: finds what was planted, and gives away nobody who is held out."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from dashboard.app import create_dashboard
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings, Settings
from logdig.decide.hashes import is_held_out
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
OFFER = OfferSettings(name="UPGRADE", offer_value=50.0, ad_cost=1.0, holdout_share=0.3)
SETTINGS = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),), offers=(OFFER,))
Row = dict[str, Any]


def planted() -> tuple[list[Row], list[Row]]:
    """Decisions on 3,000 people, of whom 5 % buy when held out and 12 % when shown, and their goals."""
    draw = random.Random(4)
    decided, bought = [], []
    for number in range(3000):
        at = datetime(2026, 11, 1, 1, tzinfo=UTC) + timedelta(days=draw.randrange(20), seconds=number)
        held = is_held_out(f"shop#c#{number}", "UPGRADE", 0.3)
        decided.append(
            {
                "app": "shop", "day": at.date(), "event_id": f"d{number}", "occurred_at": at, "bucket": 0,
                "customer_id": str(number), "offer": "UPGRADE", "decision": "holdout" if held else "show",
                "would_show": True, "explore": False, "band": draw.randint(1, 5), "score": 0.1, "channel": "page",
                "placement": "top", "reason": "holdout" if held else "eligible",
            }
        )  # fmt: skip
        if draw.random() < (0.05 if held else 0.12):
            at += timedelta(days=2)
            bought.append({"app": "shop", "day": at.date(), "event_id": f"g{number}", "goal": "buy", "bucket": 0,
                           "customer_id": str(number), "occurred_at": at, "value": 50.0})  # fmt: skip
    return decided, bought


def target(number: int, as_of: datetime = NOW) -> Row:
    return {
        "app": "shop", "customer_id": str(number), "offer": "UPGRADE", "level": 0, "status": 1, "score": 0.5, "band": 5,
        "rank": number + 1, "model_version": "m", "features_as_of": as_of, "reason": "clicks 3", "holdout_share": 0.3,
        "expires_at": as_of + timedelta(hours=48), "drift": 0.3,
    }  # fmt: skip


def model(version: str, **more: Any) -> Row:
    ranges = {"estimate": 0.1, "low": 0.05, "high": 0.2}
    details = {
        "split": "time", "lately": {"brier": 0.09},
        "gains": {"constant": {"brier": ranges, "average_precision": ranges}}, "profits": None,
    }  # fmt: skip
    return {
        "app": "shop", "offer": "UPGRADE", "model_version": version, "trained_at": NOW, "train_rows": 4000,
        "train_positives": 300, "test_rows": 1000, "test_positives": 80, "passed": True, "accepted": True,
        "reason": "why", "brier": 0.08, "constant_brier": 0.1, "average_precision": 0.4, "kind": "exposures",
        "constant_average_precision": 0.1, "details": msgspec.json.encode(details).decode(),
        "coefficients": '{"names":["clicks"],"coefficients":[0.5],"means":[0],"scales":[1],"intercept":0}', **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    decided, bought = planted()
    later = model("later", trained_at=NOW + timedelta(hours=1), passed=False, accepted=False)
    tables = MemoryTables(
        {
            "exposures": decided,
            "conversions": bought,
            "targets": [target(number) for number in range(200)] + [target(999, NOW - timedelta(hours=49))],
            "models": [model("good"), later],
        }
    )
    return create_dashboard(SETTINGS, tables, FakeStore(), clock=lambda: NOW).test_client()


def test_page_finds_the_planted_effect(client: FlaskClient) -> None:
    found = client.get("/data/offers/uplift").json

    said = found["account"]["offers"]["UPGRADE"]
    assert (said["kind"], said["break_even"], said["warnings"]) == ("pays", 0.02, [])
    last = found["rows"][-1]
    assert last["low"] < 0.07 < last["high"]
    assert len(found["rows"]) > 10
    assert found["receipt"]["parameters"]["terms"]["UPGRADE"]["ad_cost"] == 1.0


def test_page_counts_reach_and_bands(client: FlaskClient) -> None:
    (reach,) = client.get("/data/offers/reach?from=2026-11-01&to=2026-11-30").json["rows"]
    bands = client.get("/data/offers/bands").json["rows"]

    assert reach["reached"] == reach["chosen"] == reach["shown"] + reach["held"] == 3000
    assert {row["band"] for row in bands} == {1, 2, 3, 4, 5}
    assert sum(row["shown"] + row["held"] for row in bands) == 3000


def test_export_leaves_out_who_is_held_out_or_stale(client: FlaskClient) -> None:
    listed = client.get("/data/offers/targets").json
    exported = [int(row["customer_id"]) for row in client.get("/data/offers/export").json["rows"]]

    held = {number for number in range(200) if is_held_out(f"shop#c#{number}", "UPGRADE", 0.3)}
    assert (len(listed["rows"]), listed["total_rows"]) == (100, 201)
    assert listed["rows"][0]["reason"] == "clicks 3"
    assert set(exported) == set(range(200)) - held
    assert 30 < len(held) < 90


def test_model_is_described_in_words_with_the_one_that_was_refused(client: FlaskClient) -> None:
    served, newest = client.get("/data/offers/model").json["rows"]

    assert (served["state"], newest["state"]) == ("serves", "refused")
    assert (served["drift"], newest["drift"]) == (0.3, None)
    assert "Better than guessing: yes, by 20%." in served["lines"]
    assert "Raises the score: clicks." in served["lines"]


def test_page_is_in_the_menu_only_where_an_offer_is_configured(client: FlaskClient) -> None:
    without = create_dashboard(msgspec.structs.replace(SETTINGS, offers=()), MemoryTables({}), FakeStore())

    def menu(of: FlaskClient) -> list[str]:
        return [page["name"] for page in of.get("/data/shell/app?app=shop").json["pages"] if page["listed"]]

    assert "offers" in menu(client)
    assert "offers" not in menu(without.test_client())


def test_offer_that_is_not_there_is_refused(client: FlaskClient) -> None:
    assert client.get("/data/offers/uplift?offer=NONE").status_code == 400
