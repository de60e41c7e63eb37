"""The scheduled flush: a schedule, an SNS message or a direct call starts it; a failure is raised for the alarm to see.

A direct call may pass ``{"force": true}``; an SNS message may hold the same text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from logdig.config.loader import find_settings
from logdig.flush.run import TIMEOUT_SECONDS, FlushFailedError, flush_once

ENDING_SECONDS = 5
"""Reserved of a function's time for the call in progress at the deadline, and for the report."""


def is_forced(event: Mapping[str, Any]) -> bool:
    """Tell whether an invocation asks to write whatever is there.

    Args:
        event: EventBridge schedule, SNS records, or the object of a direct call.
    """
    if event.get("force") is True:
        return True
    texts = [record.get("Sns", {}).get("Message", "") for record in event.get("Records", [])]
    return any(_says_force(text) for text in texts)


def _says_force(text: str) -> bool:
    try:
        message = json.loads(text)
    except ValueError:
        return False
    return isinstance(message, dict) and message.get("force") is True


def run(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Handle one invocation and print its report as one line.

    Args:
        event: See `is_forced`.
        context: Lambda's; None elsewhere.
    Raises:
        FlushFailedError: Something meant was not written or not deleted; the report names it.
    """
    settings = find_settings(os.environ)
    left = context.get_remaining_time_in_millis() / 1000 if context is not None else TIMEOUT_SECONDS
    report = flush_once(settings, force=is_forced(event), seconds=left - ENDING_SECONDS)
    line = report.as_json()
    print(line)
    if report.errors:
        raise FlushFailedError(f"flush left {report.left} messages: {'; '.join(report.errors)}")
    summary: dict[str, Any] = json.loads(line)
    return summary


def register(app: Any) -> None:
    """Attach the flush to a Chalice app: every five minutes, and by hand as a plain function."""
    from chalice.app import Rate

    def scheduled(event: Any) -> dict[str, Any]:
        return run(event.to_dict(), event.context)

    app.schedule(Rate(5, unit=Rate.MINUTES), name="flush")(scheduled)
    app.lambda_function(name="flush-now")(run)
