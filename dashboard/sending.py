"""What is sent: answers with their receipts, other values, and errors, as JSON."""

from __future__ import annotations

from typing import Any

import flask
import msgspec

from dashboard.request import CannotApplyError
from logdig.errors import LogDigError
from logdig.questions.engine.question import Answer

ROWS = 2000
"""Most rows of an answer that are sent, the first ones; the page says how many there are."""


def value_of(found: object) -> object:
    """Write what a view returns as a value for JSON.

    Args:
        found: An answer, or any other value.
    """
    if not isinstance(found, Answer):
        return found
    return {
        "rows": found.rows.slice(0, ROWS).to_pylist(),
        "total_rows": found.rows.num_rows,
        "columns": [
            {"name": one.name, "type": one.type, "unit": one.unit, "meaning": one.meaning} for one in found.columns
        ],
        "account": found.account,
        "receipt": receipt_of(found),
    }


def receipt_of(answer: Answer) -> object:
    """What an answer's receipt sends: all of it."""
    return answer.receipt


def json_response(value: object, status: int = 200) -> flask.Response:
    """Send a value as JSON."""
    return flask.Response(msgspec.json.encode(value, enc_hook=_plain), status, mimetype="application/json")


def _plain(value: Any) -> Any:
    """Types that msgspec does not know, as mappings that are no dicts."""
    return dict(value)


def problem(error: LogDigError) -> flask.Response:
    """Send an error as problem JSON (RFC 9457), with its own status; ``cannot`` names filters that do not apply."""
    body: dict[str, object] = {"status": error.http_status, "title": type(error).__name__, "detail": error.message}
    if isinstance(error, CannotApplyError):
        body["cannot"] = error.context["filters"]
    response = json_response(body, error.http_status)
    response.mimetype = "application/problem+json"
    return response
