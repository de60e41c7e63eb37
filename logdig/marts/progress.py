"""Which days of a mart are due: what writers touched, how far the mart has read, which days are frozen. Pure.

A writer of ``events`` notes what it touches before it writes; a mart computes the noted days again, replaces them
whole, and only then moves its mark, so that whatever ends in between is repeated. Source: docs/jobs.md.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from logdig.config.settings import Settings
from logdig.marts.days import Day, Run, beside, local_days, places, runs_of
from logdig.tables.catalog import days_kept

RECENT_DAYS = 3
"""Days up to so old are computed again by every run."""
OLD_DAYS_EVERY = timedelta(days=7)
"""Older ones wait so long at most ..."""
NEW_SHARE = 0.001
"""... or until so large a share of their events is new."""
REACH_DAYS = 30
"""Events of one session id are of one session while no silence between them is longer; what a browser sends may be as
old, so what comes late still finds its session."""
PIECE_EVENTS = 5_000_000
"""Events of the days that are replaced in one commit: bounds memory and what a crash repeats."""
PIECE_RUNS = 200
"""Runs of days in one commit: each is a condition of the overwrite (400 were tried without trouble)."""


class Touch(msgspec.Struct, frozen=True):
    """A row of ``touched``: what a write changed. ``app`` None = every app, ``day`` None = every day of the app.

    ``day`` is the UTC day of ``occurred_at``, ``rows`` how many events are new in it, copies left out,
    ``first_received`` the UTC day on which the earliest of them came; None where nothing is new (rows were deleted).
    """

    seq: int
    app: str | None = None
    day: date | None = None
    rows: int = 0
    first_received: date | None = None


class Waiting(msgspec.Struct, frozen=True):
    """A day that is due but not computed yet: since when, for how many new events; ``must`` = at the next run."""

    since: date
    rows: int = 0
    must: bool = False


MUST = Waiting(date.min, must=True)
"""A day that the next run computes; how long it has waited, and for what, no longer matters."""


class Mark(msgspec.Struct, frozen=True):
    """How far a mart is: its ``version``, the greatest ``seq`` that it has seen, and the days that wait since.

    ``rules`` are digests of the settings that its rows follow, by app, under the empty name that of every other app.
    """

    version: str
    upto: int = 0
    waiting: Mapping[Day, Waiting] = {}
    rules: Mapping[str, str] = {}

    def of(self, app: str) -> str:
        """Version of an app's rows, for people: that of the declaration and the app's rules."""
        return "-".join(filter(None, (self.version, rule_of(self.rules, app))))


class Piece(msgspec.Struct, frozen=True):
    """Days that are replaced in one commit, the same as runs, and the mark to set when it is done."""

    days: tuple[Day, ...]
    runs: tuple[Run, ...]
    mark: Mark


class Plan(msgspec.Struct, frozen=True):
    """Days to compute now, newest first; those that stay as they are; and the mark of a run that did all of it.

    ``known`` are the days that may hold rows, whether they are due or not; ``sizes`` the events of some.
    """

    now: tuple[Day, ...]
    frozen: tuple[Day, ...]
    mark: Mark
    known: frozenset[Day] = frozenset()
    sizes: Mapping[Day, int] = {}

    def pieces(self, most: int = PIECE_EVENTS, most_runs: int = PIECE_RUNS) -> Iterator[Piece]:
        """Split the days into commits of a bounded size, newest first."""
        place = places(self.known)
        start = 0
        while start < len(self.now):
            end, events, runs, chosen = start, 0, 0, set[tuple[str, int]]()
            while end < len(self.now):
                app, number = self.now[end][0], place[self.now[end]]
                events += self.sizes.get(self.now[end], 0)
                # A day that lies between two chosen ones joins their runs.
                runs += 1 - sum((app, number + side) in chosen for side in (-1, 1))
                if end > start and (events > most or runs > most_runs):
                    break
                chosen.add((app, number))
                end += 1
            left = dict.fromkeys(self.now[end:], MUST)
            mark = msgspec.structs.replace(self.mark, waiting={**self.mark.waiting, **left})
            days = self.now[start:end]
            yield Piece(days, runs_of(days, place), mark)
            start = end


class Lake(msgspec.Struct, frozen=True):
    """What a plan looks at.

    Args:
        touches: Every row of ``touched``.
        zones: Zone of each app's days.
        today: UTC day of the run.
        kept_from: First UTC day of arrival of which every event is still there; date.min = all are kept.
    """

    touches: tuple[Touch, ...]
    zones: Callable[[str], ZoneInfo]
    today: date
    kept_from: date = date.min

    def days(self) -> dict[Day, int]:
        """Every local day that ever held an event, with the events noted for it."""
        sizes: dict[Day, int] = defaultdict(int)
        for touch in self.touches:
            for day in self.local(touch):
                sizes[day] += touch.rows
        return dict(sizes)

    def local(self, touch: Touch) -> list[Day]:
        """Local days of a note; none of one that names no day."""
        if touch.app is None or touch.day is None:
            return []
        return [(touch.app, day) for day in local_days(touch.day, self.zones(touch.app))]

    def frozen(self) -> set[Day]:
        """Days of which an event may have expired."""
        early = (touch for touch in self.touches if touch.first_received and touch.first_received < self.kept_from)
        return {day for touch in early for day in self.local(touch)}

    def frozen_among(self, touches: Iterable[Touch]) -> set[Day]:
        """Frozen days into which the UTC days of some touches reach."""
        return self.frozen().intersection(day for touch in touches for day in self.local(touch))

    def upto(self) -> int:
        """Greatest number of a note."""
        return max((touch.seq for touch in self.touches), default=0)


def lake_of(settings: Settings, touches: Iterable[Touch], now: datetime) -> Lake:
    """The lake of an installation at a time, UTC."""
    zones = {app.name: ZoneInfo(app.timezone) for app in settings.apps}
    others, today = ZoneInfo("UTC"), now.astimezone(UTC).date()
    kept = days_kept(settings.retention)["events"]
    kept_from = today - timedelta(days=kept - 1) if kept else date.min
    return Lake(tuple(touches), lambda app: zones.get(app, others), today, kept_from)


def rule_of(rules: Mapping[str, str], app: str) -> str:
    """Digest of an app's rules among those of a mark."""
    return rules.get(app, rules.get("", ""))


def plan(
    lake: Lake,
    mark: Mark | None,
    version: str,
    rules: Mapping[str, str] | None = None,
    *,
    everything: bool = False,
    waiting: bool = False,
) -> Plan:
    """Say which days a mart computes now, and which ones wait.

    Args:
        lake: Notes, zones, present and retention.
        mark: The mart's; None = it was never computed.
        version: Of its declaration.
        rules: Digests of the settings that it reads, as in `Mark`; an app whose digest changes is computed anew.
        everything: Every day that is not frozen.
        waiting: Days that wait, too.
    """
    sizes, frozen, rules = lake.days(), lake.frozen(), rules or {}
    due: dict[Day, Waiting] = {} if mark is None else {**mark.waiting, **_noted(lake, mark, sizes)}
    whole = everything or mark is None or mark.version != version
    others = {} if mark is None else mark.rules
    anew = {app for app, _ in sizes if whole or rule_of(others, app) != rule_of(rules, app)}
    again = {day for day in sizes if day[0] in anew}
    # A zone that was changed may have left rows beside the days that it has now.
    due |= dict.fromkeys(again | (beside(again) - frozen if mark else set()), MUST)
    now = sorted(
        (day for day, state in due.items() if day not in frozen and (waiting or _is_due(lake, day, state, sizes))),
        key=lambda day: (day[1], day[0]),
        reverse=True,
    )
    chosen = set(now)
    later = {day: state for day, state in due.items() if day not in frozen and day not in chosen}
    known = frozenset(sizes.keys() | due.keys() | frozen)
    planned = Mark(version, lake.upto(), later, rules)
    return Plan(tuple(now), tuple(sorted(frozen & due.keys())), planned, known, sizes)


def after(planned: Plan, source: Mark) -> Plan:
    """Let the days wait that a source of the mart has yet to compute; they are due when it has."""
    behind = source.waiting.keys()
    waiting = {**planned.mark.waiting, **{day: MUST for day in planned.now if day in behind}}
    now = tuple(day for day in planned.now if day not in behind)
    return msgspec.structs.replace(planned, now=now, mark=msgspec.structs.replace(planned.mark, waiting=waiting))


def _noted(lake: Lake, mark: Mark, sizes: Mapping[Day, int]) -> dict[Day, Waiting]:
    """Days noted since the mark, on top of what waits for them already."""
    noted: dict[Day, Waiting] = {}
    for touch in lake.touches:
        if touch.seq <= mark.upto:
            continue
        wide = touch.app is None or touch.day is None
        # Deleted rows must be gone from the mart at once, however old their day is.
        must = wide or not touch.rows
        days = [day for day in sizes if touch.app in (None, day[0])] if wide else lake.local(touch)
        for day in days:
            before = noted.get(day) or mark.waiting.get(day) or Waiting(lake.today)
            noted[day] = Waiting(before.since, before.rows + touch.rows, before.must or must)
    return noted


def _is_due(lake: Lake, day: Day, state: Waiting, sizes: Mapping[Day, int]) -> bool:
    local_today = datetime.combine(lake.today, time.min, UTC).astimezone(lake.zones(day[0])).date()
    return (
        state.must
        or day[1] >= local_today - timedelta(days=RECENT_DAYS)
        or lake.today - state.since >= OLD_DAYS_EVERY
        or state.rows > NEW_SHARE * sizes.get(day, 0)
    )


def folded(touches: Iterable[Touch], upto: int) -> tuple[Touch, ...]:
    """Put the notes that every mart has seen together, one an app and day, under the number of the last of them.

    What a plan still asks of such notes stays the same: which days hold events, how many, and since when.

    Args:
        touches: Notes.
        upto: Least number that the marts have seen; later notes stay as they are.
    """
    seen: dict[tuple[str | None, date | None], Touch] = {}
    later = []
    for touch in touches:
        if touch.seq > upto:
            later.append(touch)
            continue
        place = touch.app, touch.day
        known = seen.get(place, Touch(upto, *place))
        came = [day for day in (known.first_received, touch.first_received) if day]
        seen[place] = Touch(upto, *place, known.rows + touch.rows, min(came, default=None))
    return (*seen.values(), *later)


def other_days(
    days: Collection[Day],
    known: Iterable[Day],
    look: Callable[[set[Day], set[Day]], set[Day]],
    most: int = REACH_DAYS,
) -> set[Day]:
    """Find the other days of the sessions that have events on the given days: their rows say who continues whom.

    Sessions go on past midnight, so every event of the days beside is looked at, and of those beside of what is found.
    Other events lie where a mart has rows of the session, or where a server sent one: never far, since an id that
    comes after a longer silence is another session.

    Args:
        days: To be computed whole.
        known: That may hold events.
        look: Tells on which days the sessions are: of some days by what marts and servers know, of others (the second
            argument, some of the first) by any event.
        most: Days between two events of a session at most.
    """
    every, found = {*known, *days}, set[Day]()
    new, told, read = set(days), set(days), set(days)
    while new:
        reach, close = near(new, every, most) - told, near(new, every, 1) - read
        if not reach and not close:
            break
        new = look(reach, close) - found - set(days)
        found |= new
        told |= reach
        read |= close
    return found


def near(days: Iterable[Day], known: Iterable[Day], most: int) -> set[Day]:
    """Take those of the known days that lie at most so many days from one of the given days of their app."""
    by_app: dict[str, list[int]] = defaultdict(list)
    for app, day in sorted(set(days)):
        by_app[app].append(day.toordinal())

    def is_near(app: str, number: int) -> bool:
        place = bisect_left(by_app[app], number - most)
        return place < len(by_app[app]) and by_app[app][place] <= number + most

    return {(app, day) for app, day in known if app in by_app and is_near(app, day.toordinal())}
