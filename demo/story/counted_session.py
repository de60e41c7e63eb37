"""One session of the story read back from its events, by the definitions of the measures and by no code of LogDig."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from demo.story.month import EXPERIMENT, GOAL
from demo.story.sources import ARRIVALS, Arrival

Event = dict[str, Any]
EFFECTS = ("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms")
RAGE_MS, RAGE_PX, DEAD_MS, RETURN_MS, BOUNCE_MS = 1000, 30, 2500, 10_000, 10_000
STEPS = 20
"""A page's height is told in steps of 5 %."""


@dataclass(frozen=True, slots=True)
class CountedClick:
    """A click: its page, element, local day, time in ms, place, and whether it is dead or something followed."""

    page: str
    selector: str
    day: date
    at_ms: int
    x: int
    y: int
    has_after: bool
    followed: bool
    dead: bool


@dataclass(frozen=True, slots=True)
class Burst:
    """Clicks in quick succession, on the element of the first; ``worked`` = something followed each of them."""

    page: str
    selector: str
    clicks: int
    worked: bool


@dataclass(slots=True)
class CountedView:
    """A view: its page, local day, time in ms, window's height, greatest depth and time in use."""

    page: str
    day: date
    at_ms: int
    fold: int
    depth: float = -1.0
    engaged_ms: int = 0
    clicks: list[CountedClick] = field(default_factory=list)

    def steps(self) -> int:
        """How many steps of the page were seen."""
        if self.depth < 0:
            return 0
        seen = Decimal(repr(self.depth))
        return sum(seen >= Decimal(step) / STEPS for step in range(1, STEPS + 1))


@dataclass(frozen=True, slots=True)
class CountedSession:
    """A session: who, how they came, its views, whether the goal was reached."""

    visitor: str
    arrival: Arrival
    country: str
    device: str
    variant: str
    views: tuple[CountedView, ...]
    reached: bool

    @property
    def days(self) -> int:
        """Days on which it has views."""
        return len({view.day for view in self.views})

    @property
    def bounced(self) -> bool:
        """One view, less than 10 s in use, no goal, one day."""
        engaged = sum(view.engaged_ms for view in self.views)
        return len(self.views) == 1 and engaged < BOUNCE_MS and not self.reached

    def quick_returns(self) -> list[str]:
        """Pages that were left at once for the page before."""
        triples = zip(self.views, self.views[1:], self.views[2:], strict=False)
        return [
            left.page
            for first, left, again in triples
            if first.page == again.page != left.page and 0 <= again.at_ms - left.at_ms <= RETURN_MS
        ]

    def bursts(self) -> list[Burst]:
        """Longest runs of clicks of a view of which any three neighbours are near in time and place."""
        return [burst for view in self.views for burst in _bursts([click for click in view.clicks if click.has_after])]


def read_session(events: Sequence[Event], zone: ZoneInfo, site_url: str) -> CountedSession:
    """Read the events of one session.

    Args:
        events: All of it.
        zone: The app's.
        site_url: The site's own address.
    """
    ordered = sorted(events, key=lambda event: event["seq"])
    views: dict[str, CountedView] = {}
    for event in ordered:
        moment = datetime.fromisoformat(event["timestamp"])
        day, at_ms = moment.astimezone(zone).date(), round(moment.timestamp() * 1000)
        page = urlsplit(event["current_page"]).path.replace("/index.html", "/")
        if event["type"] == "page":
            views[event["page_view_id"]] = CountedView(page, day, at_ms, event["view"]["vh"])
        view = views[event["page_view_id"]]
        if event["type"] == "click":
            view.clicks.append(_click(event, page, day, at_ms))
        if event["type"] == "scroll":
            view.depth = max(view.depth, event["scroll"]["depth_share"])
            view.engaged_ms = max(view.engaged_ms, event["scroll"]["engaged_ms"])
    first = ordered[0]
    width = first["view"]["vw"]
    return CountedSession(
        first["user_key"],
        _arrival(first, site_url),
        first["country"],
        "mobile" if width < 768 else "tablet" if width < 1024 else "desktop",
        first["experiments"][EXPERIMENT],
        tuple(views.values()),
        any(event["type"] == "custom" and event["custom"]["name"] == GOAL for event in ordered),
    )


def _click(event: Event, page: str, day: date, at_ms: int) -> CountedClick:
    after = event.get("after")
    followed = after is not None and any(after[effect] is not None for effect in EFFECTS)
    dead = after is not None and not followed and after["watched_ms"] >= DEAD_MS
    selector = event["element"]["selector"]
    return CountedClick(page, selector, day, at_ms, event["x"], event["y"], after is not None, followed, dead)


def _arrival(first: Event, site_url: str) -> Arrival:
    query, referrer = urlsplit(first["current_page"]).query, first["page"].get("referrer")
    told = referrer and referrer.replace(site_url, "{site}")
    return next(way for way in ARRIVALS if (way.query, way.referrer) == (query, told))


def _bursts(clicks: Sequence[CountedClick]) -> list[Burst]:
    runs: list[list[int]] = []
    for number, three in enumerate(zip(clicks, clicks[1:], clicks[2:], strict=False)):
        if not _is_near(three):
            continue
        if runs and runs[-1][-1] == number + 1:
            runs[-1].append(number + 2)
        else:
            runs.append([number, number + 1, number + 2])
    bursts = ([clicks[number] for number in run] for run in runs)
    return [Burst(b[0].page, b[0].selector, len(b), all(click.followed for click in b)) for b in bursts]


def _is_near(three: Sequence[CountedClick]) -> bool:
    times = [click.at_ms for click in three]
    pairs = (*pairwise(three), (three[0], three[2]))
    near = all((one.x - two.x) ** 2 + (one.y - two.y) ** 2 <= RAGE_PX**2 for one, two in pairs)
    return near and max(times) - min(times) <= RAGE_MS
