"""What the owner calls a page and a goal: ``[[pages]]`` and ``[[goals]]`` of logdig.toml. Source: docs/goals.md."""

from __future__ import annotations

from typing import Literal

import msgspec


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
