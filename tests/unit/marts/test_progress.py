"""Incremental marts in memory: whatever ends when, and whoever overtakes whom, they become what all events say."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from logdig.marts.progress import Day, Lake, Mark, Touch, Waiting, local_days, next_seq, plan, utc_days, widened

START = date(2026, 10, 28)
"""New York sets its clocks back on 1 November."""
ZONES = {"shop": "Asia/Seoul", "blog": "America/New_York"}
KEPT_DAYS = 6
SESSIONS = ("s1", "s2", "s3", "s4")


class Event(NamedTuple):
    number: int
    app: str
    at: datetime
    session: str
    received: date

    @property
    def day(self) -> date:
        return self.at.date()


Rows = dict[Day, set[tuple[object, ...]]]


def rows_of(events: list[Event], zones: dict[str, str]) -> Rows:
    """Sessions by local day as brute force tells them: events, and whether another day comes before or after."""
    days: dict[tuple[str, str], dict[date, set[int]]] = defaultdict(lambda: defaultdict(set))
    for event in events:
        local = event.at.astimezone(ZoneInfo(zones[event.app])).date()
        days[event.app, event.session][local].add(event.number)
    rows: Rows = defaultdict(set)
    for (app, session), held in days.items():
        for day, numbers in held.items():
            rows[app, day].add((session, frozenset(numbers), min(held) < day, max(held) > day))
    return dict(rows)


class LakeMachine(RuleBasedStateMachine):
    """Ingest, marts, erasure and retention, step by step, with crashes, overtaking, late events and changed zones."""

    def __init__(self) -> None:
        super().__init__()
        self.today = START + timedelta(days=3)
        self.zones = dict(ZONES)
        self.events: list[Event] = []
        self.numbers = 0
        self.touches: list[Touch] = []
        self.mart: Rows = {}
        self.mark: Mark | None = None
        self.erased_since = 0
        # Who may commit: the last one that took the lease.
        self.holder = 0
        self.stalled: tuple[int, list[Event]] | None = None

    @property
    def version(self) -> str:
        return f"1 {sorted(self.zones.items())}"

    def lake(self) -> Lake:
        kept = self.today - timedelta(days=KEPT_DAYS - 1)
        return Lake(tuple(self.touches), lambda app: ZoneInfo(self.zones[app]), self.today, kept)

    def note(self, batch: list[Event], *, deleted: bool = False) -> None:
        seq, by_day = next_seq(self.touches), defaultdict[tuple[str, date], list[Event]](list)
        for event in batch:
            by_day[event.app, event.day].append(event)
        for (app, day), rows in by_day.items():
            first = None if deleted else min(event.received for event in rows)
            self.touches.append(Touch(seq, app, day, 0 if deleted else len(rows), first))

    def batch(self, app: str, hours: list[int], session: str) -> list[Event]:
        made = []
        for hour in hours:
            self.numbers += 1
            at = datetime.combine(self.today, datetime.min.time(), UTC) - timedelta(hours=hour)
            made.append(Event(self.numbers, app, at, session, self.today))
        return made

    @rule(
        app=st.sampled_from(sorted(ZONES)),
        hours=st.lists(st.integers(0, 24 * 8), min_size=1, max_size=3),
        session=st.sampled_from(SESSIONS),
        ends=st.sampled_from(["done", "after the note", "stalls after the note"]),
    )
    def ingest(self, app: str, hours: list[int], session: str, ends: str) -> None:
        batch = self.batch(app, hours, session)
        self.holder += 1
        self.note(batch)
        if ends == "done":
            self.events += batch
        elif ends == "stalls after the note":
            self.stalled = self.holder, batch

    @precondition(lambda self: self.stalled)
    @rule()
    def wake_stalled_ingest(self) -> None:
        assert self.stalled is not None
        holder, batch = self.stalled
        if self.holder != holder:
            # Its commit is refused: it takes the lease again and notes again.
            self.holder += 1
            self.note(batch)
        self.events += batch
        self.stalled = None

    @rule(
        everything=st.booleans(),
        waiting=st.booleans(),
        most=st.sampled_from([1, 3, 100]),
        stops_after=st.sampled_from([0, 1, 2, 1000]),
        before_mark=st.booleans(),
    )
    def run_mart(self, everything: bool, waiting: bool, most: int, stops_after: int, before_mark: bool) -> None:
        self.holder += 1
        lake = self.lake()
        planned = plan(lake, self.mark, self.version, everything=everything, waiting=waiting)
        sizes = lake.days()
        if not planned.now and not stops_after:
            return
        for number, (days, mark) in enumerate(planned.pieces(sizes, most)):
            if number == stops_after:
                return
            wide = self.compute(days)
            if number == stops_after - 1 and before_mark:
                return
            kept = {day: state for day, state in mark.waiting.items() if day not in wide}
            self.mark = msgspec.structs.replace(mark, waiting=kept)
        if not planned.now:
            self.mark = planned.mark

    def compute(self, days: tuple[Day, ...]) -> set[Day]:
        truth = rows_of(self.events, self.zones)
        sessions = [
            (f"{day[0]} {row[0]}", day) for rows in (truth, self.mart) for day, held in rows.items() for row in held
        ]
        wide = widened(days, sessions, self.lake().frozen())
        for day in wide:
            self.mart.pop(day, None)
            if day in truth:
                self.mart[day] = truth[day]
        return wide

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(sorted({event.session for event in self.events})))
        self.holder += 1
        gone = [event for event in self.events if event.session == session]
        self.note(gone, deleted=True)
        self.events = [event for event in self.events if event.session != session]

    @rule()
    def rebuild(self) -> None:
        self.holder += 1
        self.touches.append(Touch(next_seq(self.touches)))

    @rule(days=st.integers(1, 3))
    def pass_days(self, days: int) -> None:
        self.today += timedelta(days=days)
        kept = self.lake().kept_from
        self.events = [event for event in self.events if event.received >= kept]

    @rule(zone=st.sampled_from(["Asia/Seoul", "Asia/Kolkata", "America/New_York"]))
    def change_zone(self, zone: str) -> None:
        self.zones["shop"] = zone

    def differing(self) -> set[Day]:
        """Days that are not what the events say; a frozen day, and a session that reaches into one, is not judged."""
        frozen, truth = self.lake().frozen(), rows_of(self.events, self.zones)
        unjudged = {
            (day[0], row[0]) for rows in (truth, self.mart) for day in frozen & rows.keys() for row in rows[day]
        }
        judged: list[Rows] = [
            {
                day: left
                for day, held in rows.items()
                if day not in frozen and (left := {row for row in held if (day[0], row[0]) not in unjudged})
            }
            for rows in (truth, self.mart)
        ]
        return {day for day in judged[0].keys() | judged[1].keys() if judged[0].get(day) != judged[1].get(day)}

    @invariant()
    def receipt_names_every_day_that_differs(self) -> None:
        if self.mark is None or self.mark.version != self.version:
            return
        planned = plan(self.lake(), self.mark, self.version, waiting=True)
        sessions = [
            (f"{day[0]} {row[0]}", day)
            for rows in (rows_of(self.events, self.zones), self.mart)
            for day, held in rows.items()
            for row in held
        ]
        assert self.differing() <= widened(planned.now, sessions)

    @rule()
    def finish(self) -> None:
        if self.stalled:
            self.wake_stalled_ingest()
        self.run_mart(everything=False, waiting=True, most=100, stops_after=1000, before_mark=False)

        assert self.differing() == set()


TestLakeMachine = LakeMachine.TestCase
TestLakeMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def touched(*days: tuple[int, date, int]) -> tuple[Touch, ...]:
    return tuple(Touch(seq, "shop", day, rows, day) for seq, day, rows in days)


def lake_of(touches: tuple[Touch, ...], today: date) -> Lake:
    return Lake(touches, lambda _app: ZoneInfo("UTC"), today)


def test_old_day_waits_when_few_of_its_events_are_new_and_is_due_after_a_week_or_when_asked() -> None:
    old, today = date(2026, 11, 1), date(2026, 11, 20)
    lake = lake_of(touched((1, old, 10_000), (2, old, 10)), today)
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

    assert plan(lake_of(touched((1, old, 10_000), (2, old, 11)), today), Mark("v", 1), "v").now == (("shop", old),)


def test_old_day_is_due_at_once_when_rows_of_it_were_deleted() -> None:
    old, today = date(2026, 11, 1), date(2026, 11, 20)
    lake = lake_of((*touched((1, old, 10_000)), Touch(2, "shop", old)), today)

    assert plan(lake, Mark("v", 1), "v").now == (("shop", old),)


def test_other_days_of_a_session_are_computed_too_when_one_of_its_days_is() -> None:
    first, second, third = (("shop", date(2026, 11, number)) for number in (1, 2, 3))
    sessions = [("a", first), ("a", second), ("b", second), ("b", third)]

    assert widened([first], sessions) == {first, second}
    assert widened([second], sessions) == {first, second, third}
    assert widened([second], sessions, frozen=[third]) == {first, second}


def test_day_is_frozen_when_its_earliest_events_may_have_expired_and_not_when_only_its_date_is_old() -> None:
    day, today = date(2016, 5, 5), date(2026, 11, 20)
    fresh = (Touch(1, "shop", day, 5, today),)
    stale = (Touch(1, "shop", day, 5, date(2025, 1, 1)), Touch(2, "shop", day, 5, today))
    kept = date(2026, 1, 1)

    assert plan(Lake(fresh, lambda _app: ZoneInfo("UTC"), today, kept), None, "v").now == (("shop", day),)
    late = plan(Lake(stale, lambda _app: ZoneInfo("UTC"), today, kept), Mark("v", 1), "v", waiting=True)
    assert (late.now, late.frozen) == ((), (("shop", day),))


def test_plan_goes_newest_first_in_bounded_pieces_whose_marks_hold_what_is_left() -> None:
    first = date(2026, 11, 1)
    days = [first + timedelta(days=number) for number in range(4)]
    lake = lake_of(touched(*((1, day, 2) for day in days)), days[-1])

    planned = plan(lake, None, "v")
    pieces = list(planned.pieces(lake.days(), 4))

    assert planned.now == tuple(("shop", day) for day in reversed(days))
    assert [len(piece) for piece, _ in pieces] == [2, 2]
    assert set(pieces[0][1].waiting) == {("shop", day) for day in days[:2]}
    assert all(state.must for state in pieces[0][1].waiting.values())
    assert pieces[1][1] == Mark("v", 1)


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2040, 1, 1)),
    st.sampled_from(["Asia/Seoul", "Asia/Kolkata", "America/New_York", "Pacific/Apia", "UTC", "Pacific/Kiritimati"]),
)
def test_local_and_utc_days_hold_each_other(naive: datetime, name: str) -> None:
    moment, zone = naive.replace(tzinfo=UTC), ZoneInfo(name)
    local = moment.astimezone(zone).date()

    assert local in local_days(moment.date(), zone)
    assert moment.date() in utc_days(local, zone)
