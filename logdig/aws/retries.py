"""botocore's rules for trying again, without its client. [aws]

This module uses two private hooks of botocore: the handlers that ``register_retry_handler`` registers, and the shapes
of their arguments. Read botocore/retries/standard.py again before PINNED_BOTOCORE is raised; a test compares it with
the lock file of the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from types import SimpleNamespace
from typing import Any

from logdig.aws.http_pool import HttpResponse, HttpResult

PINNED_BOTOCORE = "1.44.8"
"""The version of botocore whose private hooks this module calls."""


class BotocoreRetries:
    """botocore's standard mode by its own code, which is imported when a call first fails.

    Args:
        service: Its name, such as ``sqs``.
        tries: Of one call.
    """

    def __init__(self, service: str, tries: int) -> None:
        self._service, self._tries = service, tries
        self._hooks: dict[str, Callable[..., Any]] = {}
        self._lock = Lock()

    def delay(
        self, operation: str, attempts: int, context: dict[str, Any], result: HttpResult, parsed: dict[str, Any] | None
    ) -> float | None:
        """Return the seconds to wait before the next try; None when there is no next try."""
        failed = isinstance(result, Exception)
        wait = self._hook("needs-retry")(
            response=None if failed else (result, parsed),
            attempts=attempts,
            operation=SimpleNamespace(
                name=operation, error_shapes=(), service_model=SimpleNamespace(service_name=self._service)
            ),
            caught_exception=result if failed else None,
            request_dict={"context": context},
        )
        return None if wait is None or wait is False else float(wait)

    def release(self, context: dict[str, Any], response: HttpResponse) -> None:
        """Return what a call took from the retry quota; before the first failure no call takes any."""
        if self._hooks:
            self._hook("after-call")(context, response)

    def _hook(self, event: str) -> Callable[..., Any]:
        with self._lock:
            if not self._hooks:
                self._register()
        return self._hooks[f"{event}.{self._service}"]

    def _register(self) -> None:
        from botocore.retries.standard import register_retry_handler

        hooks: dict[str, Callable[..., Any]] = {}

        def register(name: str, hook: Callable[..., Any], **_: object) -> None:
            hooks[name] = hook

        name = SimpleNamespace(hyphenize=lambda: self._service)
        meta = SimpleNamespace(
            service_model=SimpleNamespace(service_id=name), events=SimpleNamespace(register=register)
        )
        register_retry_handler(SimpleNamespace(meta=meta), self._tries)
        self._hooks = hooks
