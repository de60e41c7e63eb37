"""The releases of a site: those that the owner added, and versions that its pages showed. Source: docs/releases.md."""

from __future__ import annotations

from collections.abc import Iterable

from logdig.store.releases import FINGERPRINT, Release


def releases_of(listed: Iterable[Release], seen: Iterable[Release] = (), app: str | None = None) -> list[Release]:
    """Merge the releases that charts mark and questions compare around.

    Args:
        listed: The list in the bucket (`logdig.store.releases.read_releases`).
        seen: Each version of pages as a release at its first page view (column ``release`` of ``page_views``); those of
            pages without a version are null there, and fingerprints are left out here.
        app: Only its releases; None = of every app.
    Returns:
        Oldest first, one for each app and name. What the owner says of a release's time holds, since a new version may
        be seen before its release (by staff) or after (by the first visitor).
    """
    named = {(release.app, release.name): release for release in listed}
    for release in sorted(seen):
        if release.name and not release.name.startswith(FINGERPRINT):
            named.setdefault((release.app, release.name), release)
    return sorted(release for release in named.values() if app in (None, release.app))
