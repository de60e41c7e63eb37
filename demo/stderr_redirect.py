"""Redirect standard error of programs that the demo starts to a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def errors_to(log: Path) -> Iterator[None]:
    """Redirect standard error to a file for programs started meanwhile; afterwards restore it for this process.

    Args:
        log: Appended to.
    """
    original = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(original, 2)
            os.close(original)
