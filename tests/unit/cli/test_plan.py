"""`logdig plan --account` and `logdig policy --account` work without AWS, and prices say whose they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import cli
from logdig.aws import access

TOML = """service = "shop"
region = "{region}"
front_door = "{front_door}"

[[offers]]
name = "UPGRADE"
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def fail(_environment: object) -> None:
        raise AssertionError("the access to AWS was checked")

    monkeypatch.setattr(access, "check_access", fail)
    file = tmp_path / "logdig.toml"
    monkeypatch.setenv("LOGDIG_CONFIG", str(file))
    return file


@pytest.mark.parametrize("front_door", ["function-url", "rest-api", "server"])
def test_plan_shows_a_first_deploy_when_the_account_is_given(path: Path, front_door: str) -> None:
    path.write_text(TOML.format(region="ap-northeast-2", front_door=front_door))

    result = CliRunner().invoke(cli, ["plan", "--account", "123456789012"])

    assert result.exit_code == 0, result.output
    assert "stack shop-dev in account 123456789012, ap-northeast-2, not compared with what is deployed" in result.output
    assert "add          Queue" in result.output
    assert "ap-northeast-2 has prices of its own" in result.output


@pytest.mark.parametrize("zone, warns", [("Europe/Berlin", True), ("Asia/Seoul", False)])
def test_plan_says_when_the_daily_run_lies_in_the_quiet_hours_of_messages(path: Path, zone: str, warns: bool) -> None:
    app = f'[[apps]]\nname = "web"\ntoken = "pk_web_1234"\ntimezone = "{zone}"\n'
    toml = TOML.format(region="us-east-1", front_door="function-url")
    path.write_text(f'{toml}\n[offers.sms]\ntext = "Hi"\n\n{app}')

    output = CliRunner().invoke(cli, ["plan", "--account", "123456789012"]).output

    assert ("messages of UPGRADE: the daily run at 03:00 UTC is" in output) == warns


def test_plan_as_json_names_the_region_of_its_prices(path: Path) -> None:
    path.write_text(TOML.format(region="us-east-1", front_door="function-url"))

    found = json.loads(CliRunner().invoke(cli, ["plan", "--account", "123456789012", "--json"]).output)

    assert (found["account"], found["price_region"], found["steps"]) == ("123456789012", "us-east-1", [])
    assert "Bucket" in {change["logical_id"] for change in found["changes"] if change["action"] == "add"}


def test_policy_is_printed_when_the_account_is_given(path: Path) -> None:
    path.write_text(TOML.format(region="us-east-1", front_door="function-url"))

    result = CliRunner().invoke(cli, ["policy", "data", "--account", "123456789012"])

    assert result.exit_code == 0, result.output
    assert ":123456789012:" in result.output


def test_plan_says_the_smallest_effect_that_a_month_proves(path: Path) -> None:
    path.write_text(TOML.format(region="us-east-1", front_door="function-url") + "offer_value = 100.0\nad_cost = 1.0\n")

    output = CliRunner().invoke(cli, ["plan", "--account", "123456789012"]).output
    found = json.loads(CliRunner().invoke(cli, ["plan", "--account", "123456789012", "--json"]).output)

    (proof,) = found["proofs"]
    effects = [month["provable"] for month in proof["months"]]
    assert (proof["offer"], proof["break_even"]) == ("UPGRADE", 0.01)
    # Ten times the people prove an effect that is smaller by the root of ten.
    assert effects[0] / effects[1] == pytest.approx(10**0.5)
    assert f"10,000 people (10% held out): {100 * effects[1]:.2f} points" in output
    assert "it pays from 1.00 on" in output
