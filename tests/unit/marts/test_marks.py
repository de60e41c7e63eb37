"""A mart's mark goes into properties and comes back, small however many days wait."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import SetupError
from logdig.marts.marks import UPTO, VERSION, WAITING, from_properties, to_properties
from logdig.marts.progress import MUST, Mark, Waiting

FIRST = date(2016, 1, 1)
STATES = st.sampled_from([MUST, Waiting(date(2026, 11, 1), 3), Waiting(date(2026, 11, 1), 4)])
RULES = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3)
DAYS = st.tuples(st.sampled_from(["shop", "blog", "a'b\\"]), st.dates(FIRST, date(2016, 1, 20)))


@given(
    st.builds(
        Mark,
        st.text(min_size=1),
        st.integers(0, 2**60),
        st.dictionaries(DAYS, STATES),
        st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
    )
)
def test_mark_comes_back_from_properties_as_it_was(mark: Mark) -> None:
    assert from_properties(to_properties(mark)) == mark


def test_mart_has_no_mark_when_it_was_never_computed() -> None:
    assert from_properties({"write.format.default": "parquet"}) is None


def test_ten_years_of_200_apps_that_wait_with_gaps_fit_into_a_property() -> None:
    days = [(f"app{app}", FIRST + timedelta(days=number)) for app in range(200) for number in range(3650)]
    waiting = {day: MUST for day in days if (day[1].toordinal() * 7919 + len(day[0])) % 10}

    text = to_properties(Mark("1-abc", 7, waiting))[WAITING]

    assert len(waiting) > 600_000
    assert len(text) < 100_000


@pytest.mark.parametrize("spoilt", [{WAITING: "no base64"}, {WAITING: "aGFsbG8="}, {UPTO: "many"}])
def test_spoilt_mark_is_refused_with_the_next_step(spoilt: dict[str, str]) -> None:
    properties = to_properties(Mark("1-abc", 7, {("shop", FIRST): MUST}))

    with pytest.raises(SetupError, match=f"table sessions: .*unset {VERSION}"):
        from_properties(properties | spoilt, "sessions")
