"""Times of rows never overflow later, and no row alone moves all others."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import InputError
from logdig.files.moments import EARLIEST, Span, TimeRules, shift_to

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONES = ("UTC", "Asia/Seoul", "America/New_York", "Pacific/Kiritimati", "Asia/Manila", "Africa/Monrovia")


def rules(zone: str = "UTC", newest: datetime | None = None) -> TimeRules:
    return TimeRules(ZoneInfo(zone), NOW, newest)


@given(
    st.datetimes(timezones=st.none() | st.sampled_from([UTC, timezone(timedelta(hours=14)), ZoneInfo("Asia/Seoul")])),
    st.sampled_from(ZONES),
    st.integers(-10_000_000, 10_000_000),
)
def test_time_is_an_instant_that_the_wire_takes_or_refused_with_a_reason(
    moment: datetime, zone: str, days: int
) -> None:
    times = rules(zone)
    with suppress(ValueError):
        instant = times.instant(moment, timedelta(days=days))
        assert instant.tzinfo is UTC
        assert -720 <= times.minutes_east(instant) <= 840 or instant < EARLIEST


@pytest.mark.parametrize("zone", ZONES)
def test_time_is_refused_when_a_shift_moves_it_out_of_the_years(zone: str) -> None:
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        rules(zone).instant(datetime(2020, 1, 5), timedelta(days=3_000_000))


def test_shift_keeps_the_local_hour_over_a_change_of_the_zone() -> None:
    times = rules("America/New_York")
    winter = datetime(2025, 1, 15, 8)

    summer = times.instant(winter, timedelta(days=180))

    assert times.local(summer).hour == 8
    assert (times.minutes_east(times.instant(winter)), times.minutes_east(summer)) == (-300, -240)


def test_repeated_hour_stays_two_when_times_have_a_zone() -> None:
    times = rules("America/New_York")
    first, second = datetime(2025, 11, 2, 5, 30, tzinfo=UTC), datetime(2025, 11, 2, 6, 30, tzinfo=UTC)

    assert [times.instant(moment) for moment in (first, second)] == [first, second]
    assert [times.minutes_east(moment) for moment in (first, second)] == [-240, -300]


def test_row_after_newest_is_refused() -> None:
    times = rules("Asia/Seoul", datetime(2025, 5, 1, 9))

    assert times.instant(datetime(2025, 5, 1, 0, tzinfo=UTC)) == datetime(2025, 5, 1, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="later than --newest 2025-05-01 09:00:00"):
        times.instant(datetime(2025, 5, 1, 9, 0, 1))


def span_of(*days: float) -> Span:
    span = Span()
    for line, day in enumerate(days, 1):
        span.add(datetime(2020, 1, 1) + timedelta(days=day), line)
    return span


@pytest.mark.parametrize("days", [(0, 5, 36), (36, 0, 5), (0, 31), (0, 0, 400), (0, 100, 201), (0, 36.5, 5, 36.5)])
def test_newest_row_stops_a_shift_when_it_is_later_than_a_month_and_than_all_before_it(days: tuple[float, ...]) -> None:
    line = days.index(max(days)) + 1

    with pytest.raises(InputError, match=f"line {line}: .* would steer --shift-to-now"):
        span_of(*days).check()


@pytest.mark.parametrize("days", [(), (4,), (3, 3), (0, 30), (0, 5, 34), (0, 100, 200), (200, 0, 100)])
def test_newest_row_steers_a_shift_when_it_is_near_the_others(days: tuple[float, ...]) -> None:
    span_of(*days).check()


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2030, 1, 1)), st.datetimes(datetime(1971, 1, 1), datetime(2030, 1, 1))
)
def test_shift_keeps_the_time_of_day_and_ends_before_now(now: datetime, newest: datetime) -> None:
    moved = newest + shift_to(now, newest)

    assert moved.time() == newest.time()
    assert now - timedelta(days=1) < moved <= now
