"""Apps in logdig.toml are edited in place: comments stay, broken settings are never written."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.commands.app import command
from logdig.config.goals import GoalSettings
from logdig.config.loader import load_settings, parse_settings
from logdig.config.settings import AppSettings, Settings
from logdig.config.toml_file import add_app, rotate_token, set_disabled, settings_text
from logdig.errors import InputError, InvalidSettingError, SetupError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILE = """# Ours.
service = "shop"  # short

[[apps]]
name = "web"
token = "pk_web_00000001"
origins = ["https://shop.example"]
"""


def token(name: str) -> str:
    return f"pk_{name}_fresh0001"


def test_add_keeps_comments_and_gives_a_token() -> None:
    text, made = add_app(FILE, "blog", ["https://blog.example"], "Asia/Seoul", token)

    assert text.startswith('# Ours.\nservice = "shop"  # short\n')
    apps = parse_settings(tomllib.loads(text)).apps
    assert [(app.name, app.token, app.timezone) for app in apps][1] == ("blog", made, "Asia/Seoul")


def test_add_starts_a_file_when_there_is_none() -> None:
    text, made = add_app("", "web", [], "UTC", token)

    assert parse_settings(tomllib.loads(text)).apps[0].token == made


@pytest.mark.parametrize(("name", "origin"), [("Bad Name", "https://a.example"), ("ok", "a.example")])
def test_add_refuses_what_settings_refuse(name: str, origin: str) -> None:
    with pytest.raises(InvalidSettingError):
        add_app(FILE, name, [origin], "UTC", token)


def test_add_refuses_a_name_that_is_taken() -> None:
    with pytest.raises(InputError, match="'web' already"):
        add_app(FILE, "web", [], "UTC", token)


def test_rotate_keeps_the_old_token_for_its_grace_and_forgets_older_ones() -> None:
    once, _ = rotate_token(FILE, "web", timedelta(days=7), NOW, lambda _: "pk_web_00000002")
    later = NOW + timedelta(days=8)

    twice, _ = rotate_token(once, "web", timedelta(days=7), later, lambda _: "pk_web_00000003")

    (app,) = parse_settings(tomllib.loads(twice)).apps
    assert app.token == "pk_web_00000003"
    assert [(previous_token.token, previous_token.valid_until) for previous_token in app.previous_tokens] == [
        ("pk_web_00000002", later + timedelta(days=7))
    ]


def test_rotate_ends_the_old_token_at_once_when_there_is_no_grace() -> None:
    text, _ = rotate_token(FILE, "web", timedelta(), NOW, token)

    assert parse_settings(tomllib.loads(text)).apps[0].previous_tokens == ()


def test_disable_is_undone_by_enable() -> None:
    disabled = set_disabled(FILE, "web", disabled=True)

    assert parse_settings(tomllib.loads(disabled)).apps[0].disabled
    assert set_disabled(disabled, "web", disabled=False) == FILE


def test_app_is_named_when_there_is_none_of_that_name() -> None:
    with pytest.raises(InputError, match="no app 'blog'; there are: web"):
        set_disabled(FILE, "blog", disabled=True)


def test_app_commands_edit_the_file_and_print_the_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logdig.toml"
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    run = CliRunner().invoke

    added = run(command, ["add", "web", "--origin", "https://*.shop.example", "--endpoint", "https://c.example"])
    rotated = run(command, ["rotate", "web"])
    run(command, ["disable", "web"])
    listed = run(command, ["list"])

    (app,) = load_settings(path, {}).apps
    assert 'data-endpoint="https://c.example"' in added.output
    assert app.token in rotated.output
    assert app.disabled
    assert "https://*.shop.example  disabled" in listed.output


def test_app_commands_keep_links_rights_and_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, link = tmp_path / "kept.toml", tmp_path / "logdig.toml"
    kept.write_bytes(FILE.replace("\n", "\r\n").encode())
    kept.chmod(0o640)
    link.symlink_to(kept.name)
    monkeypatch.setenv("LOGDIG_CONFIG", str(link))

    for arguments in (["add", "blog"], ["disable", "web"]):
        assert CliRunner().invoke(command, arguments).exit_code == 0

    assert link.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o640
    assert kept.read_bytes().count(b"\n") == kept.read_bytes().count(b"\r\n") > FILE.count("\n")
    assert [app.disabled for app in load_settings(link, {}).apps] == [True, False]


def test_app_commands_name_the_file_when_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGDIG_CONFIG", str(tmp_path / "absent" / "logdig.toml"))

    result = CliRunner().invoke(command, ["add", "web"])

    assert isinstance(result.exception, SetupError)
    assert "logdig.toml: No such file or directory; nothing was changed" in result.exception.message


@pytest.mark.parametrize("content", [b"x = \n", b"\xff\xfe", b'[[apps]\nname = "web"\n'])
def test_app_commands_leave_a_file_alone_when_it_is_not_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = tmp_path / "logdig.toml"
    path.write_bytes(content)
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))

    for arguments in (["add", "blog"], ["rotate", "web"], ["disable", "web"], ["list"]):
        result = CliRunner().invoke(command, arguments)
        assert isinstance(result.exception, SetupError), arguments
        assert "not TOML" in result.exception.message
    assert path.read_bytes() == content


@pytest.mark.parametrize("after", ["", "[flush]\nmin_logs = 3\n", '[[offers]]\nname = "UPGRADE"\n'])
@pytest.mark.parametrize("apps", ["", "apps = []\n", 'apps = [ # ours\n  {name = "web", token = "pk_web_0001"},\n]\n'])
def test_apps_are_edited_however_the_file_lists_them(apps: str, after: str) -> None:
    before = tomllib.loads(f'service = "shop"\n{apps}{after}')

    text, made = add_app(f'service = "shop"\n{apps}{after}', "blog", [], "UTC", token)
    text = set_disabled(text, "blog", disabled=True)

    parsed = tomllib.loads(text)
    new = {"name": "blog", "token": made, "origins": [], "disabled": True}
    assert parsed == before | {"apps": [*before.get("apps", []), new]}


@pytest.mark.parametrize("apps", ["apps = 3", "apps = [3]", "[[apps]]\ntoken = 'pk_web_0001'", "[apps]\nname = 'x'"])
def test_edit_is_refused_when_the_apps_are_none(apps: str) -> None:
    with pytest.raises(InvalidSettingError, match="apps"):
        add_app(apps, "blog", [], "UTC", token)
    with pytest.raises(InvalidSettingError, match="apps"):
        set_disabled(apps, "blog", disabled=True)


def test_settings_are_read_as_they_were_when_a_goal_without_a_value_is_written() -> None:
    app = AppSettings(name="shop", token="pk_shop_0123456789abcdef", origins=("https://shop.example",))
    settings = Settings(service="shop", apps=(app,), goals=(GoalSettings(name="order", app="shop", event="order"),))

    assert parse_settings(tomllib.loads(settings_text(settings))) == settings
