"""The month of the demo as it is, and a small one."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest

from demo.layout import read_layout
from demo.story.counting import count
from demo.story.generator import story_events
from demo.story.month import Month
from demo.story.recording import Event
from demo.story.truth import Truth

SITE = "http://127.0.0.1:8080"
LAST_DAY = date(2026, 11, 29)


def month(last_day: date = LAST_DAY, zone: str = "Asia/Seoul", seed: int = 7, visitors: int = 60) -> Month:
    return Month(last_day, zone, SITE, seed, visitors)


class Told(NamedTuple):
    """A month, its events and what is planted in it."""

    month: Month
    events: list[Event]
    truth: Truth


@pytest.fixture(scope="session")
def whole() -> Told:
    """The demo's own month."""
    its = month(visitors=3000)
    events = list(story_events(its, read_layout()))
    return Told(its, events, count(events, its))


@pytest.fixture(scope="session")
def small() -> Told:
    """The first visitors of it."""
    its = month()
    events = list(story_events(its, read_layout()))
    return Told(its, events, count(events, its))
