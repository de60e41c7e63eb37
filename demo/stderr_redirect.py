"""Errors of a program that is started go to a file, not between the demo's lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def errors_to(log: Path) -> Iterator[None]:
    """Have programs that start meanwhile write their errors to a file: they keep what they got, this process goes back.

    Args:
        log: Appended to.
    """
    kept = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
