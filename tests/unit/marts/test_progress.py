"""Incremental marts in memory: whatever ends when, and whoever overtakes whom, they become what all events say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from logdig.config.retention import RetentionSettings
from logdig.config.settings import AppSettings, Settings
from logdig.marts.columns import table_schema
from logdig.marts.days import Day, Run, in_words, local_days, places, runs_of, utc_days, utc_runs
from logdig.marts.notes import COLUMNS, touches_of
from logdig.marts.progress import (
    MUST,
    Lake,
    Mark,
    Piece,
    Touch,
    Waiting,
    after,
    folded,
    lake_of,
    near,
    other_days,
    plan,
)

START = date(2026, 10, 28)
"""New York sets its clocks back on 1 November."""
ZONES = {"shop": "Asia/Seoul", "blog": "America/New_York"}
KEPT_DAYS = 6
REACH = 3
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing history is told as it is: making it shorter would take minutes."""
SESSIONS = ("s1", "s2", "s3", "s4")
Session = tuple[str, str]
"""App and session."""


def next_seq(touches: Iterable[Touch]) -> int:
    """Number of the next note."""
    return max((touch.seq for touch in touches), default=0) + 1


class Event(NamedTuple):
    """A view, or what a server says of a session, which makes no row and counts in all of the session's."""

    number: int
    app: str
    at: datetime
    session: str
    received: date
    is_view: bool

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def whose(self) -> Session:
        return self.app, self.session

    def local(self, zones: dict[str, str]) -> Day:
        return self.app, self.at.astimezone(ZoneInfo(zones[self.app])).date()


Rows = dict[Day, dict[Session, tuple[object, ...]]]


def parts_of(days: Iterable[Day]) -> list[set[Day]]:
    """Days of one session id, where a longer silence than REACH ends a session."""
    parts: list[set[Day]] = []
    for day in sorted(set(days)):
        if parts and (day[1] - max(parts[-1])[1]).days <= REACH:
            parts[-1].add(day)
        else:
            parts.append({day})
    return parts


def rows_of(events: Iterable[Event], zones: dict[str, str], rules: dict[str, int]) -> Rows:
    """Sessions by local day as brute force tells them: the day's views, whether another day has views before or after,
    the whole session's server events, and the rules by which pages and goals are named.
    """
    theirs: dict[Session, list[Event]] = defaultdict(list)
    for event in events:
        theirs[event.whose].append(event)
    rows: Rows = defaultdict(dict)
    for whose, seen in theirs.items():
        for part in parts_of(event.local(zones) for event in seen):
            inside = [event for event in seen if event.local(zones) in part]
            told = frozenset(event.number for event in inside if not event.is_view)
            days = {event.local(zones) for event in inside if event.is_view}
            for day in days:
                numbers = frozenset(event.number for event in inside if event.is_view and event.local(zones) == day)
                rows[day][whose] = (numbers, min(days) < day, max(days) > day, told, rules[whose[0]])
    return dict(rows)


class Commit(NamedTuple):
    """What a run of the mart has computed and not yet written."""

    holder: int
    changes: int
    whole: tuple[Day, ...]
    others: set[Day]
    sessions: set[Session]
    made: Rows
    mark: Mark
    # Events of each session that were there when it was computed.
    there: dict[Session, set[int]]


class LakeMachine(RuleBasedStateMachine):
    """Every writer and the mart, step by step, with crashes, overtaking, late events and changed settings."""

    def __init__(self) -> None:
        super().__init__()
        self.today = START + timedelta(days=3)
        self.zones, self.declared = dict(ZONES), 1
        self.rules = dict.fromkeys(ZONES, 1)
        self.events: list[Event] = []
        # Objects of raw: what a rebuild reads; and everything that ever was there.
        self.raw: list[Event] = []
        self.ever: list[Event] = []
        self.numbers = 0
        self.touches: list[Touch] = []
        self.mart: Rows = {}
        self.mark: Mark | None = None
        self.there: dict[Session, set[int]] = {}
        # How often the mart was written: a commit that others came before is refused.
        self.changes = 0
        # Who may commit: the last one that took the lease.
        self.holder = 0
        self.stalled: tuple[int, list[Event]] | None = None
        self.stalled_mart: Commit | None = None

    @property
    def version(self) -> str:
        return str(self.declared)

    @property
    def digests(self) -> dict[str, str]:
        return {app: f"{self.rules[app]} {zone}" for app, zone in self.zones.items()}

    def lake(self) -> Lake:
        kept = self.today - timedelta(days=KEPT_DAYS - 1)
        return Lake(tuple(self.touches), lambda app: ZoneInfo(self.zones[app]), self.today, kept)

    def note(self, come: Iterable[Event], gone: Iterable[Event] = ()) -> None:
        seq, by_day = next_seq(self.touches), defaultdict[tuple[str, date], list[Event]](list)
        for event in come:
            by_day[event.app, event.day].append(event)
        for (app, day), rows in by_day.items():
            self.touches.append(Touch(seq, app, day, len(rows), min(event.received for event in rows)))
        for app, day in {(event.app, event.day) for event in gone}:
            self.touches.append(Touch(seq, app, day))

    def store(self, batch: list[Event]) -> None:
        self.events += batch
        self.ever += batch

    def batch(self, app: str, hours: list[int], session: str, is_view: bool) -> list[Event]:
        made = []
        for hour in hours:
            self.numbers += 1
            at = datetime.combine(self.today, datetime.min.time(), UTC) - timedelta(hours=hour)
            made.append(Event(self.numbers, app, at, session, self.today, is_view))
        self.raw += made
        return made

    @rule(
        app=st.sampled_from(sorted(ZONES)),
        hours=st.lists(st.integers(0, 24 * 8), min_size=1, max_size=3),
        session=st.sampled_from(SESSIONS),
        is_view=st.booleans(),
        ends=st.sampled_from(["done", "after the note", "stalls after the note"]),
    )
    def ingest(self, app: str, hours: list[int], session: str, is_view: bool, ends: str) -> None:
        batch = self.batch(app, hours, session, is_view)
        self.holder += 1
        self.note(batch)
        if ends == "done":
            self.store(batch)
        elif ends == "stalls after the note":
            self.stalled = self.holder, batch

    @precondition(lambda self: self.stalled)
    @rule()
    def wake_stalled_ingest(self) -> None:
        assert self.stalled is not None
        holder, batch = self.stalled
        batch = [event for event in batch if event in self.raw and event not in self.events]
        if self.holder != holder:
            # Its commit is refused: it takes the lease again and notes again.
            self.holder += 1
            self.note(batch)
        self.store(batch)
        self.stalled = None

    @rule()
    def load(self) -> None:
        """Loads write other tables; they only keep others out."""
        self.holder += 1

    @rule(
        everything=st.booleans(),
        waiting=st.booleans(),
        most=st.sampled_from([1, 3, 100]),
        stops_after=st.sampled_from([0, 1, 2, 1000]),
        ends=st.sampled_from(["between commits", "before the mark", "stalls before the rows"]),
    )
    def run_mart(self, everything: bool, waiting: bool, most: int, stops_after: int, ends: str) -> None:
        self.holder += 1
        planned = plan(self.lake(), self.mark, self.version, self.digests, everything=everything, waiting=waiting)
        for number, piece in enumerate(planned.pieces(most, 2 if most == 3 else 200)):
            if number == stops_after:
                return
            commit = self.compute(piece)
            last = number == stops_after - 1
            if last and ends == "stalls before the rows":
                self.stalled_mart = commit
                return
            self.write(commit)
            if last and ends == "before the mark":
                return
            self.mark = commit.mark
        if not planned.now:
            self.mark = planned.mark

    @precondition(lambda self: self.stalled_mart)
    @rule()
    def wake_stalled_mart(self) -> None:
        """It does not know that its lease is another's; only a commit in between is noticed."""
        assert self.stalled_mart is not None
        commit, self.stalled_mart = self.stalled_mart, None
        if commit.changes == self.changes:
            self.write(commit)
            self.mark = commit.mark

    def compute(self, piece: Piece) -> Commit:
        lake, whole = self.lake(), set(piece.days)
        sessions = {event.whose for event in self.events if event.local(self.zones) in whole}
        sessions |= {whose for day in whole for whose in self.mart.get(day, {})}
        known = [day for day, rows in self.mart.items() if sessions & rows.keys()]
        told = [event.local(self.zones) for event in self.events if event.whose in sessions and not event.is_view]
        every = {event.local(self.zones) for event in self.events if event.whose in sessions}

        def look(reach: set[Day], close: set[Day]) -> set[Day]:
            return ({*known, *told} & reach) | (every & close)

        theirs = other_days(piece.days, lake.days(), look, REACH)
        # A transform sees no more than what it is given.
        read = [
            event
            for event in self.events
            if event.local(self.zones) in whole or (event.local(self.zones) in theirs and event.whose in sessions)
        ]
        made = rows_of(read, self.zones, self.rules)
        others, there = theirs - lake.frozen(), self.numbers_of(sessions)
        return Commit(self.holder, self.changes, piece.days, others, sessions, made, piece.mark, there)

    def numbers_of(self, sessions: Iterable[Session]) -> dict[Session, set[int]]:
        return {whose: {event.number for event in self.events if event.whose == whose} for whose in sessions}

    def write(self, commit: Commit) -> None:
        self.changes += 1
        for day in commit.whole:
            self.mart[day] = dict(commit.made.get(day, {}))
        for day in commit.others:
            stay = {whose: row for whose, row in self.mart.get(day, {}).items() if whose not in commit.sessions}
            theirs = {whose: row for whose, row in commit.made.get(day, {}).items() if whose in commit.sessions}
            self.mart[day] = stay | theirs
        self.there |= commit.there

    @precondition(lambda self: self.events)
    @rule(data=st.data(), ends=st.sampled_from(["done", "after the note", "before the mart"]))
    def forget(self, data: st.DataObject, ends: str) -> None:
        whose = data.draw(st.sampled_from(sorted({event.whose for event in self.events})))
        self.holder += 1
        self.raw = [event for event in self.raw if event.whose != whose]
        days = [day for day, rows in self.mart.items() if whose in rows]
        self.note((), [event for event in self.events if event.whose == whose])
        seq = next_seq(self.touches)
        self.touches += [Touch(seq, app, utc) for app, day in days for utc in utc_days(day, ZoneInfo(self.zones[app]))]
        if ends == "after the note":
            return
        self.events = [event for event in self.events if event.whose != whose]
        if ends == "done":
            self.changes += 1
            for day in days:
                del self.mart[day][whose]

    @rule(data=st.data(), ends=st.sampled_from(["done", "after the note"]))
    def rebuild(self, data: st.DataObject, ends: str) -> None:
        days = sorted({event.received for event in self.raw})
        if not days:
            return
        day = data.draw(st.sampled_from(days))
        self.holder += 1
        waiting = {event.number for event in (self.stalled[1] if self.stalled else [])}
        come = [event for event in self.raw if event.received == day and event.number not in waiting]
        self.note(come, [event for event in self.events if event.received == day])
        if ends == "done":
            self.events = [event for event in self.events if event.received != day]
            self.store(come)

    @rule(app=st.sampled_from([None, *sorted(ZONES)]))
    def note_without_days(self, app: str | None) -> None:
        """Who does not know what it changes notes everything."""
        self.holder += 1
        self.touches.append(Touch(next_seq(self.touches), app))

    @rule(days=st.integers(1, 3))
    def pass_days(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def maintain(self) -> None:
        """Remove what has expired; of the mart only days of which there is no event any more."""
        self.holder += 1
        kept = self.lake().kept_from
        self.events = [event for event in self.events if event.received >= kept]
        self.raw = [event for event in self.raw if event.received >= kept]
        self.changes += 1
        held = {(event.app, event.day + timedelta(days=step)) for event in self.events for step in (-1, 0, 1)}
        self.mart = {day: rows for day, rows in self.mart.items() if day in held or day[1] >= kept}

    @rule(zone=st.sampled_from(["Asia/Seoul", "Asia/Kolkata", "America/New_York"]))
    def change_zone(self, zone: str) -> None:
        self.zones["shop"] = zone

    @rule(app=st.sampled_from(sorted(ZONES)))
    def change_goals_or_page_rules(self, app: str) -> None:
        self.rules[app] += 1

    @precondition(lambda self: self.mark)
    @rule()
    def fold_notes(self) -> None:
        """What every mart has seen is put together; the plan of the next run is the same."""
        assert self.mark is not None
        self.holder += 1
        before = plan(self.lake(), self.mark, self.version, self.digests)
        self.touches = list(folded(self.touches, self.mark.upto))
        assert plan(self.lake(), self.mark, self.version, self.digests) == before

    @rule()
    def change_transform(self) -> None:
        self.declared += 1

    def unjudged(self) -> set[Session]:
        """Sessions of which nothing can be said any more: events have expired, or came late to a frozen day."""
        lake = self.lake()
        expired = {event.whose for event in self.ever if event.received < lake.kept_from}
        frozen = {(event.whose, event.local(self.zones)) for event in self.ever} & {
            (event.whose, day) for event in self.ever for day in lake.frozen()
        }
        seen = self.numbers_of({whose for whose, _ in frozen})
        late = {whose for whose, day in frozen if whose not in self.mart.get(day, {})}
        return expired | late | {whose for whose, numbers in seen.items() if self.there.get(whose) != numbers}

    def differing(self) -> set[Day]:
        """Days that are not what the events say."""
        unjudged, frozen = self.unjudged(), self.lake().frozen()
        found = []
        for rows in (rows_of(self.events, self.zones, self.rules), self.mart):
            judged = {
                day: {whose: row for whose, row in held.items() if whose not in unjudged} for day, held in rows.items()
            }
            found.append({day: held for day, held in judged.items() if held and day not in frozen})
        truth, mart = found
        return {day for day in truth.keys() | mart.keys() if truth.get(day) != mart.get(day)}

    @invariant()
    def receipt_names_every_day_that_differs(self) -> None:
        """What differs is due or waits, or is another day of a session that is there on such a day."""
        if self.mark is None:
            return
        planned = plan(self.lake(), self.mark, self.version, self.digests, waiting=True)
        named = set(planned.now)
        sessions = {event.whose for event in self.ever if event.local(self.zones) in named}
        sessions |= {whose for day in named for whose in self.mart.get(day, {})}
        beyond = {event.local(self.zones) for event in self.ever if event.whose in sessions}
        assert self.differing() <= named | beyond

    @rule()
    def finish(self) -> None:
        if self.stalled:
            self.wake_stalled_ingest()
        if self.stalled_mart:
            self.wake_stalled_mart()
        self.run_mart(everything=False, waiting=True, most=100, stops_after=1000, ends="between commits")

        assert self.differing() == set()


TestLakeMachine = LakeMachine.TestCase
TestLakeMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, phases=PHASES)


def touched(*days: tuple[int, date, int]) -> tuple[Touch, ...]:
    return tuple(Touch(seq, "shop", day, rows, day) for seq, day, rows in days)


def lake_of_touches(touches: tuple[Touch, ...], today: date) -> Lake:
    return Lake(touches, lambda _app: ZoneInfo("UTC"), today)


def test_old_day_waits_when_few_of_its_events_are_new_and_is_due_after_a_week_or_when_asked() -> None:
    old, today = date(2026, 11, 1), date(2026, 11, 20)
    lake = lake_of_touches(touched((1, old, 10_000), (2, old, 10)), today)
    mark = Mark("v", 1)

    waits = plan(lake, mark, "v")
    asked = plan(lake, mark, "v", waiting=True)
    week_later = msgspec.structs.replace(lake, today=today + timedelta(days=7))

    assert (waits.now, waits.mark.waiting) == ((), {("shop", old): Waiting(today, 10)})
    assert asked.now == (("shop", old),)
    assert asked.mark == Mark("v", 2)
    assert plan(week_later, waits.mark, "v").now == (("shop", old),)


def test_old_day_is_due_when_more_than_a_thousandth_of_its_events_is_new() -> None:
    old, today = date(2026, 11, 1), date(2026, 11, 20)

    assert plan(lake_of_touches(touched((1, old, 10_000), (2, old, 11)), today), Mark("v", 1), "v").now == (
        ("shop", old),
    )


def test_old_day_is_due_at_once_when_rows_of_it_were_deleted() -> None:
    old, today = date(2026, 11, 1), date(2026, 11, 20)
    lake = lake_of_touches((*touched((1, old, 10_000)), Touch(2, "shop", old)), today)

    assert plan(lake, Mark("v", 1), "v").now == (("shop", old),)


def test_other_days_are_those_before_and_after_as_long_as_sessions_go_on_and_those_known_within_reach() -> None:
    days = [("shop", date(2026, 1, 1) + timedelta(days=number)) for number in range(120)]
    read = {days[63], days[64], days[65], days[67]}
    known = {days[5], days[35], days[99]}

    def look(reach: set[Day], close: set[Day]) -> set[Day]:
        return (known & reach) | (read & close)

    # The 67th is beside no day with them, so nothing is known of it; the 35th is 29 days away, the 5th 30 from there;
    # the 99th is more than 30 from each.
    assert other_days([days[63]], days, look) == {days[5], days[35], days[64], days[65]}


@given(st.sets(st.integers(1, 99)), st.sets(st.integers(1, 99)), st.integers(0, 40))
def test_near_days_are_those_at_most_so_far_from_one_of_the_given(
    given_days: set[int], known: set[int], most: int
) -> None:
    def days(numbers: set[int]) -> set[Day]:
        return {("shop", date.fromordinal(number)) for number in numbers}

    found = near(days(given_days), days(known) | {("blog", date.min)}, most)

    assert found == days({one for one in known if any(abs(one - other) <= most for other in given_days)})


def test_day_is_frozen_when_its_earliest_events_may_have_expired_and_not_when_only_its_date_is_old() -> None:
    day, today = date(2016, 5, 5), date(2026, 11, 20)
    fresh = (Touch(1, "shop", day, 5, today),)
    stale = (Touch(1, "shop", day, 5, date(2025, 1, 1)), Touch(2, "shop", day, 5, today))
    kept = date(2026, 1, 1)

    assert plan(Lake(fresh, lambda _app: ZoneInfo("UTC"), today, kept), None, "v").now == (("shop", day),)
    late = plan(Lake(stale, lambda _app: ZoneInfo("UTC"), today, kept), Mark("v", 1), "v", waiting=True)
    assert (late.now, late.frozen) == ((), (("shop", day),))


def test_frozen_days_among_touches_are_the_local_days_that_their_utc_days_reach_into() -> None:
    kept, utc_day = date(2026, 11, 1), date(2026, 10, 5)
    notes = (Touch(1, "shop", utc_day, 5, date(2026, 10, 5)), Touch(2, "shop", date(2026, 11, 9), 5, date(2026, 11, 9)))
    lake = Lake(notes, lambda app: ZoneInfo(ZONES[app]), date(2026, 11, 20), kept)

    def among(*days: tuple[str, date]) -> set[Day]:
        return lake.frozen_among(Touch(0, app, day) for app, day in days)

    # The UTC day ends at 9 in the morning of Seoul's next one.
    assert among(("shop", utc_day), ("shop", date(2026, 11, 9))) == {("shop", utc_day), ("shop", date(2026, 10, 6))}
    assert among(("shop", date(2026, 10, 6))) == {("shop", date(2026, 10, 6))}
    assert among(("blog", utc_day)) == among() == set()


def test_plan_goes_newest_first_in_bounded_pieces_whose_marks_hold_what_is_left() -> None:
    first = date(2026, 11, 1)
    days = [first + timedelta(days=number) for number in range(4)]
    lake = lake_of_touches(touched(*((1, day, 2) for day in days)), days[-1])

    planned = plan(lake, None, "v")
    pieces = list(planned.pieces(4))

    assert planned.now == tuple(("shop", day) for day in reversed(days))
    assert [piece.runs for piece in pieces] == [(Run("shop", days[2], days[3]),), (Run("shop", days[0], days[1]),)]
    assert pieces[0].mark.waiting == {("shop", day): MUST for day in days[:2]}
    assert pieces[1].mark == Mark("v", 1)


def test_piece_has_no_more_runs_than_allowed_and_a_run_passes_over_days_without_events() -> None:
    first = date(2026, 11, 1)
    days = [first + timedelta(days=2 * number) for number in range(6)]
    lake = lake_of_touches(touched(*((1, day, 1) for day in days), (2, days[1], 0)), days[-1])

    whole = list(plan(lake, None, "v").pieces())
    # The second day is not due: it parts the others.
    mark = Mark("v", 2, {("shop", day): MUST for day in days if day != days[1]})
    parted = plan(lake, mark, "v")

    assert [piece.runs for piece in whole] == [(Run("shop", days[0], days[-1]),)]
    assert [piece.runs for piece in parted.pieces()] == [
        (Run("shop", days[0], days[0]), Run("shop", days[2], days[-1]))
    ]
    assert [piece.days for piece in parted.pieces(most_runs=1)] == [
        tuple(("shop", day) for day in reversed(days[2:])),
        (("shop", days[0]),),
    ]


def test_days_beside_are_computed_too_when_another_zone_may_have_left_rows_there() -> None:
    day = date(2026, 11, 5)
    lake = lake_of_touches(touched((1, day, 5)), day)

    first = plan(lake, None, "v")
    changed = plan(lake, Mark("other", 1), "v")

    assert first.now == (("shop", day),)
    assert changed.now == tuple(("shop", day + timedelta(days=step)) for step in (1, 0, -1))


def test_only_the_app_whose_rules_changed_is_computed_anew() -> None:
    day = date(2026, 11, 5)
    lake = Lake((Touch(1, "shop", day, 5, day), Touch(1, "blog", day, 5, day)), lambda _app: ZoneInfo("UTC"), day)
    mark = Mark("v", 1, {}, {"": "a", "blog": "b"})

    def due(**rules: str) -> set[str]:
        return {app for app, _day in plan(lake, mark, "v", {"": "a"} | rules).now}

    assert due(blog="b") == due(blog="b", new="c") == set()
    assert due(blog="b", shop="c") == {"shop"}
    # An app that the settings name no more follows the rules of all others.
    assert due() == {"blog"}
    assert plan(lake, mark, "v", {"": "a", "blog": "b"}).mark == mark


@given(
    st.lists(
        st.builds(
            Touch,
            st.integers(1, 6),
            st.sampled_from([None, "shop", "blog"]),
            st.sampled_from([None, START, START + timedelta(days=1)]),
            st.integers(0, 3),
            st.sampled_from([None, START, START + timedelta(days=2)]),
        )
    ),
    st.integers(0, 7),
)
@settings(max_examples=40)
def test_notes_read_from_their_table_are_put_together_alike(touches: list[Touch], upto: int) -> None:
    rows = [msgspec.structs.asdict(touch) for touch in touches]
    schema = table_schema("touched", COLUMNS)
    last = max((touch.seq for touch in touches), default=0)

    found = touches_of(pa.Table.from_pylist(rows, schema), upto)

    assert Counter(found) == Counter(folded(touches, min(upto, last)))


def test_day_waits_and_is_due_next_while_the_source_has_yet_to_compute_it() -> None:
    old, new = ("shop", date(2026, 11, 1)), ("shop", date(2026, 11, 20))
    lake = lake_of_touches(touched((1, old[1], 5), (1, new[1], 5)), new[1])

    behind = after(plan(lake, None, "v"), Mark("s", 1, {old: Waiting(new[1], 1)}))
    later = after(plan(lake, behind.mark, "v"), Mark("s", 1))

    assert (behind.now, behind.mark.waiting) == ((new,), {old: MUST})
    assert (later.now, later.mark.waiting) == ((old,), {})


def test_lake_of_settings_has_their_zones_and_keeps_events_as_long_as_they_say() -> None:
    apps = (AppSettings("shop", "pk_shop_1", timezone="Asia/Seoul"),)
    now = datetime(2026, 11, 20, 1, tzinfo=UTC)

    kept = lake_of(Settings(apps=apps, retention=RetentionSettings(raw_days=5)), (), now)
    forever = lake_of(Settings(retention=RetentionSettings(tables={"events": 0})), (), now)

    assert (kept.zones("shop").key, kept.zones("gone").key) == ("Asia/Seoul", "UTC")
    assert (kept.kept_from, forever.kept_from) == (date(2026, 11, 16), date.min)


def test_days_in_words_are_sorted_runs_by_app() -> None:
    days = [("shop", date(2026, 11, number)) for number in (5, 3, 1, 4)] + [("blog", date(2026, 11, 2))]

    assert in_words(days) == ["blog 2026-11-02", "shop 2026-11-01", "shop 2026-11-03 to 2026-11-05"]


@given(st.sets(st.tuples(st.sampled_from(["a", "b"]), st.dates(date(2026, 1, 1), date(2026, 1, 20)))), st.data())
def test_runs_hold_every_chosen_day_and_no_other_known_one(known: set[Day], data: st.DataObject) -> None:
    chosen = {day for day in known if data.draw(st.booleans())}

    runs = runs_of(chosen, places(known))

    assert {
        day for day in known if any(run.app == day[0] and run.first <= day[1] <= run.last for run in runs)
    } == chosen
    assert list(runs) == sorted(runs)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.dates(date(2026, 1, 1), date(2026, 1, 20)), st.integers(0, 4))),
    st.sampled_from(["Asia/Seoul", "America/New_York", "UTC"]),
)
def test_utc_runs_hold_the_utc_days_of_every_local_day_and_never_touch_each_other(
    days: list[tuple[str, date, int]], name: str
) -> None:
    runs = [Run(app, first, first + timedelta(days=more)) for app, first, more in days]
    zone = ZoneInfo(name)

    found = utc_runs(runs, lambda _app: zone)

    wanted = {
        (run.app, utc)
        for run in runs
        for number in range((run.last - run.first).days + 1)
        for utc in utc_days(run.first + timedelta(days=number), zone)
    }
    held = [
        (run.app, run.first + timedelta(days=number))
        for run in found
        for number in range((run.last - run.first).days + 1)
    ]
    assert set(held) == wanted
    assert len(held) == len(wanted)


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2040, 1, 1)),
    st.sampled_from(["Asia/Seoul", "Asia/Kolkata", "America/New_York", "Pacific/Apia", "UTC", "Pacific/Kiritimati"]),
)
def test_local_and_utc_days_hold_each_other(naive: datetime, name: str) -> None:
    moment, zone = naive.replace(tzinfo=UTC), ZoneInfo(name)
    local = moment.astimezone(zone).date()

    assert local in local_days(moment.date(), zone)
    assert moment.date() in utc_days(local, zone)
