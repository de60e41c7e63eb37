"""What the tests need to know of a deployed stack."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from logdig.settings import Settings
from tests.e2e.account import Account

WAIT_SECONDS = 300
"""Generous: two cores may be busy with a browser and Spark."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its account, its settings, and the outputs of its template."""

    account: Account
    settings: Settings
    outputs: Mapping[str, str]

    def post(self, body: bytes, *, origin: str, door: str = "Endpoint", path: str = "/v1/events") -> tuple[int, Any]:
        """Post a body to a function URL as a page would; return status and answer."""
        headers = {"Content-Type": "text/plain", "Origin": origin, "User-Agent": "Mozilla/5.0 (X11) Firefox/140"}
        status, _, answer = self.account.call(self.outputs[door], "POST", path, body, headers)
        return status, json.loads(answer)

    def invoke(self, function: str, event: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Invoke a function by name; return whether it succeeded, and its answer."""
        found = self.account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return "FunctionError" not in found, json.loads(found["Payload"].read())

    def keys(self, prefix: str = "") -> list[str]:
        """Keys of the bucket's objects below a prefix."""
        pages = self.account.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.outputs["Bucket"], Prefix=prefix)
        return [one["Key"] for page in found for one in page.get("Contents", [])]

    def log_lines(self, function: str) -> list[str]:
        """Everything that a function has logged."""
        logs, group = self.account.client("logs"), f"/aws/lambda/{function}"
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        events = [logs.get_log_events(logGroupName=group, logStreamName=one["logStreamName"]) for one in streams]
        return [event["message"] for found in events for event in found["events"]]

    def role_of(self, function: str) -> str:
        """Name of a function's role."""
        found = self.account.client("lambda").get_function_configuration(FunctionName=function)
        return str(found["Role"].rsplit("/", 1)[-1])


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll until a condition holds; fail naming what never came."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {WAIT_SECONDS} s"
        time.sleep(0.5)
