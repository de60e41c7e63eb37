"""The people of the story: where they live, what they browse with, how often they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from demo.layout import Screen
from demo.story.month import DAYS, VARIANTS
from demo.story.sources import ARRIVALS, DIRECT, Arrival

T = TypeVar("T")

BOTS, STAFF = 12, 3
"""Beside the visitors; neither counts."""
MOST_SESSIONS = 14
STAYS_AWAY = 0.32
"""Chance that a session is a visitor's last."""
COMES_DIRECTLY = 0.55
"""Share of the later sessions that come without a source."""
OLDER_TRACKER = 0.02
"""Share of visitors whose tracker says nothing of what follows a click."""
NIGHT_OWLS = 30
"""So many visitors have a session that goes on past midnight."""


class Choice(Generic[T]):
    """Draws from weighted values.

    Args:
        values: Weight by value, or pairs of both.
    """

    def __init__(self, values: Sequence[tuple[T, float]]) -> None:
        self._values = [value for value, _ in values]
        self._sums = list(accumulate(weight for _, weight in values))

    def draw(self, random: Random) -> T:
        """Draw one value."""
        return random.choices(self._values, cum_weights=self._sums)[0]


@dataclass(frozen=True, slots=True)
class Person:
    """One visitor, bot or member of the staff.

    Args:
        number: From 0, a different one for each person.
        country: ISO code; a signed sender may say it.
        language: As the browser says.
        user_agent: Likewise.
        width: Of the window; one of the layout's.
        bars: Height in px that the browser's own bars take from the window.
        variant: Of the experiment.
        older: Whether the tracker is an older one.
        bot: Whether it is one.
        staff: Likewise.
    """

    number: int
    country: str
    language: str
    user_agent: str
    width: int
    bars: int
    variant: str
    older: bool = False
    bot: bool = False
    staff: bool = False

    def height(self, screen: Screen) -> int:
        """Height of the part of the window that shows the page."""
        return screen.height - self.bars


COUNTRIES = Choice(
    (
        (("KR", "ko-KR"), 30),
        (("US", "en-US"), 22),
        (("DE", "de-DE"), 13),
        (("JP", "ja-JP"), 9),
        (("GB", "en-GB"), 8),
        (("IN", "en-IN"), 7),
        (("BR", "pt-BR"), 6),
        (("FR", "fr-FR"), 5),
    )
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit"
CHROME = "(KHTML, like Gecko) Chrome/140.0.0.0"
DESKTOPS = Choice(
    (
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {CHROME} Safari/537.36", 50),
        (f"{MAC}/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", 20),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", 15),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {CHROME} Safari/537.36 Edg/140.0.0.0", 15),
    )
)
TABLETS = Choice(
    (("Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1", 1),)
)
PHONES = Choice(
    (
        (f"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 {CHROME} Mobile Safari/537.36", 60),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 "
         "Safari/604.1", 40),
    )
)  # fmt: skip
WINDOWS = Choice(((1440, 26), (1280, 22), (820, 8), (390, 44)))
AGENTS = {1440: DESKTOPS, 1280: DESKTOPS, 820: TABLETS, 390: PHONES}
BARS = Choice(((0, 5), (40, 2), (85, 3)))
CRAWLER = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"
WAYS = Choice([(arrival, arrival.weight) for arrival in ARRIVALS])


def draw_person(random: Random, number: int, *, bot: bool = False, staff: bool = False) -> Person:
    """Draw one person."""
    country, language = COUNTRIES.draw(random)
    width = WINDOWS.draw(random)
    return Person(
        number,
        country,
        language,
        CRAWLER if bot else AGENTS[width].draw(random),
        width,
        BARS.draw(random),
        random.choice(VARIANTS),
        older=random.random() < OLDER_TRACKER,
        bot=bot,
        staff=staff,
    )


def draw_days(random: Random) -> list[int]:
    """Draw the days on which a person comes, each once, in their order."""
    sessions = 1
    while sessions < MOST_SESSIONS and random.random() > STAYS_AWAY:
        sessions += 1
    return sorted(random.sample(range(DAYS), sessions))


def draw_ways(random: Random, sessions: int) -> list[Arrival]:
    """Draw how a person comes each time: often without a source after the first."""
    first = WAYS.draw(random)
    later = [DIRECT if random.random() < COMES_DIRECTLY else WAYS.draw(random) for _ in range(sessions - 1)]
    return [first, *later]
