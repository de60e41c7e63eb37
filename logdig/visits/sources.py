"""Where a session came from: source, medium, campaign and channel of its first view.

The channels and their order are those that Google Analytics publishes for its default channel group (support article
9756891); assistants that answer with links are a channel of their own before referrals. The lists of sites are short:
what is on none of them is a referral, which is never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

DIRECT, NONE, NOT_SET = "(direct)", "(none)", "(not set)"


def _sites(text: str) -> frozenset[str]:
    """Read a list: ``google.*`` in any country, ``vimeo.com`` with its subdomains, both by name too; ``x`` a name."""
    sites = text.split()
    return frozenset([*sites, *(site.partition(".")[0] for site in sites if site.count(".") == 1)])


SEARCH = _sites(
    "google.* bing.com yahoo.* duckduckgo.com ecosia.org baidu.com yandex.* naver.com daum.net zum.com nate.com "
    "seznam.cz qwant.com startpage.com sogou.com so.com ask.com search.aol.com search.brave.com kagi.com mojeek.com"
)
SOCIAL = _sites(
    "facebook.com fb meta ig instagram.com twitter.com x x.com t.co threads.net threads.com linkedin.com lnkd.in "
    "pinterest.* reddit.com tiktok.com snapchat.com tumblr.com vk.com weibo.com kakaotalk kakao.com band.us line.me "
    "discord.com slack.com telegram.org t.me whatsapp.com wa.me mastodon.social bsky.app quora.com medium.com "
    "blog.naver.com cafe.naver.com tistory.com brunch.co.kr news.ycombinator.com"
)
VIDEO = _sites("youtube.com youtu.be vimeo.com dailymotion.com twitch.tv tv.naver.com tv.kakao.com bilibili.com")
SHOPPING = _sites(
    "amazon.* ebay.* etsy.com alibaba.com aliexpress.com walmart.com shopping.naver.com smartstore.naver.com "
    "coupang.com gmarket.co.kr 11st.co.kr shopify.com rakuten.* mercari.com zalando.* idealo.*"
)
ASSISTANTS = _sites(
    "chatgpt.com chat.openai.com openai.com perplexity.ai claude.ai gemini gemini.google.com bard.google.com "
    "copilot copilot.com copilot.microsoft.com deepseek.com grok.com mistral.ai phind.com wrtn.ai"
) | {"meta.ai", "poe.com", "you.com"}
"""The last three by host only: their names mean others as well."""
OTHER_SERVICES = _sites(
    "mail.google.com docs.google.com drive.google.com accounts.google.com translate.google.com mail.yahoo.com "
    "mail.naver.com mail.daum.net outlook.live.com mail.yandex.ru"
)
"""Services on a search engine's host that are no search."""

PAID = re.compile(r"(.*cp.*|ppc|retargeting|paid.*)", re.DOTALL)
SHOP_CAMPAIGN = re.compile(r"(.*(([^a-df-z]|^)shop|shopping).*)", re.DOTALL)
DISPLAY = frozenset(("display", "banner", "expandable", "interstitial", "cpm"))
SOCIAL_MEDIUM = frozenset(("social", "social-network", "social-media", "sm", "social network", "social media"))
EMAIL = frozenset(("email", "e-mail", "e_mail", "e mail"))
REFERRAL = frozenset(("referral", "app", "link"))

SECOND_LEVEL = frozenset(("co", "com", "net", "org", "or", "ne", "ac", "gov", "edu"))
"""Labels that stand between a name and its country."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a session came from; texts in lower case, but for the campaign, which is the owner's own word."""

    referrer_host: str | None
    source: str
    medium: str
    campaign: str | None
    channel: str


def source_of(address: str, referrer: str | None, own_hosts: Container[str]) -> Source:
    """Read the source of a session's first view.

    Args:
        address: The view's, with its campaign parameters.
        referrer: What the browser says; None or empty where it says nothing.
        own_hosts: Hosts of the app's origins; they are no source.
    """
    tags = _campaign(address)
    host = referrer_host(referrer, own_hosts)
    source = tags.get("utm_source", "").lower() or host or DIRECT
    medium = tags.get("utm_medium", "").lower() or _medium(tags, host)
    campaign = tags.get("utm_campaign") or None
    return Source(host, source, medium, campaign, channel_of(source, medium, campaign or ""))


def _campaign(address: str) -> dict[str, str]:
    try:
        query = urlsplit(address).query
    except ValueError:
        return {}
    # Of a parameter that is there twice the first counts, as browsers' own URLSearchParams.get has it.
    return {name: value.strip() for name, value in reversed(parse_qsl(query)) if name.startswith("utm_")}


def _medium(tags: dict[str, str], host: str | None) -> str:
    if tags.get("utm_source"):
        return NOT_SET
    if host is None:
        return NONE
    return "organic" if _site(host) == "search" else "referral"


def referrer_host(referrer: str | None, own_hosts: Container[str] = ()) -> str | None:
    """Host of a referrer in lower case, without ``www.``; None of the app's own, of none, and of what is no address."""
    try:
        host = (urlsplit(referrer or "").hostname or "").lower()
    except ValueError:
        return None
    # A full stop at the end names the same host.
    host = host.removesuffix(".")
    bare = host.removeprefix("www.")
    return None if not host or host in own_hosts or bare in own_hosts else bare


def is_of(source: str, sites: frozenset[str]) -> bool:
    """Say whether a source is one of a list of sites, by its name (``google``) or by its host (``google.co.kr``)."""
    labels = source.split(".")
    has_country = len(labels) > 2 and labels[-2] in SECOND_LEVEL and len(labels[-1]) == 2
    # The last label alone is a country or ``com``, no name.
    hosts = {".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))}
    if len(labels) > 1:
        hosts.add(f"{labels[-3 if has_country else -2]}.*")
    return not sites.isdisjoint(hosts)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the rules of the channels look at, in lower case; ``site`` = the list that the source is on."""

    source: str
    medium: str
    campaign: str
    site: str

    @property
    def is_paid(self) -> bool:
        return PAID.fullmatch(self.medium) is not None


SITES = (
    ("other", OTHER_SERVICES),
    ("assistant", ASSISTANTS),
    ("social", SOCIAL),
    ("video", VIDEO),
    ("shopping", SHOPPING),
    ("search", SEARCH),
)
"""Lists in the order in which they count: a blog on a search engine's host is no search."""

RULES: tuple[tuple[str, Callable[[Visit], bool]], ...] = (
    ("Direct", lambda visit: visit.source == DIRECT and visit.medium in (NONE, NOT_SET)),
    ("Cross-network", lambda visit: "cross-network" in visit.campaign),
    ("Paid Shopping", lambda visit: visit.is_paid and (visit.site == "shopping" or _shops(visit))),
    ("Paid Search", lambda visit: visit.is_paid and visit.site == "search"),
    ("Paid Social", lambda visit: visit.is_paid and visit.site == "social"),
    ("Paid Video", lambda visit: visit.is_paid and visit.site == "video"),
    ("Display", lambda visit: visit.medium in DISPLAY),
    ("Paid Other", lambda visit: visit.is_paid),
    ("Organic Shopping", lambda visit: visit.site == "shopping" or _shops(visit)),
    ("Organic Social", lambda visit: visit.site == "social" or visit.medium in SOCIAL_MEDIUM),
    ("Organic Video", lambda visit: visit.site == "video" or "video" in visit.medium),
    ("Organic Search", lambda visit: visit.site == "search" or visit.medium == "organic"),
    ("AI Assistants", lambda visit: visit.site == "assistant"),
    ("Referral", lambda visit: visit.medium in REFERRAL),
    ("Email", lambda visit: visit.source in EMAIL or visit.medium in EMAIL),
    ("Affiliates", lambda visit: visit.medium == "affiliate"),
    ("Audio", lambda visit: visit.medium == "audio"),
    ("SMS", lambda visit: "sms" in (visit.source, visit.medium)),
    ("Mobile Push Notifications", lambda visit: _is_push(visit)),
)
"""Channels in the order of their rules; the first that fits counts."""
UNASSIGNED = "Unassigned"


def _site(source: str) -> str:
    return next((name for name, names in SITES if is_of(source, names)), "")


def _shops(visit: Visit) -> bool:
    return SHOP_CAMPAIGN.fullmatch(visit.campaign) is not None


def _is_push(visit: Visit) -> bool:
    has_word = "mobile" in visit.medium or "notification" in visit.medium
    return visit.medium.endswith("push") or has_word or visit.source == "firebase"


def channel_of(source: str, medium: str, campaign: str) -> str:
    """Name the channel: the first of RULES that fits, whatever the case of the texts."""
    visit = Visit(source.lower(), medium.lower(), campaign.lower(), _site(source.lower()))
    return next((name for name, fits in RULES if fits(visit)), UNASSIGNED)
