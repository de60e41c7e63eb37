"""Which model serves: the last good one, unless the owner says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logdig.errors import StoreUnavailableError
from logdig.store.state.model_choices import CHOICES_KEY, Choice, approve, choice_key, pin, read_choices, serving
from tests.fakes.store import FakeStore

FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def row(day: int, version: str, *, passed: bool = True, accepted: bool | None = True) -> dict[str, Any]:
    return {
        "trained_at": FIRST + timedelta(days=day), "model_version": version, "passed": passed, "accepted": accepted,
        "coefficients": "{}",
    }  # fmt: skip


ROWS = [
    row(3, "refused", passed=False, accepted=False),
    row(2, "waits", accepted=False),
    row(0, "older", accepted=None),
    row(1, "good"),
]


@pytest.mark.parametrize(
    ("choice", "version"),
    [
        (Choice(), "good"),
        (Choice(approved=("waits",)), "waits"),
        (Choice("older"), "older"),
        (Choice("gone"), None),
        (Choice("refused"), None),
        (Choice(approved=("refused",)), "good"),
    ],
)
def test_last_good_model_serves_unless_the_owner_says_otherwise(choice: Choice, version: str | None) -> None:
    found = serving(ROWS, choice)

    assert (found and found["model_version"]) == version


def test_choices_are_kept_by_app_and_offer_and_approval_ends_a_rollback() -> None:
    store = FakeStore()

    pin(store, "shop", "A", "older")
    approve(store, "blog", "A", "x")
    assert read_choices(store) == {
        choice_key("shop", "A"): Choice("older"),
        choice_key("blog", "A"): Choice(None, ("x",)),
    }
    approve(store, "shop", "A", "waits")

    assert read_choices(store)[choice_key("shop", "A")] == Choice(None, ("waits",))


def test_object_that_is_no_list_of_choices_is_named() -> None:
    store = FakeStore()
    store.put_tagged(CHOICES_KEY, b"[]", None)

    with pytest.raises(StoreUnavailableError, match=r"state/models\.json holds no choices"):
        read_choices(store)
