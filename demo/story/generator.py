"""A month of browsing on the demo's site, drawn from a seed: equal months give equal events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import msgspec

from demo.layout import Layout
from demo.story.elements import stages
from demo.story.month import Month
from demo.story.people import BOTS, NIGHT_OWLS, STAFF, draw_days, draw_person, draw_ways
from demo.story.recording import Event
from demo.story.sources import DIRECT
from demo.story.visits import Visits

OWLS_DAY = 3
"""Their night lies inside of all weeks that are compared."""
GUEST_DAYS = range(2, 26, 3)
"""Days on which bots and staff come."""


def story_events(month: Month, layout: Layout) -> Iterator[Event]:
    """Yield all events of the month, visitor by visitor and session by session, each session's in their order.

    Args:
        month: When, where, how many people, and the seed.
        layout: Boxes of the site's elements.
    """
    on_stage = stages(layout)
    for number in range(month.visitors):
        # A random stream each: more visitors do not change the others.
        random = Random(f"{month.seed} {number}")
        visits = Visits(random, draw_person(random, number), month, on_stage)
        is_owl = number < NIGHT_OWLS
        days = sorted({*draw_days(random), OWLS_DAY} - {OWLS_DAY + 1}) if is_owl else draw_days(random)
        for day, arrival in zip(days, draw_ways(random, len(days)), strict=True):
            yield from visits.session(day, arrival, owl=is_owl and day == OWLS_DAY)
    for number in range(month.visitors, month.visitors + BOTS + STAFF):
        random = Random(f"{month.seed} guest {number}")
        is_bot = number < month.visitors + BOTS
        visits = Visits(random, draw_person(random, number, bot=is_bot, staff=not is_bot), month, on_stage)
        for day in GUEST_DAYS:
            yield from visits.session(day, DIRECT)


def write_events(events: Iterable[Event], path: Path) -> Iterator[Event]:
    """Write events as NDJSON, one a line, and yield each when it is written."""
    encoder = msgspec.json.Encoder()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for event in events:
            file.write(encoder.encode(event) + b"\n")
            yield event
