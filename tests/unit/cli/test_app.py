"""`logdig app`: a tag is printed only where it can work, and the list says until when old tokens are valid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import cli
from logdig.config.loader import load_settings


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "logdig.toml"
    monkeypatch.setenv("LOGDIG_CONFIG", str(file))
    return file


def call(*arguments: str) -> Any:
    result = CliRunner().invoke(cli, ["app", *arguments])
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("action", [("add", "blog"), ("rotate", "shop")], ids=" ".join)
def test_app_prints_the_tag_only_when_the_endpoint_is_known(path: Path, action: tuple[str, str]) -> None:
    call("add", "shop")

    with_endpoint = call(*action, "--endpoint", "https://events.shop.example")
    without = call("rotate", action[1])

    token = load_settings(path, {}).apps[-1].token
    assert with_endpoint.stdout.startswith("<script async")
    assert 'data-endpoint="https://events.shop.example"' in with_endpoint.stdout
    assert without.stdout == f"{token}\n"
    assert "'logdig deploy' and 'logdig dev' print the script tag" in without.stderr


def test_app_list_says_until_when_an_old_token_is_valid(path: Path) -> None:
    call("add", "shop")
    path.write_text(
        path.read_text() + "previous_tokens = [{token = 'pk_shop_older123', valid_until = 2999-01-02T03:04:00+09:00}, "
        "{token = 'pk_shop_ended123', valid_until = 2020-01-02T03:04:00Z}]\n"
    )

    assert "pk_shop_older123                 until 2999-01-01 18:04 UTC" in call("list").output
    assert "pk_shop_ended123" not in call("list").output
    (row,) = json.loads(call("list", "--json").output)
    assert row["previous_tokens"] == [{"token": "pk_shop_older123", "valid_until": "2999-01-01T18:04:00+00:00"}]


@pytest.mark.parametrize("action", [("add", "blog"), ("rotate", "shop")], ids=" ".join)
def test_app_as_json_has_the_token_that_the_file_has_and_the_tag_where_it_works(
    path: Path, action: tuple[str, str]
) -> None:
    call("add", "shop")

    tagged = json.loads(call(*action, "--endpoint", "https://events.shop.example", "--json").stdout)
    token = load_settings(path, {}).apps[-1].token
    bare = json.loads(call("rotate", action[1], "--json").stdout)

    assert (tagged["name"], tagged["token"]) == (action[1], token)
    assert token in tagged["script_tag"]
    assert bare == {"name": action[1], "token": load_settings(path, {}).apps[-1].token, "script_tag": None}


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:99999", "http://shop.example:x", "http://:80", "https://a.example/x?y", "https://a#b"],
)
def test_endpoint_is_refused_when_it_is_no_address_of_a_collector(path: Path, endpoint: str) -> None:
    result = CliRunner().invoke(cli, ["app", "add", "blog", "--endpoint", endpoint])

    assert result.exit_code == 2
    assert "an address such as https://collect.example" in result.output
    assert not path.exists()
