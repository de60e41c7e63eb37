"""Sessions one by one, and one of them as a timeline: what a person did, without any replay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.page import PEOPLE, Page, Route
from dashboard.request import Request
from dashboard.sending import value_of
from logdig.errors import InputError
from logdig.questions.catalog import question_of
from logdig.questions.engine.question import Answer

OWN = ("session", "visitor", "element")
"""Filters that only these views have; they stand in the address line by their names."""


def listed(request: Request) -> Answer:
    """Sessions that meet the filters of the address line, and parameters ``element`` and ``visitor``."""
    own = {name: value for name in OWN if (value := request.args.get(name))}
    return request.answer("sessions", where=request.where | own, compare=False)


def one(request: Request) -> dict[str, Any]:
    """Parameter ``session``: the session, and what happened in it, whatever the filters.

    Raises:
        InputError: It has no view on the asked days.
    """
    where = {"session": request.args.get("session", "")}
    found = request.answer("sessions", where=where, compare=False)
    if not found.rows.num_rows:
        first, last = request.days
        raise InputError(f"session {where['session'][:100]!r} has no view from {first} to {last}; choose more days")
    [session] = found.rows.to_pylist()
    zone = ZoneInfo(request.app.timezone)
    days = tuple(session[name].astimezone(zone).date() for name in ("began_at", "ended_at"))
    # Events of a server, as of a payment, come after the last view.
    steps = request.answer("steps", where=where, days=(days[0], days[1] + timedelta(days=1)), compare=False)
    return {"session": session, "steps": value_of(steps)}


PAGE = Page(
    "sessions",
    90,
    routes=(
        Route(
            "list", listed, PEOPLE, filters=tuple(name for name in question_of("sessions").filters if name not in OWN)
        ),
        Route("one", one, PEOPLE),
    ),
    needs=lambda has: has.rows("sessions"),
    scope=PEOPLE,
)
