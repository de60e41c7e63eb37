"""Edit the apps of logdig.toml: text in, text out, comments and order kept."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from logdig.config.loader import parse_settings
from logdig.config.settings import Settings
from logdig.errors import InputError, SetupError

NewToken = Callable[[str], str]
"""App name -> a token that nobody can guess."""


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
    """Give an app a new token; the old one holds until now + grace. Tokens whose time is over are removed."""
    document = _parsed(text)
    app = _find(document, name)
    token = new_token(name)
    kept = [one for one in app.get("previous_tokens", []) if _utc(one["valid_until"]) > now]
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
    """Refuse an app's token, or take it again."""
    document = _parsed(text)
    app = _find(document, name)
    if disabled:
        app["disabled"] = True
    elif "disabled" in app:
        del app["disabled"]
    return _checked(document)


def script_tag(token: str, endpoint: str, *, decide_endpoint: str | None = None, integrity: str = "") -> str:
    """The line to paste into a page.

    Args:
        token: The app's write token.
        endpoint: Address of the collector.
        decide_endpoint: Of the decision service, where it is another one.
        integrity: Digest of the script that the page must get (``sha384-…``).
    """
    checked = f' integrity="{integrity}"' if integrity else ""
    decide = f' data-decide-endpoint="{decide_endpoint}"' if decide_endpoint not in (None, endpoint) else ""
    addresses = f'data-token="{token}" data-endpoint="{endpoint}"{decide}'
    return f'<script async src="/clicktracker.js"{checked} {addresses}></script>'


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as err:
        raise SetupError(f"logdig.toml: not TOML: {err}; nothing was changed") from err
    parse_settings(document.unwrap())
    return document


def _apps(document: tomlkit.TOMLDocument) -> AoT:
    """The apps as ``[[apps]]``, which one written as ``apps = [{…}]`` becomes: tomlkit breaks such lists."""
    found = document.get("apps", [])
    if isinstance(found, AoT):
        return found
    apps = tomlkit.aot()
    for app in found:
        apps.append(tomlkit.item(dict(app.unwrap())))
    document.pop("apps", None)
    document["apps"] = apps
    # As the document holds it, so that changes of it are changes of the document.
    return cast(AoT, document["apps"])


def _find(document: tomlkit.TOMLDocument, name: str) -> Table:
    apps = _apps(document)
    for app in apps:
        if app["name"] == name:
            return cast(Table, app)
    names = ", ".join(str(app["name"]) for app in apps) or "none"
    raise InputError(f"logdig.toml has no app {name!r}; there are: {names}")


def _checked(document: tomlkit.TOMLDocument) -> str:
    """Write the document, unless it would no longer be valid settings, or no longer what it is."""
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
    """Settings as TOML, without what is empty."""
    table = msgspec.to_builtins(settings)
    return tomlkit.dumps({key: value for key, value in table.items() if value not in ("", [], None)})
