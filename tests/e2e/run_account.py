"""Start the emulated account with what it does unlike AWS put right; runs in the emulator's own Python.

SQS has no permission of its own for the batch calls: ``sqs:DeleteMessage`` covers ``DeleteMessageBatch``, and so on.
``ssm:GetParametersByPath`` is judged by the path, not by every parameter there is.
The account speaks plain HTTP on the loopback only, so its requests pass policies that demand TLS.
"""

import json
from typing import Any

from ministack import app
from ministack.core import iam_actions

pin_origin = app.pin_request_origin
action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn


def extract_action(*arguments: Any, **named: Any) -> Any:
    """Name the permission that a request needs."""
    action = action_of(*arguments, **named)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


def extract_resource(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: Any, region: str, account: str
) -> Any:
    """Name the resource that a request is about."""
    if service == "ssm" and headers.get("x-amz-target", "").endswith(".GetParametersByPath"):
        return f"arn:aws:ssm:{region}:{account}:parameter{json.loads(body)['Path']}"
    return resource_of(service, method, path, headers, body, query, region, account)


app.pin_request_origin = lambda address, _secure: pin_origin(address, True)
iam_actions.extract_iam_action = extract_action
iam_actions.extract_resource_arn = extract_resource
app.main()
