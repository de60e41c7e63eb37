"""The planted trial is found on every day, and lies before the month of browsing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from demo.offers import FOUND, OfferAnswers, said_of, whom_to_sign_in
from demo.story import trial
from demo.story.month import Month, month_before
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings
from logdig.decide.hashes import is_held_out
from logdig.events.parser import AcceptanceRules, read_events
from tests.fakes.pinned import MemoryTables
from tests.fakes.sinks import MemorySink

APP = AppSettings(name="music", token="pk_music_12345678", timezone="Asia/Seoul")
ZONE = ZoneInfo(APP.timezone)


def month_of(today: date) -> Month:
    return month_before(datetime(today.year, today.month, today.day, 12, tzinfo=ZONE), APP.timezone, "http://x", 7)


def rows_of(month: Month) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows as the marts make them of the events."""
    decided, reached = [], []
    for event in trial.events(APP.name, month):
        at = datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
        facts = {"app": APP.name, "day": at.astimezone(ZONE).date(), "event_id": event["event_id"], "occurred_at": at,
                 "customer_id": event["customer_id"], "bucket": 0}  # fmt: skip
        props = event["custom"]["props"]
        if event["custom"]["name"] == trial.GOAL.event:
            reached.append(facts | {"goal": trial.GOAL.name, "value": props["value"]})
        else:
            names = ("offer", "decision", "would_show", "explore", "band")
            decided.append(facts | {name: props[name] for name in names})
    return decided, reached


class Written(MemoryTables):
    """Tables that were written today."""

    def __init__(self, today: date, **rows: Any) -> None:
        super().__init__(rows)
        self._today = today

    def state(self, name: str, app: str) -> Any:
        at = datetime(self._today.year, self._today.month, self._today.day, 12, tzinfo=ZONE)
        return msgspec.structs.replace(super().state(name, app), written_at=at)


@pytest.mark.parametrize("today", [date(2026, 3, 1), date(2026, 3, 10), date(2026, 11, 9), date(2026, 11, 30)])
def test_planted_effect_is_found(today: date) -> None:
    month = month_of(today)
    decided, reached = rows_of(month)

    said = said_of(Written(today, exposures=decided, conversions=reached), APP, (trial.OFFER,), month)

    assert said["kind"] == FOUND
    assert said["sentence"].startswith("It pays, keep it.")
    assert said["month"] == trial.planted_month(today)
    assert OfferAnswers(said, {"offer": "7", "holdout": None}).lines()[1] == "sign in on the site: 7 sees the offer"


def test_trial_ends_before_the_month_of_browsing_whatever_the_day() -> None:
    for number in range(366 * 2):
        month = month_of(date(2027, 1, 1) + timedelta(days=number))
        last = trial.planted_month(month.today) + timedelta(days=trial.DAYS)
        assert last + timedelta(hours=trial.WITHIN_HOURS) < month.first_day


def test_decisions_are_committed_and_only_the_rest_is_accepted_from_a_sender() -> None:
    made, sink = list(trial.events(APP.name, month_of(date(2026, 11, 30)))), MemorySink()
    decisions = [event for event in made if trial.is_decision(event)]
    reached = [event for event in made if not trial.is_decision(event)]

    trial.commit(decisions, sink, APP)

    lines = [msgspec.json.decode(line) for line in sink.events]
    assert [(line["event_id"], line["occurred_at"], line["received_at"]) for line in lines] == [
        (event["event_id"], event["timestamp"], event["timestamp"]) for event in decisions
    ]
    reading = read_events(map(msgspec.json.encode, made), AcceptanceRules(datetime.now(UTC), None, signed=True))
    assert [one.event.event_id for one in reading.accepted] == [event["event_id"] for event in reached]
    assert [one.index for one in reading.rejected] == [made.index(event) for event in decisions]


def test_members_are_a_target_one_who_is_held_out_and_no_target() -> None:
    offer = OfferSettings(name="UPGRADE", explore_share=0.5)
    targets = [str(number) for number in range(100)]

    found = whom_to_sign_in("music", offer, targets, date(2026, 11, 30))

    assert found["offer"] in targets
    assert not is_held_out(f"music#c#{found['offer']}", "UPGRADE", 0.1)
    assert is_held_out(f"music#c#{found['holdout']}", "UPGRADE", 0.1)
    assert found["nobody"] not in targets
    assert whom_to_sign_in("music", offer, [], date(2026, 11, 30))["offer"] is None
