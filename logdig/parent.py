"""End a worker process whose parent is gone."""

from __future__ import annotations

import os
import time

PARENT_CHECK_SECONDS = 0.5


def exit_when_parent_ends(parent: int) -> None:
    """End the worker when its parent was killed: otherwise it would run on and keep the port."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)
