"""What people of the story do on a page: single clicks, bursts, steps of a number, the upgrade."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from demo.layout import PlacedElement
from demo.story import effects
from demo.story.effects import After
from demo.story.elements import EDGE, RAGE, SPREAD, STEPPER, UPGRADE, Stage
from demo.story.month import VARIANTS
from demo.story.people import Person
from demo.story.sources import ALBUM, HOME, OFFER

FIRST_MS, PAUSE_MS, LONGER_PAUSE_MS = 900, 1200, 2500
"""Before the first click; the least time between two of them, and what is added to it on average."""
CLICKS: Mapping[str, float] = {HOME: 0.75, ALBUM: 1.0, OFFER: 0.15}
"""Single clicks of a view on average, beside links."""
RAGES, STEPS, UPGRADES = 0.01, 0.13, 0.06
"""Shares of the views of a page in which somebody clicks a song that does not start, chooses speakers, upgrades."""
BETTER = {VARIANTS[0]: 1.0, VARIANTS[1]: 1.5}
"""How much more often people of a variant upgrade."""
TREMBLE_PX = 4
"""A hand that clicks again and again moves so little."""
RAGE_GAPS_MS, LAST_GAPS_MS = (160, 420), (500, 500)
"""Between clicks of a burst; three clicks with the last gaps take exactly the 1,000 ms that still count."""
STEP_GAPS_MS = (150, 330)
USUAL_STEPS, MANY_STEPS, MANY = (1, 7), (14, 19), 0.03
"""Clicks on a stepper, and those of the few who cannot stop."""


Follows = Callable[[int], After]
"""What follows a click, given the time in ms until the page is left."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One click before the page knows when it is left.

    Args:
        at_ms: Since the view began.
        element: What is clicked.
        across: Where in it, as a share of its width.
        down: Likewise of its height.
        follows: Says what follows, given the time until the page is left.
        upgrades: Whether the site's own event comes with it.
    """

    at_ms: int
    element: PlacedElement
    across: float
    down: float
    follows: Follows
    upgrades: bool = False


class Hand:
    """Draws what one person does on pages.

    Args:
        random: Of the person.
        person: Who.
    """

    def __init__(self, random: Random, person: Person) -> None:
        self._random, self._person = random, person

    def strokes(self, stage: Stage) -> list[Stroke]:
        """Draw all clicks of a view but the one that leaves the page, in their order."""
        acts = [self._single] * self._poisson(CLICKS[stage.page.file])
        special = {HOME: ((RAGES, self._rage),), ALBUM: (), OFFER: ((STEPS, self._steps), (UPGRADES, self._upgrade))}
        better = BETTER[self._person.variant]
        for chance, act in special[stage.page.file]:
            if self._random.random() < chance * (better if chance == UPGRADES else 1):
                acts.append(act)
        self._random.shuffle(acts)
        now = FIRST_MS
        strokes: list[Stroke] = []
        for act in acts:
            strokes += act(stage, now + int(self._random.expovariate(1 / LONGER_PAUSE_MS)))
            now = strokes[-1].at_ms + PAUSE_MS
        return strokes

    def link(self, stage: Stage, file: str, at_ms: int) -> Stroke:
        """Draw the click on a link to another page."""
        element = stage.draw_link(self._random, file)
        return Stroke(at_ms, element, *self._point(), effects.of_link)

    def _single(self, stage: Stage, at_ms: int) -> Iterator[Stroke]:
        element = stage.draw(self._random, self._person.width)
        yield Stroke(at_ms, element, *self._point(), lambda left: effects.of_click(self._random, element, left))

    def _upgrade(self, stage: Stage, at_ms: int) -> Iterator[Stroke]:
        follows = lambda left: effects.of_step(self._random, left)  # noqa: E731
        yield Stroke(at_ms, stage.element(UPGRADE), *self._point(), follows, upgrades=True)

    def _rage(self, stage: Stage, at_ms: int) -> Iterator[Stroke]:
        """Click a song that does not start, again and again."""
        exact = self._random.random() < 0.1
        clicks, gaps = (3, LAST_GAPS_MS) if exact else (self._random.randint(3, 6), RAGE_GAPS_MS)
        yield from self._burst(stage, RAGE, at_ms, clicks, gaps, effects.nothing)

    def _steps(self, stage: Stage, at_ms: int) -> Iterator[Stroke]:
        """Choose how many speakers play: each click changes the number."""
        clicks = self._random.randint(*(MANY_STEPS if self._random.random() < MANY else USUAL_STEPS))
        follows = lambda left: effects.of_step(self._random, left)  # noqa: E731
        yield from self._burst(stage, STEPPER, at_ms, clicks, STEP_GAPS_MS, follows)

    def _burst(
        self,
        stage: Stage,
        selector: str,
        at_ms: int,
        clicks: int,
        gaps: tuple[int, int],
        follows: Follows,
    ) -> Iterator[Stroke]:
        element = stage.element(selector)
        _, _, width, height = element.boxes[str(self._person.width)]
        across, down = self._point()
        for _ in range(clicks):
            moved = (self._random.randint(-TREMBLE_PX, TREMBLE_PX) / size for size in (width, height))
            x, y = (min(1.0, max(0.0, place + by)) for place, by in zip((across, down), moved, strict=True))
            yield Stroke(at_ms, element, x, y, follows)
            at_ms += self._random.randint(*gaps)

    def _point(self) -> tuple[float, float]:
        """Draw a place inside of an element, near its middle."""
        across, down = (min(1 - EDGE, max(EDGE, self._random.gauss(0.5, SPREAD))) for _ in range(2))
        return across, down

    def _poisson(self, mean: float) -> int:
        """Draw a count: how many exponential times fit into one."""
        count, time = 0, self._random.expovariate(mean)
        while time < 1:
            count, time = count + 1, time + self._random.expovariate(mean)
        return count
