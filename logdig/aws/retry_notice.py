"""What a command says while botocore tries a call again; servers keep botocore's own silent retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from logdig.aws.credentials import session

LONGEST_WAIT_SECONDS = 20
"""Between two tries in botocore's standard mode: 1, 2, 4 … s, at most this."""


def watch_retries(notify: Callable[[str], None]) -> None:
    """On every client made afterwards: say what fails after the first failed try of a call, and how long it goes on.

    An unknown host, or a refused connection on this machine, ends the call at once.

    Args:
        notify: Called with one line.
    """

    def on_try(
        attempts: int,
        operation: Any,
        caught_exception: Exception | None = None,
        request_dict: dict[str, Any] | None = None,
        **_arguments: object,
    ) -> None:
        if caught_exception is None:
            return
        if is_hopeless(caught_exception):
            raise caught_exception
        config = (request_dict or {}).get("context", {}).get("client_config")
        if attempts == 1 and config is not None and config.retries["total_max_attempts"] > 1:
            seconds = longest_seconds(config, caught_exception)
            reason = " ".join(str(caught_exception).split())
            notify(f"{operation.name}: {reason}; trying again for at most {seconds:,.0f} s")

    session().register("needs-retry", on_try, unique_id="logdig-watch-retries")


def longest_seconds(config: Any, err: Exception) -> float:
    """Seconds for which the tries after the first can last.

    Args:
        config: botocore's Config of the client.
        err: What the first try failed with.
    """
    further: int = config.retries["total_max_attempts"] - 1
    a_try: float = config.read_timeout if isinstance(err, ReadTimeoutError) else config.connect_timeout
    waits = float(sum(min(2.0**number, LONGEST_WAIT_SECONDS) for number in range(further)))
    return further * a_try + waits


def is_hopeless(err: Exception) -> bool:
    """Whether another try cannot help: the host has no address, or nothing listens on this machine."""
    if not isinstance(err, EndpointConnectionError):
        return False
    reason = str(err.kwargs.get("error", ""))
    address = str(err.kwargs.get("endpoint_url", ""))
    is_loopback = any(name in address for name in ("//127.", "//localhost", "//[::1]"))
    return "Failed to resolve" in reason or (is_loopback and "refused" in reason)
