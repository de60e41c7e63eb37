"""Start the emulated account with what it does unlike AWS put right; runs in the emulator's own Python.

SQS has no permission of its own for the batch calls: ``sqs:DeleteMessage`` covers ``DeleteMessageBatch``, and so on.
"""

from typing import Any

from ministack.app import main
from ministack.core import iam_actions

extract = iam_actions.extract_iam_action


def extract_as_aws_does(*arguments: Any, **named: Any) -> Any:
    """Name the permission that a request needs."""
    action = extract(*arguments, **named)
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


iam_actions.extract_iam_action = extract_as_aws_does
main()
