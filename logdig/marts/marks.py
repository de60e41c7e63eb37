"""A mart's mark as properties of its table: how far it has read, its version, the rules of each app, the days that
wait, written small.

Days of an app that follow each other and wait alike are one entry, so that the first run over ten years of 200 apps
fits; the text is compressed.
"""

from __future__ import annotations

import base64
import zlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import msgspec

from logdig.errors import SetupError
from logdig.marts.days import DAY_STEP, Day
from logdig.marts.progress import Mark, Waiting

UPTO, VERSION, WAITING = "logdig.upto", "logdig.version", "logdig.waiting"
RULES = "logdig.rules"


class _Span(msgspec.Struct, frozen=True, array_like=True):
    """Days that follow each other and wait alike: the first one, how many, and the number of their state."""

    first: date
    days: int
    state: int


class _Waiting(msgspec.Struct, frozen=True):
    states: list[Waiting]
    apps: dict[str, list[_Span]]


def to_properties(mark: Mark) -> dict[str, str]:
    """Write a mark as properties of the mart's table."""
    rules = msgspec.json.encode(mark.rules, order="deterministic").decode()
    return {UPTO: str(mark.upto), VERSION: mark.version, WAITING: _pack(mark.waiting), RULES: rules}


def from_properties(properties: Mapping[str, str], table: str = "") -> Mark | None:
    """Read a mark; None when the mart was never computed.

    Args:
        properties: Of the mart's table.
        table: Its name, for the error.
    Raises:
        SetupError: Someone has changed the properties.
    """
    if VERSION not in properties:
        return None
    try:
        waiting = _unpack(properties.get(WAITING, ""))
        rules = msgspec.json.decode(properties.get(RULES, "{}"), type=dict[str, str])
        return Mark(properties[VERSION], int(properties[UPTO]), waiting, rules)
    except (KeyError, ValueError, zlib.error, msgspec.MsgspecError) as err:
        raise SetupError(
            f"table {table}: properties {UPTO}, {WAITING} and {RULES} cannot be read ({err}); unset {VERSION}, and the "
            "next run computes every day again"
        ) from err


def _pack(waiting: Mapping[Day, Waiting]) -> str:
    if not waiting:
        return ""
    states = {state: number for number, state in enumerate(dict.fromkeys(waiting.values()))}
    apps: dict[str, list[_Span]] = defaultdict(list)
    for app, day in sorted(waiting):
        number, spans = states[waiting[app, day]], apps[app]
        last = spans[-1] if spans else None
        if last and last.state == number and day == last.first + last.days * DAY_STEP:
            spans[-1] = _Span(last.first, last.days + 1, number)
        else:
            spans.append(_Span(day, 1, number))
    text = msgspec.json.encode(_Waiting(list(states), dict(apps)))
    return base64.b64encode(zlib.compress(text, 9)).decode()


def _unpack(text: str) -> dict[Day, Waiting]:
    if not text:
        return {}
    found = msgspec.json.decode(zlib.decompress(base64.b64decode(text)), type=_Waiting)
    return {
        (app, span.first + number * DAY_STEP): found.states[span.state]
        for app, spans in found.apps.items()
        for span in spans
        for number in range(span.days)
    }
