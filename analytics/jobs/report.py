"""What a job hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class JobReport:
    """Rows that the job's table holds afterwards, seconds it took, and what else is worth saying."""

    name: str
    rows: int
    seconds: float = 0.0
    notes: dict[str, object] = field(default_factory=dict)


Job = Callable[..., JobReport]
"""Takes the session, the settings, the time that it takes for the present, and by name the options that it knows."""
