"""The releases that questions know: the owner's list and the versions that pages showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.questions.releases import is_fingerprint, releases_of
from logdig.store.releases import Release

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RELEASE = st.builds(
    lambda hours, app, name: Release(NOON + timedelta(hours=hours), app, name),
    st.integers(0, 50), st.sampled_from(["shop", "blog"]), st.sampled_from(["1", "2", "3", "~ab", ""]),
)  # fmt: skip


@given(st.lists(RELEASE.filter(lambda one: one.name in ("1", "2")), unique_by=lambda one: (one.app, one.name)),
       st.lists(RELEASE))  # fmt: skip
def test_releases_are_the_owners_and_those_that_pages_showed_first(listed: list[Release], seen: list[Release]) -> None:
    merged = releases_of(listed, seen)

    expected = {}
    for app in ("shop", "blog"):
        for name in ("1", "2", "3"):
            owners = [one.at for one in listed if (one.app, one.name) == (app, name)]
            shown = [one.at for one in seen if (one.app, one.name) == (app, name)]
            if owners or shown:
                expected[app, name] = owners[0] if owners else min(shown)
    assert {(one.app, one.name): one.at for one in merged} == expected
    assert len(merged) == len(expected)
    assert [one.at for one in merged] == sorted(one.at for one in merged)
    assert releases_of(listed, seen, "blog") == [one for one in merged if one.app == "blog"]


@given(st.integers(0, 2**32 - 1))
def test_older_fingerprint_is_no_release_when_it_has_six_characters_or_more_with_a_letter(bits: int) -> None:
    digits, rest = "", bits
    while rest or not digits:
        rest, digit = divmod(rest, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits

    assert is_fingerprint(f"~{digits}")
    assert is_fingerprint(digits) == (len(digits) >= 6 and not digits.isdigit())


@pytest.mark.parametrize("version", ["1", "2.1.0", "v7", "202611", "20261124", "9fceb02", "2026-11-24.3", "release-7"])
def test_version_that_people_write_is_a_release(version: str) -> None:
    assert releases_of([], [Release(NOON, "shop", version)]) == [Release(NOON, "shop", version)]


def test_version_in_the_form_of_a_fingerprint_is_a_release_when_the_owner_lists_it() -> None:
    seen = Release(NOON, "shop", "k3x0f2")

    assert releases_of([], [seen]) == []
    assert releases_of([seen], [seen]) == [seen]
