"""Edit the apps of logdig.toml: text in, text out, comments and order kept."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from logdig.config.loader import parse_settings
from logdig.config.settings import Settings
from logdig.errors import InputError, SetupError
from logdig.times import in_utc

NewToken = Callable[[str], str]
"""App name -> a random token."""


def add_app(text: str, name: str, origins: Sequence[str], timezone: str, new_token: NewToken) -> tuple[str, str]:
    """Add an app; return the new text and its token.

    Raises:
        InputError: The name is taken.
        InvalidSettingError: Name, origin or zone break their rule.
        SetupError: The text is not TOML.
    """
    document = _parsed(text)
    apps = _apps(document)
    if any(app["name"] == name for app in apps):
        raise InputError(f"logdig.toml has an app {name!r} already; rotate its token or choose another name")
    table = tomlkit.table()
    token = new_token(name)
    table.update({"name": name, "token": token, "origins": list(origins)})
    if timezone != "UTC":
        table["timezone"] = timezone
    apps.append(table)
    return _checked(document), token


def rotate_token(text: str, name: str, grace: timedelta, now: datetime, new_token: NewToken) -> tuple[str, str]:
    """Give an app a new token; the old one is valid until now + grace. Expired tokens are removed."""
    document = _parsed(text)
    app = _find(document, name)
    token = new_token(name)
    kept = [token for token in app.get("previous_tokens", []) if in_utc(token["valid_until"]) > now]
    if grace > timedelta():
        previous = tomlkit.inline_table()
        previous.update(
            {"token": str(app["token"]), "valid_until": (now + grace).astimezone(UTC).replace(microsecond=0)}
        )
        kept.append(previous)
    app["token"] = token
    app["previous_tokens"] = kept
    if not kept:
        del app["previous_tokens"]
    return _checked(document), token


def set_disabled(text: str, name: str, *, disabled: bool) -> str:
    """Refuse an app's token, or accept it again."""
    document = _parsed(text)
    app = _find(document, name)
    if disabled:
        app["disabled"] = True
    elif "disabled" in app:
        del app["disabled"]
    return _checked(document)


def script_tag(
    token: str,
    endpoint: str,
    *,
    script: str = "/clicktracker.js",
    decide_endpoint: str | None = None,
    integrity: str = "",
) -> str:
    """The line to paste into a page.

    Args:
        token: The app's write token.
        endpoint: Address of the collector.
        script: Address of the script.
        decide_endpoint: Of the decision service, where it differs.
        integrity: Digest of the script that the page must load (``sha384-…``).
    """
    # A browser checks a script of another host only where that host lets it read it.
    foreign = " crossorigin" if integrity and "://" in script else ""
    checked = f' integrity="{integrity}"{foreign}' if integrity else ""
    decide = f' data-decide-endpoint="{decide_endpoint}"' if decide_endpoint not in (None, endpoint) else ""
    addresses = f'data-token="{token}" data-endpoint="{endpoint}"{decide}'
    return f'<script async src="{script}"{checked} {addresses}></script>'


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as err:
        raise SetupError(f"logdig.toml: not TOML: {err}; nothing was changed") from err
    parse_settings(document.unwrap())
    return document


def _apps(document: tomlkit.TOMLDocument) -> AoT:
    """The apps as ``[[apps]]``; a list ``apps = [{…}]`` is converted, since tomlkit breaks such lists."""
    written = document.get("apps", [])
    if isinstance(written, AoT):
        return written
    apps = tomlkit.aot()
    for app in written:
        apps.append(tomlkit.item(dict(app.unwrap())))
    document.pop("apps", None)
    document["apps"] = apps
    # The document's own object, so that its changes are changes of the document.
    return cast(AoT, document["apps"])


def _find(document: tomlkit.TOMLDocument, name: str) -> Table:
    apps = _apps(document)
    for app in apps:
        if app["name"] == name:
            return cast(Table, app)
    names = ", ".join(str(app["name"]) for app in apps) or "none"
    raise InputError(f"logdig.toml has no app {name!r}; there are: {names}")


def _checked(document: tomlkit.TOMLDocument) -> str:
    """Write the document; refuse when the text would not be valid settings, or would not equal the document."""
    parse_settings(document.unwrap())
    text = tomlkit.dumps(document)
    try:
        is_same = tomllib.loads(text) == document.unwrap()
    except tomllib.TOMLDecodeError:
        is_same = False
    if not is_same:
        raise SetupError("logdig.toml cannot be edited as it is written; nothing was changed, edit it by hand")
    return text


def write_settings(settings: Settings, path: Path) -> None:
    """Write settings as TOML; see `settings_text`."""
    path.write_text(settings_text(settings), encoding="utf-8")


def settings_text(settings: Settings) -> str:
    """Settings as TOML, without empty values."""
    table = _without_none(msgspec.to_builtins(settings))
    return tomlkit.dumps({key: value for key, value in table.items() if value not in ("", [])})


def _without_none(value: Any) -> Any:
    """Leave out what is not set, however deep; TOML cannot say it."""
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, (list, tuple)) else value
