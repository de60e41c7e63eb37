"""Page views, sessions and conversions in plain Python, from what each number means: slow, and easy to check."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from logdig.config.goals import GoalSettings
from logdig.marts.devices import agent_of, device_of, screen_of
from logdig.marts.links import OwnHosts, link_of
from logdig.marts.pages import grouped, page_of
from logdig.marts.sources import source_of

Event = dict[str, Any]
Row = dict[str, Any]


class Owner:
    """What the owner of one app has set."""

    def __init__(
        self,
        app: str,
        zone: str = "UTC",
        origins: Sequence[str] = (),
        allowed_query: Sequence[str] = (),
        pages: Sequence[str] = (),
        goals: Sequence[GoalSettings] = (),
    ) -> None:
        self.app, self.zone, self.origins = app, ZoneInfo(zone), origins
        self.allowed_query, self.pages, self.goals = allowed_query, pages, goals

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def page(self, address: str | None) -> tuple[str | None, str | None, str | None]:
        """Host, path and page."""
        if address is None:
            return None, None, None
        found = page_of(address, self.allowed_query)
        return found.host, found.path, grouped(found.path, self.pages)


def tables(events: Iterable[Event], owner: Owner) -> dict[str, list[Row]]:
    """Compute the three tables of one app; every column but ``bucket``."""
    mine = [event for event in events if event["app"] == owner.app and counts(event)]
    found: dict[str, list[Row]] = {"page_views": [], "sessions": [], "conversions": []}
    for session_id, members in sessions_of(mine, owner).items():
        for name, rows in Session(session_id, members, owner).tables().items():
            found[name] += rows
    for event in mine:
        if event.get("session_id") is None and not is_post(event):
            add_servers(event, owner, found)
    return found


def is_post(event: Event) -> bool:
    """A log of 2016 as `POST /` stores it."""
    has_x = event.get("x") is not None or "x" in (event.get("legacy") or {})
    missing = all(event.get(name) is None for name in ("session_id", "page_view_id", "seq", "element"))
    return missing and has_x and event["type"] in ("page", "click")


def counts(event: Event) -> bool:
    if event.get("staff") or (event.get("consent") or {}).get("analytics") is False:
        return False
    if not event.get("bot"):
        return True
    # Rows of servers that signed before it was noted: what was judged of their program is not what they are.
    is_browsers = event.get("session_id") is not None or event.get("page_view_id") is not None
    return not (is_browsers or event.get("signed") or is_post(event))


def order(event: Event) -> tuple[Any, ...]:
    seq = event.get("seq")
    return seq is None, seq or 0, event["timestamp"] or event["occurred_at"], event["event_id"]


def sessions_of(events: list[Event], owner: Owner) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    by_visitor: dict[tuple[str, date], list[Event]] = defaultdict(list)
    for event in events:
        if event.get("session_id") is not None:
            found[event["session_id"]].append(event)
        elif is_post(event):
            by_visitor[event["user_key"], owner.day(event["occurred_at"])].append(event)
    for (visitor, _day), posts in by_visitor.items():
        last, session_id = None, ""
        for post in sorted(posts, key=lambda one: (one["occurred_at"], one["event_id"])):
            if last is None or post["occurred_at"] - last >= timedelta(minutes=30):
                name = f"{owner.app} {visitor} {post['event_id']}"
                session_id = hashlib.sha256(name.encode()).hexdigest()[:32]
            last = post["occurred_at"]
            found[session_id].append(post)
    return {session_id: sorted(members, key=order) for session_id, members in found.items()}


def glob(pattern: str, text: str) -> bool:
    """``*`` stands for any text."""
    return re.fullmatch("(?s:" + ".*".join(map(re.escape, pattern.split("*"))) + ")", text) is not None


def same(sent: Any, wanted: Any) -> bool:
    """Equal and of one type; whole and broken numbers are of one."""
    if isinstance(wanted, bool) or isinstance(sent, bool):
        return sent is wanted
    if isinstance(wanted, str) or isinstance(sent, str):
        return isinstance(sent, str) and isinstance(wanted, str) and sent == wanted
    return sent is not None and sent == wanted


def goals_of_event(event: Event, owner: Owner) -> list[tuple[GoalSettings, float | None]]:
    found = []
    for goal in owner.goals:
        custom = event.get("custom") or {}
        props = custom.get("props") or {}
        met = {
            "event": lambda goal=goal, custom=custom, props=props: (
                event["type"] == "custom"
                and custom.get("name") == goal.event
                and all(same(props.get(name), wanted) for name, wanted in goal.where.items())
            ),
            "element": lambda goal=goal: (
                event["type"] == "click" and (event.get("element") or {}).get("selector") == goal.element
            ),
            "listen": lambda goal=goal: event["type"] == "listen" and glob(goal.listen, event["listen"]["track_id"]),
        }
        if any(getattr(goal, kind) and reached() for kind, reached in met.items()):
            found.append((goal, value_of(goal, props)))
    return found


def value_of(goal: GoalSettings, props: dict[str, Any]) -> float | None:
    if not goal.value_property:
        return goal.value
    sent = props.get(goal.value_property)
    return float(sent) if isinstance(sent, int | float) and not isinstance(sent, bool) else None


def goals_of_page(path: str | None, owner: Owner) -> list[tuple[GoalSettings, float | None]]:
    return [(goal, goal.value) for goal in owner.goals if goal.page and path is not None and glob(goal.page, path)]


def weight(event: Event) -> float:
    rate = event.get("sample_rate")
    return 1 / (1 if rate is None else rate)


def seen_on(vw: float | None, user_agent: str | None) -> Row:
    agent = agent_of(user_agent) if user_agent is not None else None
    return {
        "device": device_of(vw),
        "screen": screen_of(vw),
        "browser": agent.browser if agent else None,
        "system": agent.system if agent else None,
    }


NO_SOURCE: Row = dict.fromkeys(("source", "medium", "campaign", "channel"))


def add_servers(event: Event, owner: Owner, found: dict[str, list[Row]]) -> None:
    """An event of no session: a page event is a view of its own, a goal is reached each time."""
    host, path, page = owner.page(event.get("current_page"))
    view, parts = event.get("view") or {}, event.get("page") or {}
    shared = {
        "app": owner.app,
        "day": owner.day(event["occurred_at"]),
        "session_id": None,
        "user_key": event.get("user_key"),
        "occurred_at": event["occurred_at"],
        "page": page,
        "path": path,
        "host": host,
        "entry_page": None,
        **NO_SOURCE,
        **seen_on(view.get("vw"), event.get("user_agent")),
        "country": event.get("country"),
        "region": event.get("region"),
        "language": parts.get("language"),
        "experiments": event.get("experiments"),
        "weight": weight(event),
    }
    reached = goals_of_event(event, owner)
    if event["type"] == "page":
        reached += goals_of_page(path, owner)
        view_row = {
            "page_view_id": event["event_id"],
            "timestamp": event["timestamp"],
            "viewed": True,
            "title": parts.get("title"),
            "entry": False,
            "exit": False,
            "vw": view.get("vw"),
            "vh": view.get("vh"),
            "release": event.get("page_version"),
            **dict.fromkeys(("place", "engaged_ms", "depth_share", "depth_px", "previous_page", "next_page")),
        }
        found["page_views"].append(shared | view_row)
    for goal, value in reached:
        own = {
            "goal": goal.name,
            "event_id": event["event_id"],
            "page_view_id": event["event_id"] if event["type"] == "page" else event.get("page_view_id"),
            "customer_id": event.get("customer_id"),
            "value": value,
        }
        found["conversions"].append(shared | own)


class View:
    """A page view of a session: its events, and the one that tells of it."""

    def __init__(self, key: str, events: list[Event], owner: Owner, *, alone: bool) -> None:
        self.key, self.events, self.alone = key, events, alone
        pages = [event for event in events if event["type"] == "page"]
        scrolls = [event for event in events if event["type"] == "scroll"]
        self.viewed = bool(pages)
        self.teller = (pages or scrolls or [None])[0]
        self.first = pages[0] if pages else min(events, key=lambda event: event["occurred_at"])
        self.day = owner.day(self.first["occurred_at"])
        totals = [event.get("scroll") or {} for event in events]
        self.greatest = {
            name: max((total[name] for total in totals if total.get(name) is not None), default=None)
            for name in ("engaged_ms", "depth_share", "depth_px")
        }
        self.host, self.path, self.page = owner.page(self.teller.get("current_page") if self.teller else None)

    @property
    def engaged_ms(self) -> int:
        return int(self.greatest["engaged_ms"] or 0)


class Session:
    def __init__(self, session_id: str, events: list[Event], owner: Owner) -> None:
        self.session_id, self.events, self.owner = session_id, events, owner
        self.of_posts = is_post(events[0])
        groups: dict[tuple[str, bool], list[Event]] = defaultdict(list)
        for event in events:
            key = event.get("page_view_id")
            alone = key is None and event["type"] == "page" and not self.of_posts
            if key is None and event["type"] == "page":
                key = event["event_id"]
            if key is not None:
                groups[key, alone].append(event)
        every = [View(key, members, owner, alone=alone) for (key, alone), members in groups.items()]
        self.inside = [view for view in every if not view.alone]
        self.alone = [view for view in every if view.alone]
        self.views = sorted((view for view in self.inside if view.viewed), key=lambda view: order(view.first))
        self.days = list(dict.fromkeys(view.day for view in self.views))
        self.reached = sorted(self._reached(), key=lambda one: order(one[1]))

    def _reached(self) -> list[tuple[GoalSettings, Event, float | None, str | None]]:
        """Goals with the event that reached them, their value and the view."""
        found = []
        for event in self.events:
            key = event.get("page_view_id")
            if key is None and event["type"] == "page":
                key = event["event_id"]
            found += [(goal, event, value, key) for goal, value in goals_of_event(event, self.owner)]
        for view in self.views + self.alone:
            found += [(goal, view.first, value, view.key) for goal, value in goals_of_page(view.path, self.owner)]
        return found

    def tables(self) -> dict[str, list[Row]]:
        return {
            "page_views": [self._view_row(view) for view in self.inside + self.alone if self._is_known(view)],
            "sessions": [self._row(number, day) for number, day in enumerate(self.days)],
            "conversions": list(self._conversions()),
        }

    def _is_known(self, view: View) -> bool:
        return view.viewed or view.greatest["engaged_ms"] is not None

    @property
    def experiments(self) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for event in self.events:
            for name, variant in (event.get("experiments") or {}).items():
                found.setdefault(name, variant)
        has_any = any(event.get("experiments") for event in self.events)
        return found if has_any else None

    def _circumstances(self, own: Row) -> Row:
        """Of the first view, else of the event or view itself."""
        if not self.views:
            source = dict(NO_SOURCE)
            return {"entry_page": None, **source, **seen_on(own.get("vw"), own.get("user_agent")), **_places(own)}
        first = self.views[0].first
        parts = first.get("page") or {}
        came = source_of(first.get("current_page") or "", parts.get("referrer"), OwnHosts.of(self.owner.origins))
        return {
            "entry_page": self.views[0].page,
            "source": came.source,
            "medium": came.medium,
            "campaign": came.campaign,
            "channel": came.channel,
            **seen_on((first.get("view") or {}).get("vw"), first.get("user_agent")),
            **_places(first | {"language": parts.get("language")}),
        }

    def _view_row(self, view: View) -> Row:
        teller = view.teller
        size = teller.get("view") or {}
        parts = (teller.get("page") or {}) if view.viewed else {}
        place = self.views.index(view) if view in self.views else None
        own = {"vw": size.get("vw")}
        if view.viewed:
            own |= {name: teller.get(name) for name in ("user_agent", "country", "region")}
            own["language"] = parts.get("language")
        neighbours = [None, *(other.page for other in self.views), None]
        return {
            "app": self.owner.app,
            "day": view.day,
            "session_id": self.session_id,
            "page_view_id": view.key,
            "user_key": teller.get("user_key"),
            "occurred_at": view.first["occurred_at"],
            "timestamp": teller["timestamp"],
            "viewed": view.viewed,
            "place": None if place is None else place + 1,
            "page": view.page,
            "path": view.path,
            "host": view.host,
            "title": parts.get("title"),
            **view.greatest,
            "entry": place == 0,
            "exit": place is not None and place == len(self.views) - 1,
            "previous_page": None if place is None else neighbours[place],
            "next_page": None if place is None else neighbours[place + 2],
            **self._circumstances(own),
            "vw": size.get("vw"),
            "vh": size.get("vh"),
            "release": teller.get("page_version"),
            "experiments": self.experiments,
            "weight": max(map(weight, view.events)),
        }

    def _row(self, number: int, day: date) -> Row:
        today = [view for view in self.inside if view.day == day]
        first = next(view for view in self.views if view.day == day)
        clicks = [event for view in today for event in view.events if event["type"] == "click" and event.get("link")]
        links = [link_of(click["link"], OwnHosts.of(self.owner.origins)) for click in clicks]
        entry = self.views[0]
        referrer = (entry.first.get("page") or {}).get("referrer")
        came = source_of(entry.first.get("current_page") or "", referrer, OwnHosts.of(self.owner.origins))
        return {
            "app": self.owner.app,
            "day": day,
            "session_id": self.session_id,
            "user_key": entry.first.get("user_key"),
            "seq": number + 1,
            "continued": number > 0,
            "continues": number < len(self.days) - 1,
            "began_at": first.first["occurred_at"],
            "ended_at": max(event["occurred_at"] for view in today for event in view.events),
            "exit_page": self.views[-1].page,
            "host": entry.host,
            "views": sum(view.viewed for view in today),
            "engaged_ms": sum(view.engaged_ms for view in today),
            "bounce": self._is_bounce(),
            "referrer_host": came.referrer_host,
            **self._circumstances({}),
            "links_out": sum(link.out for link in links),
            "downloads": sum(link.download for link in links),
            "experiments": self.experiments,
            "goals": sorted({goal.name for goal, *_ in self.reached}),
            "customer_ids": sorted({event["customer_id"] for event in self.events if event.get("customer_id")}),
            "weight": max(map(weight, self.events)),
        }

    def _is_bounce(self) -> bool:
        if self.of_posts:
            return len(self.views) == 1
        engaged = sum(view.engaged_ms for view in self.inside)
        return len(self.views) == 1 and len(self.days) == 1 and engaged < 10_000 and not self.reached

    def _conversions(self) -> Iterable[Row]:
        done = set()
        for goal, event, value, view in self.reached:
            if goal.count == "session" and goal.name in done:
                continue
            done.add(goal.name)
            host, path, page = self.owner.page(event.get("current_page"))
            own = {name: event.get(name) for name in ("user_agent", "country", "region")}
            own["vw"] = (event.get("view") or {}).get("vw")
            yield {
                "app": self.owner.app,
                "day": self.owner.day(event["occurred_at"]),
                "goal": goal.name,
                "event_id": event["event_id"],
                "occurred_at": event["occurred_at"],
                "session_id": self.session_id,
                "page_view_id": view,
                "user_key": event.get("user_key"),
                "customer_id": event.get("customer_id"),
                "value": value,
                "page": page,
                "path": path,
                "host": host,
                **self._circumstances(own),
                "experiments": self.experiments,
                "weight": weight(event),
            }


def _places(row: Row) -> Row:
    return {name: row.get(name) for name in ("country", "region", "language")}
