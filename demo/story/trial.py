"""A trial of an offer with a planted effect: decisions on customers and what they did, a week of a month long past.

It lies before the month of browsing, whose counts it must not touch, and is the newest trial that says anything.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from demo.story.month import Month, instant_ms
from demo.story.recording import Event, Ids, wire
from logdig.config.goals import GoalSettings
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings
from logdig.decide.exposures import COMMIT_LIMIT, NAME
from logdig.decide.hashes import is_held_out
from logdig.decide.profiles import person_key
from logdig.events.lines import LineWriter, RequestContext
from logdig.questions.trials.trial import trial_month
from logdig.queue.packs import EventBatch, EventSink

HELD_OUT = 0.3
OFFER = OfferSettings(
    name="PREMIUM_MONTH",
    placement="after-song",
    goal="premium",
    offer_value=50.0,
    ad_cost=1.0,
    holdout_share=HELD_OUT,
)
GOAL = GoalSettings(name="premium", event="premium", value_property="value")
PEOPLE = 3000
NUMBER = -1
"""In place of a visitor's, for ids."""
DAYS = 7
ANYWAY, WITH_OFFER = 0.05, 0.14
"""Shares of those held out, and of those shown the offer, who take it."""
WITHIN_HOURS = 12
CONSENT = {"analytics": True, "ads": True}


def planted_month(today: date) -> date:
    """First day of the month of the trial: the one before the newest month with people whose week is over."""
    return trial_month(trial_month(today - timedelta(days=1)) - timedelta(days=1))


def events(app: str, month: Month) -> Iterator[Event]:
    """Decisions on customers 0 to PEOPLE - 1, once each, and what those who took the offer did.

    Args:
        app: Name of the app, on which the holdout depends.
        month: Of browsing; it ended yesterday.
    """
    draw, first = random.Random(month.seed), planted_month(month.today)
    begin = instant_ms(datetime.combine(first, time.min, ZoneInfo(month.zone)))
    ids = Ids(month, NUMBER)
    for customer in range(PEOPLE):
        person = person_key(app, customer_id=str(customer), user_key=None)
        held = is_held_out(person, OFFER.name, HELD_OUT)
        moment = begin + draw.randrange(DAYS * 86_400_000)
        yield _decision(ids.next(), str(customer), moment, held=held)
        if draw.random() < (ANYWAY if held else WITH_OFFER):
            moment += draw.randrange(WITHIN_HOURS * 3_600_000)
            yield _event(ids.next(), str(customer), moment, GOAL.event, {"value": OFFER.offer_value})


def is_decision(event: Event) -> bool:
    """Whether the endpoint itself makes such an event: it refuses them from senders."""
    return bool(event["custom"]["name"] == NAME)


def commit(decisions: Sequence[Event], sink: EventSink, app: AppSettings) -> None:
    """Commit decisions as the endpoint does, each received when it was made."""
    for start in range(0, len(decisions), COMMIT_LIMIT):
        group = decisions[start : start + COMMIT_LIMIT]
        moments = [datetime.fromisoformat(event["timestamp"]) for event in group]
        lines = [_line(event, moment, app) for event, moment in zip(group, moments, strict=True)]
        sink.commit(EventBatch(app.name, min(moments), tuple(lines)))


def write(made: Iterable[Event], path: Path) -> Path:
    """Write events as NDJSON."""
    path.write_bytes(msgspec.json.Encoder().encode_lines(list(made)))
    return path


def _line(event: Event, moment: datetime, app: AppSettings) -> bytes:
    context = RequestContext(received_at=moment, app=app.name, token=app.token, user_agent=None, bot=False)
    return LineWriter(context, app.allowed_query).line_of_fields(event, moment)


def _decision(event_id: str, customer: str, moment: int, *, held: bool) -> Event:
    props = {
        "decision_id": event_id, "channel": "page", "decision": "holdout" if held else "show", "offer": OFFER.name,
        "reason": "holdout" if held else "eligible", "placement": OFFER.placement, "would_show": True, "explore": False,
        "p_show": 0.7, "band": 0,
    }  # fmt: skip
    return _event(event_id, customer, moment, NAME, props)


def _event(event_id: str, customer: str, moment: int, name: str, props: Mapping[str, object]) -> Event:
    return {
        "event_id": event_id, "type": "custom", "timestamp": wire(moment), "customer_id": customer, "consent": CONSENT,
        "custom": {"name": name, "props": props},
    }  # fmt: skip
