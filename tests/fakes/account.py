"""An AWS account of scripted answers: CloudFormation, Lambda, SQS and the rest as their documents say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.aws.account import Account

Answer = dict[str, Any] | Exception | Callable[..., dict[str, Any]]


class ScriptedAccount(Account):
    """Answers each operation from a list, the last one again and again; its clock moves by what is slept.

    Args:
        answers: ``service:operation`` -> answers in order.
    """

    def __init__(self, **answers: list[Answer]) -> None:
        self.now = datetime(2026, 11, 27, 12, tzinfo=UTC)
        super().__init__("ap-northeast-1", None, sleep=self._sleep, clock=lambda: self.now)
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        self.calls.append((operation, arguments))
        left = self.answers.get(operation)
        assert left, f"nothing is scripted for {service}:{operation}"
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(**arguments) if callable(answer) else answer

    def said(self, operation: str) -> list[dict[str, Any]]:
        """Arguments of every call of an operation."""
        return [arguments for name, arguments in self.calls if name == operation]
