"""`logdig share` makes links, lists who may look, and ends what a link gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import cli
from logdig.aws import clients
from logdig.errors import LogDigError
from logdig.store.state.shares import read_shares, sha256_of_token
from tests.fakes.store import FakeStore

APP = '[[apps]]\nname = "{name}"\ntoken = "pk_{name}_12345678"\norigins = ["https://{name}.example"]\n'
ADDRESS = ("--address", "https://dash.shop.example")
TOP = 'dashboard = "function"\n'


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeStore:
    path = tmp_path / "logdig.toml"
    path.write_text(TOP + APP.format(name="shop") + 'timezone = "Asia/Seoul"\n' + APP.format(name="blog"))
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    fake = FakeStore()
    monkeypatch.setattr(clients, "s3_store", lambda _settings: fake)
    return fake


def call(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["share", *arguments])


def test_link_holds_a_token_of_which_only_the_hash_is_stored(store: FakeStore) -> None:
    result = call("create", "--app", "shop", "--scope", "numbers", *ADDRESS)

    address, _, token = result.stdout.strip().partition("#share=")
    [share] = read_shares(store)
    assert address == "https://dash.shop.example/?app=shop"
    assert share.sha256 == sha256_of_token(token)
    assert token.encode() not in b"".join(store.objects.values())
    assert share.id in result.stderr


def test_list_shows_scope_and_end_and_revoke_takes_one_away(store: FakeStore) -> None:
    made = json.loads(
        call(
            "create",
            "--app",
            "shop",
            "--scope",
            "people",
            "--until",
            "2999-01-02",
            "--json",
            "--address",
            "https://d.example",
        ).stdout
    )
    call("create", "--app", "blog", "--scope", "numbers", *ADDRESS)

    listed = json.loads(call("list", "--json").stdout)
    assert [(row["app"], row["scope"], row["until"]) for row in listed] == [
        ("shop", "people", "2999-01-01T15:00:00.000Z"),
        ("blog", "numbers", None),
    ]
    assert made["token"] not in call("list").stdout
    assert "until 2999-01-02 00:00 +0900" in call("list", "--app", "shop").stdout

    assert call("revoke", made["id"]).exit_code == 0
    assert [share.app for share in read_shares(store)] == ["blog"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("revoke", "0123"), "no share has the id '0123'"),
        (("create", "--scope", "numbers"), "choose one with --app"),
        (("create", "--app", "shop", "--scope", "numbers", "--until", "2020-01-01"), "has passed"),
        (("create", "--app", "shop", "--scope", "numbers", "--until", "soon"), "--until 'soon': a time such as"),
        (("list", "--app", "none"), "no app 'none'"),
    ],
)
def test_wrong_use_says_what_to_do_and_stores_nothing(
    store: FakeStore, arguments: tuple[str, ...], message: str
) -> None:
    result = call(*arguments)

    assert isinstance(result.exception, LogDigError | SystemExit)
    assert message in (result.output + str(result.exception))
    assert store.objects == {}


def test_without_a_deployed_dashboard_the_token_is_given_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "logdig.toml"
    path.write_text(path.read_text().replace(TOP, ""))

    result = call("create", "--app", "shop", "--scope", "numbers")

    assert result.stdout.startswith("#share=")
    assert 'dashboard = "function"' in result.stderr
