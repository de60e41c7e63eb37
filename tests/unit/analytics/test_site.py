"""Rules of the owner's sites: each app has a digest of its own."""

from __future__ import annotations

from dataclasses import replace

from analytics.marts.site import AppRules, Site, digests

SHOP, BLOG = AppRules("Asia/Seoul", ("https://shop.example",)), AppRules(pages=("/a/*",))


def test_digest_of_an_app_changes_with_its_own_rules_that_are_read_and_with_no_others() -> None:
    site = Site({"shop": SHOP, "blog": BLOG, "plain": AppRules()})
    found = digests(site, ("zone", "pages"))

    def changed(apps: dict[str, AppRules]) -> set[str]:
        other = digests(Site({**site.apps, **apps}), ("zone", "pages"))
        return {app for app in found.keys() | other.keys() if found.get(app) != other.get(app)}

    # What an app without rules of its own follows stands once.
    assert found.keys() == {"", "shop", "blog"}
    assert changed({"blog": replace(BLOG, pages=())}) == {"blog"}
    assert changed({"new": replace(SHOP, zone="Asia/Kolkata")}) == {"new"}
    assert changed({"shop": replace(SHOP, origins=())}) == changed({"new": AppRules()}) == set()
