"""Data health: whether every event that was sent is in the numbers, and which command helps where it is not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import flask

from dashboard.page import NUMBERS, PEOPLE, Page, Route
from dashboard.request import Request
from logdig.config.settings import Settings
from logdig.errors import InputError, LogDigError, QueueUnavailableError
from logdig.marts.pinned import Pinned
from logdig.questions.health import (
    Depths,
    LedgerHealth,
    ledger_health,
    problems,
    rejected_samples,
    set_aside,
    stored_last,
)
from logdig.questions.job_health import DAY_TABLES, job_health
from logdig.store.lease import read_holder
from logdig.store.state.job_states import read_states

QUEUES = "logdig_queues"
"""Name in ``app.extensions`` of what counts the messages of the settings' queues; without it they are not reached."""
COST = "logdig_cost"
"""Likewise of what prices so many events a month, in US dollars; without it there is no price."""
TABLES = (*DAY_TABLES, "touched", "ingested", "ledger")
TEXT_SHOWN = 2000

T = TypeVar("T")
_log = logging.getLogger(__name__)


def state(request: Request) -> dict[str, Any]:
    """Every part; one that is not reached is ``{"unreachable": why}``, and the others are there all the same."""
    settings, app, now = request.settings, request.app.name, request.now
    first, last = request.days
    pinned = _part(lambda: request.source.pin(TABLES))
    ledger = _of(pinned, lambda tables: ledger_health(tables, app, first, last))
    stored = _part(lambda: stored_last(request.store, now))
    jobs = _of(pinned, lambda tables: job_health(tables, read_states(request.store), settings, app, now))
    aside = _of(pinned, set_aside)
    depths = _part(lambda: _depths(settings))
    known = {"ledger": ledger, "stored": stored, "jobs": jobs, "aside": aside, "depths": depths}
    reached: dict[str, Any] = {name: None if isinstance(part, _Lost) else part for name, part in known.items()}
    return {
        "now": now,
        "first": first,
        "last": last,
        **{name: {"unreachable": part.why} if isinstance(part, _Lost) else part for name, part in known.items()},
        "writing": _holder(request, now),
        "problems": problems(settings, now, **reached),
        "cost": _month(request, pinned),
    }


class _Lost:
    """A part that was not reached."""

    def __init__(self, why: str) -> None:
        self.why = why


def _part(read: Callable[[], T]) -> T | _Lost:
    try:
        return read()
    except InputError as err:
        return _Lost(err.message)
    except LogDigError as err:
        # Messages of AWS name account and role: they go to the log only.
        _log.warning("a part of the page health was not reached: %s", err.message)
        return _Lost("")


def _of(pinned: Pinned | _Lost, read: Callable[[Pinned], T]) -> T | _Lost:
    """A part that is read of the tables, which may be away."""
    return pinned if isinstance(pinned, _Lost) else _part(lambda: read(pinned))


def _depths(settings: Settings) -> Depths:
    count: Callable[[Settings], Depths] | None = flask.current_app.extensions.get(QUEUES)
    if count is None:
        raise QueueUnavailableError("this dashboard was started without its queues")
    return count(settings)


def _holder(request: Request, now: datetime) -> dict[str, Any] | None:
    """Who writes the tables now."""
    found = _part(lambda: read_holder(request.store, now))
    return None if found is None or isinstance(found, _Lost) else {"work": found.work, "since": found.taken_at}


def _month(request: Request, pinned: Pinned | _Lost) -> dict[str, Any]:
    """Events that were accepted since the first of the UTC month, and what so many cost by the price list."""
    today = request.now.date()
    first = today.replace(day=1)
    app = request.app.name
    found = _of(
        pinned, lambda tables: tables.rows("ledger", ("accepted",), app, first, today, sample=False).to_pylist()
    )
    if isinstance(found, _Lost):
        return {"unreachable": found.why}
    events = sum(row["accepted"] or 0 for row in found if first <= row["day"] <= today)
    price: Callable[[Settings, float], float] | None = flask.current_app.extensions.get(COST)
    return {"first": first, "events": events, "usd": price(request.settings, events) if price and events else None}


def samples(request: Request) -> dict[str, Any]:
    """Some rejected events with what was sent, newest day first; parameter ``reason`` as the ledger writes it."""
    first, last = request.days
    reason = request.args.get("reason", "")
    ledger = ledger_health(request.source.pin(("ledger",)), request.app.name, first, last)
    found = rejected_samples(request.store, request.app.name, _days_with(ledger, first, last), reason)
    return {
        "rows": [
            {
                "bad_id": event.bad_id,
                "received_at": event.received_at,
                "reason": event.reason,
                "text": event.text[:TEXT_SHOWN],
                "bytes": event.bytes,
            }
            for event in found
        ]
    }


def _days_with(ledger: LedgerHealth, first: date, last: date) -> list[date]:
    """Days that had rejected events by the ledger, the newest first, and those that it has not counted yet."""
    counted = {day.day: day.rejected for day in ledger.days}
    newest = max(counted, default=first - timedelta(days=1))
    every = (last - timedelta(days=back) for back in range((last - first).days + 1))
    return [day for day in every if counted.get(day) or day > newest]


PAGE = Page("health", 110, routes=(Route("state", state, NUMBERS), Route("samples", samples, PEOPLE)))
