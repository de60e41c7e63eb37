"""`logdig model` and `logdig targets`: words for owners, and lists that the policy allows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import cli
from logdig.aws import clients
from logdig.decide.hashes import is_held_out
from logdig.decide.profiles import OfferScore, Profile
from logdig.decide.stores.memory_items import InMemoryProfiles
from logdig.marts import reader
from logdig.store.state.model_choices import Choice, read_choices
from tests.fakes.marts import FakeMarts
from tests.fakes.store import FakeStore

NOW = datetime.now(UTC).replace(microsecond=0)
TOML = """
[[apps]]
name = "shop"
token = "pk_shop_12345678"
[[offers]]
name = "UPGRADE"
offer_value = 10.0
ad_cost = 1.0
holdout_share = 0.3
"""


def model(version: str, days: int, **more: Any) -> dict[str, Any]:
    return {
        "app": "shop", "offer": "UPGRADE", "model_version": version, "trained_at": NOW - timedelta(days=days),
        "passed": True, "accepted": True, "reason": "why", "train_rows": 900, "train_positives": 90, "test_rows": 300,
        "test_positives": 30, "brier": 0.08, "constant_brier": 0.1, "average_precision": 0.3, "error": 0.1,
        "constant_average_precision": 0.1, "kind": "clicks", "details": None,
        "coefficients": '{"names": ["mobile"], "coefficients": [-1.0]}', **more,
    }  # fmt: skip


def target(number: int, customer: str) -> dict[str, Any]:
    return {
        "app": "shop", "offer": "UPGRADE", "customer_id": customer, "rank": number + 1, "score": 0.5,
        "reason": "clicks 3", "expires_at": NOW, "features_as_of": NOW, "model_version": "good",
    }  # fmt: skip


CUSTOMERS = ["=1+1", *(str(number) for number in range(40))]
TABLES: Mapping[str, list[dict[str, Any]]] = {
    "models": [
        model("old", 3),
        model("good", 2),
        model("waits", 1, accepted=False, reason="2 targets in place of 9"),
        model("bad", 0, passed=False, accepted=False),
    ],
    "targets": [target(number, customer) for number, customer in enumerate(CUSTOMERS)],
}


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeStore:
    path = tmp_path / "logdig.toml"
    path.write_text(TOML)
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = FakeStore()
    profiles = InMemoryProfiles(
        Profile(f"shop#c#{customer}", NOW, {"UPGRADE": OfferScore(0.5, "good")}) for customer in CUSTOMERS
    )
    monkeypatch.setattr(clients, "s3_store", lambda _settings: store)
    monkeypatch.setattr(clients, "profile_store", lambda _settings: profiles)
    monkeypatch.setattr(reader, "Marts", lambda _settings, _environment: FakeMarts(**TABLES))
    return store


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def test_card_of_the_serving_model_is_in_words() -> None:
    lines = call("model", "show").output.splitlines()

    assert lines[0] == "model good for UPGRADE (shop): serves"
    assert "nobody was shown the offer by a decision yet" in lines[2]
    assert "Lowers it: share of listens on a mobile device." in lines
    assert json.loads(call("model", "show", "waits", "--json").output)["state"] == "waits for approval"


def test_compare_lists_the_newest_first_with_their_states() -> None:
    lines = call("model", "compare").output.splitlines()

    assert [line.split()[0] for line in lines] == ["version", "bad", "waits", "good", "old"]
    assert "serves" in lines[3]
    assert len(json.loads(call("model", "compare", "--limit", "2", "--json").output)) == 2


def test_approve_and_rollback_change_what_serves(bucket: FakeStore) -> None:
    assert call("model", "approve", "waits").exit_code == 0
    assert call("model", "show").output.startswith("model waits for")
    assert "model good of" in call("model", "rollback").output
    assert call("model", "show").output.startswith("model good for")
    assert call("model", "rollback", "--model", "old").exit_code == 0

    assert read_choices(bucket) == {"shop#UPGRADE": Choice("old", ("waits",))}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("model", "approve", "bad"), "did not pass its gate"),
        (("model", "rollback", "--model", "bad"), "did not pass its gate"),
        (("model", "show", "none"), "no model is called 'none'"),
        (("model", "show", "--offer", "none"), "no offer is called 'none'; there are: UPGRADE"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(arguments: tuple[str, ...], said: str) -> None:
    result = call(*arguments)

    assert result.exit_code != 0
    assert said in str(result.exception) + result.output


def test_targets_are_listed_the_best_first_with_reasons_and_until_when() -> None:
    result = call("targets", "list", "--limit", "3")

    assert f"until {NOW:%Y-%m-%d %H:%M}  clicks 3" in result.output
    assert "41 targets of UPGRADE, 3 shown" in result.output
    assert len(json.loads(call("targets", "list", "--limit", "0", "--json").stdout)) == 41


def test_export_holds_nobody_who_is_held_out_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "targets.csv"

    result = call("targets", "export", "--output", str(path))

    assert result.exit_code == 0, result.output
    written = [row["customer_id"] for row in csv.DictReader(io.StringIO(path.read_text()))]
    reached = [name for name in CUSTOMERS if not is_held_out(f"shop#c#{name}", "UPGRADE", 0.3)]
    assert written == [f"'{name}" if name.startswith("=") else name for name in reached]
    assert 0 < len(written) < len(CUSTOMERS)
