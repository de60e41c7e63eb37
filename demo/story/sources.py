"""Where the visitors of the story come from, and what LogDig must call it."""

from __future__ import annotations

from dataclasses import dataclass

HOME, ALBUM, OFFER = "index.html", "album.html", "offer.html"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One way to the site.

    Args:
        query: Campaign parameters of the first address.
        referrer: As the browser says it, ``{site}`` = the demo's own; None = it says none.
        source: The source that is planted.
        medium: The medium.
        campaign: The campaign or None.
        channel: The channel.
        weight: How often visitors come this way for the first time.
        landing: File on which they land.
        leaving: Chance to leave at the first page.
    """

    query: str
    referrer: str | None
    source: str
    medium: str
    campaign: str | None
    channel: str
    weight: float
    landing: str = HOME
    leaving: float = 0.25


DIRECT = Arrival("", None, "(direct)", "(none)", None, "Direct", 16)
OLD_TAB = Arrival("", "{site}/album.html", "(direct)", "(none)", None, "Direct", 1)
"""An own page is no source."""
LETTER = "utm_campaign=low-tide&utm_medium=email&utm_source=newsletter"
ARRIVALS = (
    DIRECT,
    OLD_TAB,
    Arrival("", "https://www.google.com/", "google.com", "organic", None, "Organic Search", 22),
    Arrival("", "https://search.naver.com/", "search.naver.com", "organic", None, "Organic Search", 9),
    Arrival(LETTER, None, "newsletter", "email", "low-tide", "Email", 8, ALBUM, 0.15),
    # Capitals are the same source.
    Arrival(LETTER.replace("=n", "=N"), None, "newsletter", "email", "low-tide", "Email", 2, ALBUM, 0.15),
    Arrival(
        "utm_campaign=autumn-gold&utm_medium=cpc&utm_source=google",
        "https://www.google.com/",
        "google",
        "cpc",
        "autumn-gold",
        "Paid Search",
        8,
        OFFER,
        0.35,
    ),
    Arrival(
        "utm_campaign=autumn-gold&utm_medium=paid_social&utm_source=instagram",
        "https://l.instagram.com/",
        "instagram",
        "paid_social",
        "autumn-gold",
        "Paid Social",
        6,
        OFFER,
        0.5,
    ),
    Arrival("", "https://l.instagram.com/", "l.instagram.com", "referral", None, "Organic Social", 9, ALBUM, 0.4),
    Arrival("", "https://www.youtube.com/", "youtube.com", "referral", None, "Organic Video", 6, ALBUM, 0.35),
    Arrival("", "https://chatgpt.com/", "chatgpt.com", "referral", None, "AI Assistants", 4, HOME, 0.2),
    Arrival(
        "", "https://harbour-nights.example/lists/october", "harbour-nights.example", "referral", None, "Referral", 6
    ),
    Arrival(
        "utm_campaign=low-tide&utm_medium=audio&utm_source=nightline",
        None,
        "nightline",
        "audio",
        "low-tide",
        "Audio",
        3,
        ALBUM,
    ),
)
