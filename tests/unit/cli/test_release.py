"""`logdig release` notes releases of the apps of logdig.toml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import cli
from logdig.aws import clients
from logdig.errors import LogDigError
from tests.fakes.store import FakeStore

APP = '[[apps]]\nname = "{name}"\ntoken = "pk_{name}_12345678"\norigins = ["https://{name}.example"]\n'


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeStore:
    path = tmp_path / "logdig.toml"
    path.write_text(APP.format(name="shop") + 'timezone = "Asia/Seoul"\n' + APP.format(name="blog"))
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    fake = FakeStore()
    monkeypatch.setattr(clients, "s3_store", lambda _settings: fake)
    return fake


def call(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["release", *arguments])


def listed(*arguments: str) -> list[dict[str, str]]:
    return json.loads(call("list", "--json", *arguments).output)


@pytest.mark.parametrize("word", [(), ("add",)])
def test_release_is_added_at_local_time_of_its_app_with_or_without_the_word_add(word: tuple[str, ...]) -> None:
    result = call(*word, "2.1", "--at", "2026-11-24 22:00", "--app", "shop")

    assert result.output == "2026-11-24 22:00:00 +0900  shop             2.1\n"
    assert listed() == [{"name": "2.1", "app": "shop", "at": "2026-11-24T13:00:00.000Z"}]


def test_options_may_stand_before_the_name() -> None:
    assert call("--app", "blog", "--json", "2.1").exit_code == 0

    assert [row["app"] for row in listed()] == ["blog"]


def test_list_and_remove_take_one_app() -> None:
    for app in ("shop", "blog"):
        call("2.1", "--app", app, "--at", "2026-11-24T13:00:00Z")
    removed = call("remove", "2.1", "--app", "shop", "--json")

    assert json.loads(removed.output) == {"name": "2.1", "app": "shop", "at": "2026-11-24T13:00:00.000Z"}
    assert [row["app"] for row in listed()] == ["blog"]
    assert listed("--app", "shop") == []


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("2.1",), "choose one with --app"),
        (("2.1", "--app", "nope"), "has no app 'nope'"),
        (("list", "--app", "nope"), "has no app 'nope'"),
        (("~1", "--app", "shop"), "marks fingerprints"),
        (("remove", "2.1", "--app", "shop"), "has no release '2.1'"),
    ],
)
def test_unclear_request_changes_nothing(store: FakeStore, arguments: tuple[str, ...], message: str) -> None:
    result = call(*arguments)

    assert isinstance(result.exception, LogDigError)
    assert message in result.exception.message
    assert store.objects == {}


def test_release_without_arguments_shows_its_help() -> None:
    assert "remove" in call().output
