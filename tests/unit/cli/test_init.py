"""`logdig init`: valid settings by flags, one line when a value is wrong, no file overwritten without a yes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.commands.init import command
from logdig.config.loader import load_settings
from logdig.errors import InputError, InvalidSettingError

FLAGS = ["--service", "shop", "--region", "ap-northeast-2", "--stage", "prod", "--origin", "https://shop.example"]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "logdig.toml"
    monkeypatch.setenv("LOGDIG_CONFIG", str(file))
    return file


def test_init_writes_settings_that_can_be_deployed(path: Path) -> None:
    result = CliRunner().invoke(command, [*FLAGS, "--freshness", "live", "--budget", "5"])

    settings = load_settings(path, {})
    assert result.exit_code == 0, result.output
    assert (settings.service, settings.region, settings.stage) == ("shop", "ap-northeast-2", "prod")
    assert (settings.freshness, settings.monthly_budget_usd) == ("live", 5.0)
    assert settings.apps[0].origins == ("https://shop.example",)
    assert settings.bucket.startswith("shop-prod-")


@pytest.mark.parametrize(
    ("flag", "value", "key"),
    [
        ("--service", "Shop_1", "service"),
        ("--region", "seoul", "region"),
        ("--stage", "test", "stage"),
        ("--front-door", "alb", "front_door"),
        ("--freshness", "weekly", "freshness"),
        ("--alarm-email", "me", "alarm_email"),
    ],
)
def test_init_writes_nothing_when_a_value_is_wrong(path: Path, flag: str, value: str, key: str) -> None:
    result = CliRunner().invoke(command, [*FLAGS, flag, value])

    assert isinstance(result.exception, InvalidSettingError)
    assert result.exception.message.startswith(f"{key} = {value!r}: ")
    assert not path.exists()


def test_init_keeps_an_existing_file_when_there_is_no_yes(path: Path) -> None:
    path.write_text("# mine\n")

    refused = CliRunner().invoke(command, FLAGS)

    assert isinstance(refused.exception, InputError)
    assert path.read_text() == "# mine\n"
    assert CliRunner().invoke(command, [*FLAGS, "--yes"]).exit_code == 0
    assert load_settings(path, {}).service == "shop"


@pytest.fixture
def terminal(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Answer the questions as a person at a terminal; None is Ctrl-C."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    # The runner puts a stream of its own in place of standard input.
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _self: True, raising=False)

    def run(*replies: str, flags: Sequence[str] = ()) -> Result:
        return CliRunner().invoke(command, list(flags), input="".join(f"{reply}\n" for reply in replies))

    return run


def test_init_keeps_the_answers_when_it_is_interrupted(path: Path, terminal: Callable[..., Result]) -> None:
    interrupted = terminal("shop", "ap-northeast-2")

    assert interrupted.exit_code == 1
    assert "your answers are kept; go on with: logdig init" in interrupted.output
    assert not path.exists()

    result = terminal("", "", "prod", "", "web", "https://shop.example")

    settings = load_settings(path, {})
    assert result.exit_code == 0, result.output
    assert (settings.service, settings.region, settings.stage) == ("shop", "ap-northeast-2", "prod")
    assert settings.apps[0].origins == ("https://shop.example",)
    assert "[shop]" not in terminal("n").output


def test_init_asks_only_the_wrong_answer_again(path: Path, terminal: Callable[..., Result]) -> None:
    result = terminal(
        "Shop_1", "shop", "", "test", "dev", "me", "", "-x", "web", "shop.example", "https://shop.example"
    )

    settings = load_settings(path, {})
    assert result.exit_code == 0, result.output
    assert result.output.count("Error: ") == 5
    assert (settings.service, settings.stage, settings.apps[0].name) == ("shop", "dev", "web")


def test_init_refuses_a_wrong_flag_before_the_first_question(path: Path, terminal: Callable[..., Result]) -> None:
    result = terminal("shop", flags=["--freshness", "weekly"])

    assert isinstance(result.exception, InvalidSettingError)
    assert "Name of the service" not in result.output
