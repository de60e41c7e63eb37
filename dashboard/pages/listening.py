"""Who listens to what, where and when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import msgspec

from dashboard.page import NUMBERS, PEOPLE, Has, Page, Route
from dashboard.request import Request
from logdig.questions.engine.parameters import Parameters
from logdig.questions.engine.question import Answer
from logdig.questions.listens.fresh_listens import listening_now, read_ahead
from logdig.questions.listens.heard import FILTERS, OF_CUSTOMERS, TABLES
from logdig.questions.listens.live_slots import slot_of

KEYS = (*OF_CUSTOMERS, "age,linked_apps", "level,age", "level,gender")
"""What `groups` may count by."""


def live(request: Request) -> dict[str, Any]:
    """The last 30 minutes and 30 hours, of the tables and of raw; ``now`` = time of asking."""
    words = msgspec.to_builtins(request.settings.words)
    asked = Parameters(request.app.name, request.today, request.today, zone=request.app.timezone, words=words)
    with ThreadPoolExecutor(1) as ahead:
        if not request.raw.kept:
            # What fails here fails again below, and is told there.
            ahead.submit(read_ahead, request.source, asked, request.now)
        events, as_of, share = request.raw.listening(request.app.name, request.now)
    states = request.source.pin(TABLES)
    # The page asks every ten seconds; objects and tables change every few minutes.
    key = request.app.name, slot_of(request.now), *(states.state(name, request.app.name).snapshot_id for name in TABLES)
    kept = request.raw.kept
    if key not in kept:
        kept[key] = listening_now(request.source, events, asked, request.now, share)
    found = cast(dict[str, Any], kept[key])
    about = {"now": request.now, "as_of": as_of, "share": share}
    return about | (_for_numbers(found, request) if request.numbers_only else found)


def _for_numbers(found: dict[str, Any], request: Request) -> dict[str, Any]:
    """Slots of enough people alone: hours and tracks are of a day that is not over."""
    least = request.settings.dashboard_least_visitors
    slots = [row for row in found["slots"] if max(row["visitors"], row["listeners"]) >= least]
    return {"slots": slots, "hours": [], "tracks": []}


def groups(request: Request) -> Answer:
    """Listens and listeners by one or two of what is known of customers (``keys``), over time where ``by`` is given."""
    keys = request.choice("keys", KEYS).split(",")
    answer = request.answer("listeners", compare=False, cut=False)
    by = [request.args["by"]] if request.args.get("by") else []
    sums = [("listens", "sum"), ("listeners", "sum"), ("on_mobile", "sum")]
    names = [*by, *keys]
    # A customer is in one group, so listeners of groups can be added up.
    found = answer.rows.group_by(names).aggregate(sums).sort_by([(name, "ascending") for name in names])
    found = found.rename_columns([*names, *(name for name, _ in sums)])
    columns = {column.name: column for column in answer.columns}
    # Groups are cut once they are added up: the small ones are in the sums.
    return request.cut(replace(answer, rows=found, columns=tuple(columns[name] for name in found.column_names)))


def _has_listens(has: Has) -> bool:
    return has.rows("listens")


PAGE = Page(
    "listening",
    60,
    asks={
        "listens": NUMBERS,
        "tracks": NUMBERS,
        "interest_tracks": NUMBERS,
        "interests": PEOPLE,
        "single_listens": PEOPLE,
        "top_listeners": PEOPLE,
    },
    routes=(Route("live", live, NUMBERS), Route("groups", groups, NUMBERS, filters=FILTERS)),
    needs=_has_listens,
)
