"""What happens to calls of queue and store: hooks for their ``before`` and ``after``."""

from __future__ import annotations

from collections.abc import Callable, Iterator


class EndOfRunError(BaseException):
    """The end of a process as queue and store see it, by SIGKILL or the end of its memory: no more calls."""


def fails(answers: Iterator[BaseException | None], only: str = "") -> Callable[..., None]:
    """A hook that raises the next answer, where it is an error; at every call or only at those of one name."""

    def hook(operation: str, *_: object) -> None:
        if only in ("", operation) and (answer := next(answers)) is not None:
            raise answer

    return hook


def well(*_: object) -> None:
    """A hook that lets every call be."""
