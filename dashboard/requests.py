"""What every page's addresses share: parameters that are checked, and values as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import flask
import msgspec

from logdig.errors import InputError, LogDigError


def choice(name: str, allowed: Sequence[str]) -> str:
    """Read a parameter that must be one of a list; without it the first.

    Raises:
        InputError: It is another, or nothing is allowed.
    """
    value = flask.request.args.get(name, allowed[0] if allowed else "")
    if value not in allowed:
        raise InputError(f"{name} = {value[:100]!r}: one of {', '.join(allowed) or 'nothing (logdig.toml has none)'}")
    return value


def optional_choice(name: str, allowed: Sequence[str]) -> str | None:
    """Read a parameter that must be one of a list, or absent or empty: None.

    Raises:
        InputError: It is another.
    """
    return choice(name, allowed) if flask.request.args.get(name) else None


def optional_day(name: str) -> date | None:
    """Read a UTC day that may be absent or empty: None.

    Raises:
        InputError: It is no day.
    """
    value = flask.request.args.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as err:
        raise InputError(f"{name} = {value[:100]!r}: a day such as 2026-11-24") from err


def json_response(value: object, status: int = 200) -> flask.Response:
    """Send a value as JSON."""
    return flask.Response(msgspec.json.encode(value), status, mimetype="application/json")


def problem(error: LogDigError) -> flask.Response:
    """Send an error as JSON, with its own status."""
    return json_response({"status": error.http_status, "detail": error.message}, error.http_status)
