"""The visits of the story: which pages people see, how long they stay, and what they do there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from random import Random

from demo.layout import EARLIER_RELEASE
from demo.story.elements import Stage
from demo.story.month import GOAL, GOAL_VALUE, Month
from demo.story.people import Person
from demo.story.recording import Event, Recorder, View
from demo.story.sources import ALBUM, HOME, OFFER, Arrival
from demo.story.strokes import Hand, Stroke

LONGEST_MS = 90 * 60_000
"""No session is longer, so that those which begin so long before midnight end on their day."""
STAY_MS, STAY_SPREAD = 24_000, 0.7
"""Median time on a page, and the standard deviation of its logarithm."""
SHORTEST_MS, LONGEST_VIEW_MS = 2500, 300_000
LOADS_MS = (150, 900)
LEAVES = 0.24
"""Chance to leave after each page but the first."""
GOES: Mapping[str, tuple[tuple[str, float], ...]] = {
    HOME: ((ALBUM, 0.66), (OFFER, 0.34)),
    ALBUM: ((HOME, 0.55), (OFFER, 0.45)),
    OFFER: ((HOME, 0.6), (ALBUM, 0.4)),
}
RETURNS_AT_ONCE, RETURNS_LATEST_MS = {HOME: 0.02, ALBUM: 0.02, OFFER: 0.12}, 10_000
"""Share of ways to a page that are taken back at once, and within what time: the offer is not what people look for."""
GOES_BACK = 0.15
"""Share of ways to another page by the browser's own button, without a click."""
AFTERTHOUGHT_MS, NAVIGATES_MS = 1200, (40, 180)
"""Least time on a page after its last click; time from a click on a link until the page is gone."""
ENGAGED = (0.35, 0.95)
"""Share of the time on a page in which it is in use."""
REACHES = 1.12
"""Who draws more than the whole page has read it to its end."""
NEVER_SCROLLS, LOST_SCROLLS, HIDES = 0.25, 0.04, 0.15
"""Shares of views: without scrolling, whose last event is lost, which are hidden once in between."""
HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 4, 7, 8, 8, 8, 9, 11, 10, 9, 9, 10, 12, 14, 16, 18, 17, 12)
"""How many sessions begin in each hour of the day; the last ones end before midnight."""
OWLS_BEFORE_MS = 3 * 60_000


class Visits:
    """Draws the visits of one person.

    Args:
        random: Of the person.
        person: Who.
        month: When and where.
        stages: Pages by file and release.
    """

    def __init__(self, random: Random, person: Person, month: Month, stages: Mapping[tuple[str, str], Stage]) -> None:
        self._random, self._person, self._month, self._stages = random, person, month, stages
        self._releases = month.releases_at()
        self._recorder, self._hand = Recorder(month, person), Hand(random, person)

    def session(self, day: int, arrival: Arrival, *, owl: bool = False) -> Iterator[Event]:
        """Yield the events of one session.

        Args:
            day: Number of the day in the month.
            arrival: How the person comes.
            owl: It begins shortly before midnight and goes on after it.
        """
        self._recorder.begin_session()
        begins = self._month.begins(day + 1) - OWLS_BEFORE_MS if owl else self._begins(day)
        now, file, previous, back_to = begins, arrival.landing, None, ""
        address, referrer = self._address(file, arrival), self._referrer(arrival)
        leaving = arrival.leaving
        while True:
            view = self._view(file, now, address, referrer)
            is_owl = owl and now < self._month.begins(day + 1) + OWLS_BEFORE_MS
            stay = OWLS_BEFORE_MS // 2 if is_owl else self._stays(back_to)
            leaves = not is_owl and not back_to and (self._random.random() < leaving or now - begins > LONGEST_MS // 2)
            target = "" if leaves else (back_to or self._target(file))
            now = self._browse(view, stay, target, quiet=bool(back_to))
            yield from self._recorder.events(view)
            if leaves:
                return
            previous, leaving, address = file, LEAVES, self._address(target)
            referrer = self._address(previous)
            back_to = file if not back_to and self._random.random() < RETURNS_AT_ONCE[target] else ""
            file = target

    def _begins(self, day: int) -> int:
        begins = self._month.begins(day)
        # Hours are shares of the day: one of 23 or 25 hours has as many.
        hour_ms = (self._month.begins(day + 1) - begins - LONGEST_MS) // len(HOUR_WEIGHTS)
        hour = self._random.choices(range(len(HOUR_WEIGHTS)), HOUR_WEIGHTS)[0]
        return begins + hour * hour_ms + self._random.randrange(hour_ms)

    def _address(self, file: str, arrival: Arrival | None = None) -> str:
        query = f"?{arrival.query}" if arrival is not None and arrival.query else ""
        return f"{self._month.site_url}/{file}{query}"

    def _referrer(self, arrival: Arrival) -> str | None:
        return arrival.referrer and arrival.referrer.replace("{site}", self._month.site_url)

    def _view(self, file: str, now: int, address: str, referrer: str | None) -> View:
        release = next(name for since, name in self._releases if now >= since)
        # A release that changes nothing on a page shows it as it was.
        stage = self._stages.get((file, release), self._stages[file, EARLIER_RELEASE])
        return View(stage, release, address, referrer, now, self._height(stage))

    def _height(self, stage: Stage) -> int:
        return self._person.height(stage.screens[self._person.width])

    def _stays(self, back_to: str) -> int:
        """Draw how long the person stays on a page, in ms."""
        if back_to:
            # One in twenty comes back at the last moment that counts.
            latest = self._random.random() < 0.05
            return RETURNS_LATEST_MS if latest else self._random.randint(SHORTEST_MS, RETURNS_LATEST_MS)
        drawn = self._random.lognormvariate(math.log(STAY_MS), STAY_SPREAD)
        return int(min(LONGEST_VIEW_MS, max(SHORTEST_MS, drawn)))

    def _target(self, file: str) -> str:
        (first, chance), (second, _) = GOES[file]
        return first if self._random.random() < chance else second

    def _browse(self, view: View, stay: int, target: str, *, quiet: bool) -> int:
        """Draw what happens in a view; return when the next one begins.

        Args:
            view: Takes what happens.
            stay: Milliseconds until the next view begins, unless there is more to do.
            target: File of the next page; empty = the person leaves.
            quiet: Nothing is clicked, and the browser's own button leads back.
        """
        strokes = [] if quiet else self._hand.strokes(view.stage)
        loads = self._random.randint(*LOADS_MS) if target else 0
        if strokes:
            stay = max(stay, strokes[-1].at_ms + AFTERTHOUGHT_MS + loads)
        left = stay - loads
        if target and not quiet and self._random.random() >= GOES_BACK:
            strokes.append(self._hand.link(view.stage, target, left - self._random.randint(*NAVIGATES_MS)))
        for stroke in strokes:
            self._click(view, stroke, left)
        self._scroll(view, left)
        return view.began_ms + stay

    def _click(self, view: View, stroke: Stroke, left: int) -> None:
        place = view.stage.place(
            stroke.element, self._person.width, self._height(view.stage), view.scrolled, stroke.across, stroke.down
        )
        view.scrolled = place.sy
        view.lowest = max(view.lowest, place.sy + self._height(view.stage))
        element = stroke.element
        link = f"{self._month.site_url}{element.link}" if element.link else element.called
        after = None if self._person.older else stroke.follows(left - stroke.at_ms)
        view.click(stroke.at_ms, place, after, link)
        if stroke.upgrades:
            props = {"level": "gold", "value": GOAL_VALUE}
            view.note(stroke.at_ms, {"type": "custom", "custom": {"name": GOAL, "props": props}})

    def _scroll(self, view: View, left: int) -> None:
        """Note how far the page was read: when it is hidden once in between, and when it is left."""
        most = view.stage.screens[self._person.width].page_height
        if self._random.random() >= NEVER_SCROLLS:
            drawn = min(1.0, self._random.betavariate(1.1, 1.0) * REACHES)
            view.lowest = max(view.lowest, self._height(view.stage) + int((most - self._height(view.stage)) * drawn))
        engaged = int(left * self._random.uniform(*ENGAGED))
        if self._random.random() < HIDES:
            half = max(self._height(view.stage), view.lowest // 2)
            view.note(left // 2, _scrolled(half, most, engaged // 2))
        if self._random.random() >= LOST_SCROLLS:
            view.note(left, _scrolled(view.lowest, most, engaged))


def _scrolled(lowest: int, height: int, engaged_ms: int) -> Event:
    depth = {"depth_px": lowest, "depth_share": min(lowest / height, 1), "engaged_ms": engaged_ms}
    return {"type": "scroll", "scroll": depth}
