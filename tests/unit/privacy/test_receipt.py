"""What a receipt says of the days whose sums stay; Spark's part, which finds the days, is told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from analytics.privacy import erasure, table_erasure
from logdig.config.retention import RetentionSettings
from logdig.config.settings import AppSettings, Settings
from logdig.marts.progress import Touch
from logdig.privacy.person import Person
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SETTINGS = Settings(
    apps=(AppSettings(name="shop", token="pk_shop_12345678"),), retention=RetentionSettings(raw_days=10, bad_days=10)
)
OLD, FRESH = date(2026, 11, 3), date(2026, 11, 20)
NOTES = (Touch(1, "shop", OLD, 5, OLD), Touch(2, "shop", FRESH, 5, FRESH), Touch(3, "blog", OLD, 5, OLD))
DAYS_STEP = "days that marts compute again"
"""The last step before rows are deleted."""
ANY: Any = None


def run_until(store: FakeStore, last: str) -> erasure.Receipt:
    """Erase up to a step; whoever ran it then dies."""
    one = erasure.PersonErasure(ANY, SETTINGS, store, ANY, Person("user_key", "k" * 20), lambda: NOW)
    receipt = one.open_receipt({})
    for name, act in one.steps(receipt):
        act()
        if name == last:
            break
    return receipt


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> list[Touch]:
    """UTC days on which rows of the person are found."""
    found = [Touch(0, "shop", OLD), Touch(0, "shop", FRESH)]
    monkeypatch.setattr(table_erasure, "touched_days", lambda *_: list(found))
    monkeypatch.setattr(erasure, "note", lambda *_: 4)
    monkeypatch.setattr(erasure, "read_touches", lambda *_: NOTES)
    return found


def test_receipt_names_the_frozen_days_with_rows_of_the_person(days: list[Touch]) -> None:
    assert run_until(FakeStore(), DAYS_STEP).sums_stay == ["shop 2026-11-03"]


def test_days_are_still_told_when_the_run_that_deleted_their_rows_was_interrupted(days: list[Touch]) -> None:
    store = FakeStore()
    run_until(store, DAYS_STEP)
    days.clear()

    again = run_until(store, DAYS_STEP)

    assert again.sums_stay == []
    assert [earlier["sums_stay"] for earlier in again.interrupted] == [["shop 2026-11-03"]]
