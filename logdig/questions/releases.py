"""The releases of a site: those that the owner added, and versions that its pages showed. Source: docs/releases.md."""

from __future__ import annotations

import re
from collections.abc import Iterable

from logdig.store.releases import FINGERPRINT, Release

OLDER = re.compile(r"(?=.*[a-z])([0-9a-z]{6}|1[0-9a-z]{6})")
"""Fingerprints that trackers sent before they marked them: 32 bits to the base of 36. 98.6 % have six or seven
characters; shorter ones, and those of digits alone, are taken for the versions that they more often are."""


def is_fingerprint(version: str) -> bool:
    """Say whether a page's version is a fingerprint, marked or of an older tracker; the owner's list overrules it."""
    return version.startswith(FINGERPRINT) or OLDER.fullmatch(version) is not None


def releases_of(listed: Iterable[Release], seen: Iterable[Release] = (), app: str | None = None) -> list[Release]:
    """Merge the releases that charts mark and questions compare around.

    Args:
        listed: The list in the bucket (`logdig.store.releases.read_releases`).
        seen: Each version of pages as a release at its first page view (column ``release`` of ``page_views``);
            fingerprints are left out here, those of older trackers by their form.
        app: Only its releases; None = of every app.
    Returns:
        Oldest first, one for each app and name. What the owner says of a release's time holds, since a new version may
        be seen before its release (by staff) or after (by the first visitor).
    """
    named = {(release.app, release.name): release for release in listed}
    for release in sorted(seen):
        if release.name and not is_fingerprint(release.name):
            named.setdefault((release.app, release.name), release)
    return sorted(release for release in named.values() if app in (None, release.app))
