"""What the tests need to know of a deployed stack."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.template.iam import role_name
from logdig.config.settings import Settings
from tests.e2e.account import ACCOUNT_ID, Account

WAIT_SECONDS = 300
"""Generous: two cores may be busy with a browser and Spark."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its account, its settings, the outputs of its template, and what its deploy printed."""

    account: Account
    settings: Settings
    outputs: Mapping[str, str]
    printed: str

    @property
    def token(self) -> str:
        """Write token of the only app."""
        return self.settings.apps[0].token

    @property
    def status(self) -> str:
        """CloudFormation's word for how it is."""
        stacks = self.account.client("cloudformation").describe_stacks(StackName=self.settings.stack_name)["Stacks"]
        return str(stacks[0]["StackStatus"])

    def post(self, body: bytes, *, origin: str, output: str = "Endpoint", path: str = "/v1/events") -> tuple[int, Any]:
        """Post a body to a function URL as a page would; return status and answer."""
        headers = {"Content-Type": "text/plain", "Origin": origin, "User-Agent": "Mozilla/5.0 (X11) Firefox/140"}
        status, _, answer = self.account.call(self.outputs[output], "POST", path, body, headers)
        return status, json.loads(answer)

    def invoke(self, function: str, event: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Invoke a function by name; return whether it succeeded, and its answer."""
        response = self.account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return "FunctionError" not in response, json.loads(response["Payload"].read())

    def keys(self, prefix: str = "") -> list[str]:
        """Keys of the bucket's objects below a prefix."""
        paginator = self.account.client("s3").get_paginator("list_objects_v2")
        pages = paginator.paginate(Bucket=self.outputs["Bucket"], Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def log_lines(self, function: str, since_ms: int = 0) -> list[str]:
        """Everything that a function, known by its short name, has logged since a time."""
        group = f"/aws/lambda/{self.settings.prefix}-{function}"
        paginator = self.account.client("logs").get_paginator("filter_log_events")
        pages = paginator.paginate(logGroupName=group, startTime=since_ms)
        return [event["message"] for page in pages for event in page["events"]]

    def function(self, name: str) -> dict[str, Any]:
        """Configuration of a function, known by its short name."""
        configuration = self.account.client("lambda").get_function_configuration
        return dict(configuration(FunctionName=f"{self.settings.prefix}-{name}"))

    def keys_of(self, who: str) -> dict[str, str]:
        """Keys of a role, as what takes it on has them."""
        iam = self.account.client("iam")
        role = iam.get_role(RoleName=role_name(self.settings, who))["Role"]
        # Only its service may take it on; here the test is let in, too.
        owner = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}
        trust = role["AssumeRolePolicyDocument"]
        trust = trust | {"Statement": [*trust["Statement"], owner]}
        iam.update_assume_role_policy(RoleName=role["RoleName"], PolicyDocument=json.dumps(trust))
        given = self.account.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll until a condition holds; fail naming what never came."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {WAIT_SECONDS} s"
        time.sleep(0.5)
