"""What the owner calls a page and a goal: ``[[pages]]`` and ``[[goals]]`` of logdig.toml. Source: docs/goals.md."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from logdig.addresses import CAMPAIGN_PARAMETERS
from logdig.errors import InvalidSettingError

NAME_CHARACTERS = 128
"""Of names of goals and events and of track ids; the limits are those of the wire contract."""
SELECTOR_CHARACTERS = 512
PATTERN_CHARACTERS = 512
PROPERTY_CHARACTERS = 50
KINDS = ("event", "page", "element", "listen")
FINITE = "a finite number"


class PageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pages that count as one: every path that fits ``pattern``, in which ``*`` stands for any text, slashes too.

    ``app`` empty = of every app. The first rule that a page fits gives it its name, which is the pattern.
    """

    pattern: str
    app: str = ""


class GoalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as success: one of ``event``, ``page``, ``element`` and ``listen`` says what reaches it.

    ``event`` is the name of an own event, with ``where`` only those whose properties have these values; ``page`` is a
    pattern of paths, compared before the rules of ``[[pages]]``; ``element`` a selector that was clicked; ``listen`` a
    pattern of track ids. ``app`` empty = a goal of every app.
    """

    name: str
    app: str = ""
    event: str = ""
    where: dict[str, str | bool | float] = {}
    page: str = ""
    element: str = ""
    listen: str = ""
    value: float | None = None
    value_property: str = ""
    count: Literal["session", "each"] = "session"


def check_pages(pages: Sequence[PageSettings], apps: Mapping[str, Collection[str]]) -> None:
    """Check every rule of ``[[pages]]``.

    Args:
        pages: In their order.
        apps: Query parameters that each app allows, by its name.
    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    for index, page in enumerate(pages):
        key = f"pages[{index}]"
        _check_app(key, page.app, apps)
        _check_pattern(f"{key}.pattern", page.pattern, _allowed(page.app, apps))
        if any(page.pattern == before.pattern and before.app in ("", page.app) for before in pages[:index]):
            raise InvalidSettingError(f"{key}.pattern", page.pattern, "used twice; the first rule counts, remove this")


def check_goals(goals: Sequence[GoalSettings], apps: Mapping[str, Collection[str]]) -> None:
    """Check every goal.

    Args:
        goals: In their order.
        apps: Query parameters that each app allows, by its name.
    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    for index, goal in enumerate(goals):
        key = f"goals[{index}]"
        _check_text(f"{key}.name", goal.name, NAME_CHARACTERS)
        _check_app(key, goal.app, apps)
        if any(goal.name == other.name and _share_an_app(goal, other) for other in goals[:index]):
            raise InvalidSettingError(f"{key}.name", goal.name, "used twice; the names of an app's goals must differ")
        _check_kind(key, goal, _allowed(goal.app, apps))
        _check_value(key, goal)


def _share_an_app(one: GoalSettings, other: GoalSettings) -> bool:
    return one.app == other.app or "" in (one.app, other.app)


def _allowed(app: str, apps: Mapping[str, Collection[str]]) -> set[str]:
    """Query parameters that pages of an app may have; of every app those of any."""
    return {name for known, names in apps.items() if app in ("", known) for name in names}


def _check_kind(key: str, goal: GoalSettings, allowed: Collection[str]) -> None:
    named = [kind for kind in KINDS if getattr(goal, kind)]
    if len(named) != 1:
        rule = f"exactly one of {', '.join(KINDS)}; this goal has {' and '.join(named) or 'none'}"
        raise InvalidSettingError(key, goal.name, rule)
    kind = named[0]
    if kind == "page":
        _check_pattern(f"{key}.page", goal.page, allowed)
    else:
        _check_text(f"{key}.{kind}", getattr(goal, kind), SELECTOR_CHARACTERS if kind == "element" else NAME_CHARACTERS)
    if kind != "event" and goal.where:
        raise InvalidSettingError(f"{key}.where", goal.where, f"only with event; this goal has {kind}")
    if kind != "event" and goal.value_property:
        raise InvalidSettingError(
            f"{key}.value_property", goal.value_property, f"only with event; use value with {kind}"
        )
    for name, wanted in goal.where.items():
        _check_text(f"{key}.where", name, PROPERTY_CHARACTERS)
        if isinstance(wanted, float) and not math.isfinite(wanted):
            raise InvalidSettingError(f"{key}.where.{name}", wanted, FINITE)


def _check_value(key: str, goal: GoalSettings) -> None:
    if goal.value_property:
        _check_text(f"{key}.value_property", goal.value_property, PROPERTY_CHARACTERS)
    if goal.value is None:
        return
    if goal.value_property:
        raise InvalidSettingError(f"{key}.value", goal.value, "not beside value_property; remove one of them")
    if not math.isfinite(goal.value):
        raise InvalidSettingError(f"{key}.value", goal.value, FINITE)


def _check_app(key: str, app: str, apps: Collection[str]) -> None:
    if app and app not in apps:
        rule = f"the name of one of [[apps]]: {', '.join(apps) or 'there is none'}; leave it out for every app"
        raise InvalidSettingError(f"{key}.app", app, rule)


def _check_pattern(key: str, pattern: str, allowed: Collection[str]) -> None:
    _check_text(key, pattern, PATTERN_CHARACTERS)
    if pattern[0] not in "/*":
        rule = "a path that begins with '/' or '*', such as /product/*; hosts count together and are not part of it"
        raise InvalidSettingError(key, pattern, rule)
    compared = _as_compared(pattern, allowed)
    if compared != pattern:
        rule = f"no page has this form, so it would fit none: pages are compared as {compared!r}"
        raise InvalidSettingError(key, pattern, rule)


def _as_compared(pattern: str, allowed: Collection[str]) -> str:
    """Write a pattern as `logdig.visits.pages` writes pages: a folder for its index, listed parameters, sorted."""
    address, hash_mark, fragment = pattern.partition("#")
    path, mark, query = address.partition("?")
    if path.endswith("/index.html"):
        path = path.removesuffix("index.html")
    pairs = [pair for pair in query.split("&") if "*" in pair.partition("=")[0] or _is_kept(pair, allowed)]
    # Where names are open their order is, too.
    if not any("*" in pair.partition("=")[0] for pair in pairs):
        pairs.sort()
    return f"{path}{mark if pairs else ''}{'&'.join(pairs)}{hash_mark if fragment else ''}{fragment}"


def _is_kept(pair: str, allowed: Collection[str]) -> bool:
    name = pair.partition("=")[0]
    return name in allowed and name not in CAMPAIGN_PARAMETERS


def _check_text(key: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most or re.search(r"[\x00-\x1f\x7f]", text):
        raise InvalidSettingError(key, text, f"1 to {most} characters, not only blanks, no control character")
