"""Sources and channels: tags first, then the referrer, by the published rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.visits.sources import RULES, UNASSIGNED, channel_of, source_of

OWN = ("shop.example", "www.shop.example")


def told(address: str, referrer: str | None = None) -> tuple[str, str, str | None, str]:
    found = source_of(address, referrer, OWN)
    return found.source, found.medium, found.campaign, found.channel


@pytest.mark.parametrize(
    "query, referrer, expected",
    [
        (
            "utm_source=Google&utm_medium=CPC&utm_campaign=Fall%20Sale",
            None,
            ("google", "cpc", "Fall Sale", "Paid Search"),
        ),
        ("utm_source=Newsletter&utm_medium=E-Mail", None, ("newsletter", "e-mail", None, "Email")),
        ("utm_campaign=spring", "https://example.com/", ("example.com", "referral", "spring", "Referral")),
        ("utm_campaign=spring", None, ("(direct)", "(none)", "spring", "Direct")),
        ("utm_source=poster", None, ("poster", "(not set)", None, UNASSIGNED)),
        ("utm_source=a&utm_source=b&utm_medium=sms", None, ("a", "sms", None, "SMS")),
        ("utm_medium=cpm", "https://example.com/", ("example.com", "cpm", None, "Display")),
        ("", None, ("(direct)", "(none)", None, "Direct")),
        ("", "https://www.shop.example/before", ("(direct)", "(none)", None, "Direct")),
        ("", "http://[broken", ("(direct)", "(none)", None, "Direct")),
        ("", "https://www.google.co.kr/", ("google.co.kr", "organic", None, "Organic Search")),
        ("", "https://m.search.naver.com/a", ("m.search.naver.com", "organic", None, "Organic Search")),
        ("", "https://blog.naver.com/a", ("blog.naver.com", "referral", None, "Organic Social")),
        ("", "https://mail.google.com/", ("mail.google.com", "referral", None, "Referral")),
        ("", "https://www.shop.example./", ("(direct)", "(none)", None, "Direct")),
        ("utm_source=meta&utm_medium=paid", None, ("meta", "paid", None, "Paid Social")),
        ("", "https://www.meta.ai/", ("meta.ai", "referral", None, "AI Assistants")),
        ("utm_source=you&utm_medium=email", None, ("you", "email", None, "Email")),
        ("", "https://chatgpt.com/", ("chatgpt.com", "referral", None, "AI Assistants")),
        ("", "https://gemini.google.com/app", ("gemini.google.com", "referral", None, "AI Assistants")),
        ("", "https://l.facebook.com/l.php", ("l.facebook.com", "referral", None, "Organic Social")),
        ("", "https://youtu.be/x", ("youtu.be", "referral", None, "Organic Video")),
        ("", "https://www.google.example.org/", ("google.example.org", "referral", None, "Referral")),
        ("", "https://blog.example.co.kr/", ("blog.example.co.kr", "referral", None, "Referral")),
    ],
)
def test_source_is_read_from_tags_then_from_the_referrer(
    query: str, referrer: str | None, expected: tuple[str, str, str | None, str]
) -> None:
    assert told(f"https://shop.example/a?{query}", referrer) == expected


@pytest.mark.parametrize(
    "source, medium, campaign, channel",
    [
        ("google", "cpc", "x cross-network", "Cross-network"),
        ("amazon", "ppc", "", "Paid Shopping"),
        ("x.example", "paidsocial", "", "Paid Other"),
        ("facebook", "paid-social", "", "Paid Social"),
        ("youtube", "cpv", "", "Paid Video"),
        ("youtube", "cpc", "", "Paid Video"),
        ("x.example", "banner", "", "Display"),
        ("x.example", "email", "summer-shop", "Organic Shopping"),
        ("x.example", "social", "", "Organic Social"),
        ("x.example", "video-ad", "", "Organic Video"),
        ("x.example", "organic", "", "Organic Search"),
        ("partner", "affiliate", "", "Affiliates"),
        ("x.example", "audio", "", "Audio"),
        ("firebase", "", "", "Mobile Push Notifications"),
        ("x.example", "web-push", "", "Mobile Push Notifications"),
        ("X.EXAMPLE", "Referral", "", "Referral"),
    ],
)
def test_channel_follows_the_published_rules(source: str, medium: str, campaign: str, channel: str) -> None:
    assert channel_of(source, medium, campaign) == channel


@given(st.text(max_size=40), st.text(max_size=40))
def test_source_is_always_told_and_its_channel_is_a_known_one(query: str, referrer: str) -> None:
    found = source_of(f"https://shop.example/?{query}", referrer, OWN)

    assert found.source
    assert found.medium
    assert found.channel in {name for name, _ in RULES} | {UNASSIGNED}
