"""What is planted in the month, and what the questions found, in a few lines for the demo's summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from demo.layout import RELEASE
from demo.story.elements import CHANGED, DEAD, RAGE, STEPPER
from demo.story.month import GOAL
from demo.story.truth import Truth, Visited

SHOWN_DIFFERENCES = 20


def planted_lines(truth: Truth) -> Iterator[str]:
    """Yield the lines: the month, channels, the goal by variant, frustration, releases."""
    totals = truth.totals
    yield (
        f"planted {truth.first_day} to {truth.last_day}: {totals.visitors:,} visitors, {totals.sessions:,} sessions, "
        f"{totals.views:,} page views, {totals.clicks:,} clicks, {totals.bounces:,} bounces"
    )
    yield f"  sessions    {_most(truth.channels, 5)}; campaigns {_most(truth.campaigns, 2)}"
    yield f"  goal        {GOAL} by variant: {', '.join(_rate(name, of) for name, of in truth.variants.items())}"
    found = truth.frustration
    steps = found.repeat_prone["/offer.html"][STEPPER]
    yield f"  dead        {found.dead['/album.html'][DEAD]:,} clicks on {DEAD} of /album.html"
    yield (
        f"  rage        {found.rage['/'][RAGE]:,} bursts on {RAGE} of /; of {steps.bursts:,} on {STEPPER}, "
        f"where clicking again works, only {steps.counted:,}"
    )
    left = max(found.quick_returns, key=lambda page: found.quick_returns[page])
    yield f"  returns     {found.quick_returns[left]:,} times {left} was left at once"
    yield from (f"  release     {line}" for line in _releases(truth))


def story_lines(truth: Truth, found: Mapping[str, Any], differing: Sequence[str]) -> Iterator[str]:
    """Yield the planted lines, each with what the questions found in its place, then whether all is found.

    Args:
        truth: What is planted.
        found: What the questions say; see `demo.story.asked`.
        differing: See `demo.story.verdict.differences`.
    """
    answered = _found_lines(found)
    for number, line in enumerate(planted_lines(truth)):
        told = answered[number] if number < len(answered) else None
        yield f"{line}  = found" if told == line else line
        if told != line:
            yield f"    found: {(told or 'nothing that can be told so').strip()}"
    numbers = _numbers(msgspec.to_builtins(truth))
    if not differing:
        yield f"the questions found all {numbers:,} numbers that were planted, and nothing else"
        return
    yield f"NOT AS PLANTED: {len(differing):,} of {numbers:,} numbers"
    yield from (f"  {line}" for line in differing[:SHOWN_DIFFERENCES])


def _found_lines(found: Mapping[str, Any]) -> list[str]:
    """The same lines of what was found; none where what they tell of is missing."""
    try:
        return list(planted_lines(msgspec.convert(found, Truth)))
    except (msgspec.ValidationError, KeyError, ValueError, ZeroDivisionError):
        return []


def _numbers(value: Any) -> int:
    """How many values a tree holds."""
    if isinstance(value, Mapping):
        return sum(_numbers(part) for part in value.values())
    return sum(_numbers(part) for part in value) if isinstance(value, list | tuple) else 1


def _releases(truth: Truth) -> Iterator[str]:
    for name, release in truth.releases.items():
        if name != RELEASE:
            yield f"{name} on {release.day}: nothing changes"
            continue
        page = release.pages["/album.html"]
        change = page.elements[CHANGED]
        before, after = change.before / page.before_visitors, change.after / page.after_visitors
        yield (
            f"{name} on {release.day}: {CHANGED} is clicked by {after:.1%} instead of {before:.1%} of the visitors; "
            f"vanished {', '.join(release.vanished)}, new {', '.join(release.new)}"
        )


def _most(visited: Mapping[str, Visited], count: int) -> str:
    ordered = sorted(visited.items(), key=lambda item: -item[1].sessions)
    return ", ".join(f"{name} {of.sessions:,}" for name, of in ordered[:count])


def _rate(name: str, of: Visited) -> str:
    return f"{name} {of.reached:,} of {of.sessions:,} sessions ({of.reached / of.sessions:.1%})"
