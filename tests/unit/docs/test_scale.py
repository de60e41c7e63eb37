"""Scale on paper: hand-worked steps, and a simulation that neither loses nor invents events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scale import INTERVAL_SECONDS, PAGE, RUN_SECONDS, Step, catch_up_seconds, filled

DOORS = st.sampled_from(["function-url", "server"])


def test_step_equals_the_hand_worked_numbers_of_ten_thousand_events_a_second() -> None:
    step = Step(10_000, "function-url")

    # 1,000 requests a second x 0.025 s = 25 at once. A flusher: 4 receivers x 10 / (2 x 0.010 s) = 2,000 messages of
    # ten = 20,000 a second, of which 200 / 300 of the time: 13,333, so one is enough.
    assert (step.collectors, step.flusher_events, step.flushers) == (25, 20_000, 1)
    # 288 runs + 8.64e8 x 750 / 16,777,216 = 38,624.
    assert step.objects_a_day == 288 + 38_624
    # 864 M a day, a million of them: ingest 25 s, marts 89 x (1 + 2 + 27/7) = 610.29, ledger 10, writing together 8,
    # search for copies 4.3452 times a month = 4.35, model 2 x 12 months x 30.4167 days = 730. 1,387.63 s in all,
    # / 0.7 of paid time at work / 16 / 3600.
    assert step.run_hours == pytest.approx(864 * 1387.63 / 0.7 / 16 / 3600, rel=1e-4)


def test_outage_is_caught_up_after_the_hand_worked_time() -> None:
    # 36 M queued; a run takes 4 M while 3 M arrive: 33 runs until one interval's 3 M are left, 165 minutes.
    assert catch_up_seconds(Step(10_000, "function-url"), 1) == 33 * INTERVAL_SECONDS


def test_backlog_never_ends_when_flushers_only_carry_what_arrives() -> None:
    step = Step(20_000 * RUN_SECONDS / INTERVAL_SECONDS, "function-url")

    assert catch_up_seconds(step, 1) is None


@given(st.floats(1, 1e6), DOORS, st.integers(1, 10))
def test_more_flushers_never_catch_up_later(rate: float, door: str, more: int) -> None:
    step = Step(rate, door)  # type: ignore[arg-type]
    found = [catch_up_seconds(step, count) for count in (step.flushers, step.flushers + more)]

    assert found[1] is not None
    assert found[0] is None or found[1] <= found[0]


@given(st.floats(1, 1e6), DOORS)
def test_flushers_of_a_step_carry_what_arrives(rate: float, door: str) -> None:
    step = Step(rate, door)  # type: ignore[arg-type]

    assert step.flushers * step.flusher_events * RUN_SECONDS >= rate * INTERVAL_SECONDS * (1 - 1e-9)


def test_page_holds_fresh_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert filled(text) == text, "run: .venv/bin/python bench/scale.py --write"
