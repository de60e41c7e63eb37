"""One line for each step: seconds, name and counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Steps:
    """Runs the steps of a demo and prints a line after each.

    Args:
        print_line: Prints one line.
    """

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print_line = print_line
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._started

    def __call__(self, name: str, work: Callable[[], T], describe: Callable[[T], str] = lambda _: "") -> T:
        """Do one step and return its result; ``describe`` gives the text of its line."""
        started = time.monotonic()
        result = work()
        self.done(time.monotonic() - started, name, describe(result))
        return result

    def done(self, seconds: float, name: str, text: str) -> None:
        """Print the line of a step that was done elsewhere."""
        self._print_line(f"{seconds:6.1f} s  {name:<36} {text}".rstrip())

    def note(self, text: str) -> None:
        """Add a line to the step."""
        self._print_line(f"          {text}")
