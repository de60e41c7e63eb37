"""Lines that a part of the local stack has for the user: it prints them marked, `logdig dev` shows them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

MARK = "logdig dev: "


def notice(text: str) -> None:
    """Print one line for the user; what came from outside cannot break out of it."""
    print(MARK + "".join(letter if letter.isprintable() else " " for letter in text), flush=True)


class NoticeReader:
    """Reads the notices in log files that are still written.

    Args:
        logs: The files; one that does not exist has no notices.
    """

    def __init__(self, logs: Iterable[Path]) -> None:
        self._read = dict.fromkeys(logs, 0)

    def new(self) -> list[str]:
        """Notices since the last call, without their mark."""
        found = []
        for path, start in self._read.items():
            if not path.exists():
                continue
            with path.open("rb") as log:
                log.seek(start)
                lines = log.read()
            # A line that is still written comes with the next call.
            whole = lines[: lines.rfind(b"\n") + 1]
            self._read[path] = start + len(whole)
            texts = whole.decode("utf-8", "replace").splitlines()
            found += [text.removeprefix(MARK) for text in texts if text.startswith(MARK)]
        return found
