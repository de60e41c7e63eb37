"""What follows a click of the story, as the tracker watches it."""

from __future__ import annotations

from random import Random

from demo.layout import PlacedElement
from demo.story.elements import DEAD, RAGE, named

WATCHED_MS = 2500
"""So long the tracker watches what follows (clicktracker_js/src/limits.js)."""
SELECTS, SCROLLS, FAILS = 0.3, 0.06, 0.05
"""Shares: clicks on texts that select something, clicks after which people scroll, clicks on RAGE in vain."""
SLOW_MS = (90, 700)
"""A song starts after the question whether to show an offer."""
QUICK_MS = (2, 14)

After = dict[str, int | None]


def nothing(left_ms: int) -> After:
    """No effect came until the page was left or the watch ended."""
    effects: After = dict.fromkeys(("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms"))
    return effects | {"watched_ms": min(WATCHED_MS, left_ms)}


def of_link(left_ms: int) -> After:
    """The page is left by the click."""
    return nothing(left_ms) | {"navigated_ms": left_ms}


def of_step(random: Random, left_ms: int) -> After:
    """A number changes at once."""
    return nothing(left_ms) | {"mutation_ms": random.randint(*QUICK_MS)}


def of_click(random: Random, element: PlacedElement, left_ms: int) -> After:
    """What follows a click on an element that is no link.

    Args:
        random: Of the visitor.
        element: What was clicked.
        left_ms: Until the page is left.
    """
    after = nothing(left_ms)
    if element.selector == DEAD:
        return after
    if random.random() < SCROLLS:
        after["scroll_ms"] = random.randint(300, 2200)
    if element.selector == named("album-share"):
        after["hidden_ms"] = random.randint(*QUICK_MS)
    elif element.tag == "button":
        plays = element.selector.startswith(('[data-logdig-id="p', '[data-logdig-id="t', '[data-logdig-id="h'))
        if element.selector != RAGE or random.random() >= FAILS:
            slow = plays or element.selector == named("album-play")
            after["mutation_ms"] = random.randint(*(SLOW_MS if slow else QUICK_MS))
    elif element.tag in ("p", "h1", "h2", "h3") and random.random() < SELECTS:
        after["input_ms"] = random.randint(40, 400)
    watched = after["watched_ms"] or 0
    # What comes after the page is left was not seen.
    return {name: value if value is None or value <= watched else None for name, value in after.items()}
