"""One line a step: how long it took, its name, and what it counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Steps:
    """Does the steps of a run and tells of each when it is done.

    Args:
        say: Prints one line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._started

    def __call__(self, name: str, work: Callable[[], T], tell: Callable[[T], str] = lambda _: "") -> T:
        """Do one step and return its result; ``tell`` puts that into words."""
        started = time.monotonic()
        result = work()
        self._say(f"{time.monotonic() - started:6.1f} s  {name:<36} {tell(result)}".rstrip())
        return result

    def note(self, text: str) -> None:
        """Add a line to the step."""
        self._say(f"          {text}")
