"""Count what is planted in the month's events, plainly and in one pass, by the definitions of the measures."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from demo.layout import RELEASE
from demo.story.counted_session import STEPS, Burst, CountedSession, CountedView, Event, read_session
from demo.story.elements import CHANGED, named
from demo.story.month import RELEASE_DAYS, Month
from demo.story.truth import (
    Change,
    Counts,
    Frustration,
    PageChange,
    PageTruth,
    ReleaseTruth,
    RepeatProne,
    Totals,
    Truth,
    Visited,
)

WEEK = 7
KNOWN_VISITORS, KNOWN_BURSTS, REPEATING = 20, 50, 5
"""A repeat-prone element: clicked by so many visitors, of whom one in REPEATING made a burst that worked; of its bursts
none count while fewer are known."""
PLANTED = {RELEASE: ((CHANGED,), (named("album-share"),), (named("album-queue"),))}
"""By release: what visitors click more or less often, what vanished, what is new."""


def count(events: Iterable[Event], month: Month) -> Truth:
    """Count the events of a month.

    Args:
        events: Those of a session together; one session at a time is held.
        month: Its days, zone and site.
    """
    counting = _Counting(month)
    for _, group in groupby(events, key=lambda event: event["session_id"]):
        counting.add(list(group))
    return counting.truth()


@dataclass(slots=True)
class _Visits:
    """Sessions of one kind."""

    visitors: set[str] = field(default_factory=set)
    sessions: int = 0
    views: int = 0
    bounces: int = 0
    reached: int = 0

    def add(self, session: CountedSession) -> None:
        self.visitors.add(session.visitor)
        self.sessions += 1
        self.views += len(session.views)
        self.bounces += session.bounced
        self.reached += session.reached

    def visited(self) -> Visited:
        return Visited(len(self.visitors), self.sessions, self.views, self.bounces, self.reached)


@dataclass(slots=True)
class _Page:
    """Views and clicks of one page; ``seen`` and ``clicked`` hold visitors by day, for the releases."""

    views: int = 0
    entries: int = 0
    exits: int = 0
    steps: Counter[int] = field(default_factory=Counter)
    folds: list[int] = field(default_factory=list)
    clicks: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    left_at_once: int = 0
    seen: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))
    clicked: dict[str, dict[date, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def add(self, visitor: str, view: CountedView, *, is_entry: bool, is_exit: bool) -> None:
        self.views += 1
        self.entries += is_entry
        self.exits += is_exit
        self.steps[view.steps()] += 1
        self.folds.append(view.fold)
        self.seen[view.day].add(visitor)
        for click in view.clicks:
            self.clicks[click.selector] += 1
            self.dead[click.selector] += click.dead
            self.clicked[click.selector][click.day].add(visitor)

    def truth(self) -> PageTruth:
        reached = [sum(views for steps, views in self.steps.items() if steps >= step) for step in range(1, STEPS + 1)]
        clickers = {selector: len(set().union(*days.values())) for selector, days in self.clicked.items()}
        return PageTruth(
            self.views,
            len(set().union(*self.seen.values())),
            self.entries,
            self.exits,
            tuple(reached),
            float(statistics.median(self.folds)),
            _ordered(self.clicks),
            _ordered(clickers),
        )

    def change(self, before: set[date], after: set[date]) -> PageChange:
        def visitors(days: dict[date, set[str]], wanted: set[date]) -> int:
            return len(set().union(*(people for day, people in days.items() if day in wanted)))

        changes = {name: Change(visitors(days, before), visitors(days, after)) for name, days in self.clicked.items()}
        elements = {name: change for name, change in sorted(changes.items()) if change.before or change.after}
        return PageChange(visitors(self.seen, before), visitors(self.seen, after), elements)


BY: dict[str, Callable[[CountedSession], str | None]] = {
    "sources": lambda session: f"{session.arrival.source} / {session.arrival.medium}",
    "channels": lambda session: session.arrival.channel,
    "campaigns": lambda session: session.arrival.campaign,
    "countries": lambda session: session.country,
    "devices": lambda session: session.device,
    "variants": lambda session: session.variant,
}
"""By what sessions are counted; those without a value are left out."""


class _Counting:
    def __init__(self, month: Month) -> None:
        self._month, self._zone = month, ZoneInfo(month.zone)
        self._events = self._clicks = self._engaged_ms = self._over_midnight = 0
        self._all = _Visits()
        self._by: dict[str, dict[str, _Visits]] = {name: defaultdict(_Visits) for name in BY}
        self._pages: dict[str, _Page] = defaultdict(_Page)
        self._bursts: list[tuple[str, Burst]] = []
        self._traffic: Counter[str] = Counter()

    def add(self, events: list[Event]) -> None:
        """Count one session."""
        self._events += len(events)
        kind = "bots" if events[0].get("bot") else "staff" if events[0].get("staff") else "people"
        self._traffic[kind] += len(events)
        if kind == "people":
            self._add(read_session(events, self._zone, self._month.site_url))

    def _add(self, session: CountedSession) -> None:
        self._all.add(session)
        for name, of in BY.items():
            value = of(session)
            if value is not None:
                self._by[name][value].add(session)
        self._clicks += sum(len(view.clicks) for view in session.views)
        self._engaged_ms += sum(view.engaged_ms for view in session.views)
        self._over_midnight += session.days > 1
        self._add_pages(session)
        for page in session.quick_returns():
            self._pages[page].left_at_once += 1
        self._bursts += [(session.visitor, burst) for burst in session.bursts()]

    def _add_pages(self, session: CountedSession) -> None:
        last = len(session.views) - 1
        for number, view in enumerate(session.views):
            self._pages[view.page].add(session.visitor, view, is_entry=number == 0, is_exit=number == last)

    def truth(self) -> Truth:
        """Put the numbers together."""
        kinds = {name: {key: visits.visited() for key, visits in sorted(by.items())} for name, by in self._by.items()}
        of_all = self._all
        return Truth(
            first_day=self._month.first_day.isoformat(),
            last_day=self._month.last_day.isoformat(),
            zone=self._month.zone,
            events=self._events,
            totals=Totals(
                len(of_all.visitors), of_all.sessions, of_all.views, self._clicks, of_all.bounces, self._engaged_ms,
                self._over_midnight,
            ),
            **kinds,
            pages={name: page.truth() for name, page in sorted(self._pages.items())},
            frustration=self._frustration(),
            releases={name: self._release(name, number) for name, number in RELEASE_DAYS.items()},
            traffic=dict(self._traffic),
        )  # fmt: skip

    def _frustration(self) -> Frustration:
        rage: dict[str, Counts] = {}
        prone: dict[str, dict[str, RepeatProne]] = {}
        places = {(burst.page, burst.selector) for _, burst in self._bursts}
        for page, selector in sorted(places):
            bursts = [(who, burst) for who, burst in self._bursts if (burst.page, burst.selector) == (page, selector)]
            visitors = len(set().union(*self._pages[page].clicked[selector].values()))
            judged = _repeat_prone(visitors, bursts)
            if judged is not None:
                prone.setdefault(page, {})[selector] = judged
            rage.setdefault(page, {})[selector] = len(bursts) if judged is None else judged.counted
        dead = {name: _ordered(+page.dead) for name, page in sorted(self._pages.items()) if +page.dead}
        left = {name: page.left_at_once for name, page in sorted(self._pages.items()) if page.left_at_once}
        return Frustration(rage, prone, dead, left)

    def _release(self, name: str, number: int) -> ReleaseTruth:
        before = {self._month.day(day) for day in range(number - WEEK, number)}
        after = {self._month.day(day) for day in range(number + 1, number + 1 + WEEK)}
        pages = {name: page.change(before, after) for name, page in sorted(self._pages.items())}
        return ReleaseTruth(self._month.day(number).isoformat(), pages, *PLANTED.get(name, ((), (), ())))


def _repeat_prone(visitors: int, bursts: list[tuple[str, Burst]]) -> RepeatProne | None:
    """Judge whether clicking an element again and again works; None = it does not."""
    repeated = len({who for who, burst in bursts if burst.worked})
    if visitors < KNOWN_VISITORS or repeated * REPEATING < visitors:
        return None
    lengths = sorted(burst.clicks for _, burst in bursts)
    # The 95th percentile, between the two neighbours of its place.
    place = 0.95 * (len(lengths) - 1)
    low, high = lengths[int(place)], lengths[min(int(place) + 1, len(lengths) - 1)]
    usual = low + (high - low) * (place - int(place))
    counted = sum(length > usual for length in lengths) if len(lengths) >= KNOWN_BURSTS else 0
    return RepeatProne(visitors, repeated, len(lengths), usual, counted)


def _ordered(counts: Counts) -> Counts:
    """Greatest first, ties by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
