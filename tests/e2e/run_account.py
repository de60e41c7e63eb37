"""Start the emulated account with what it does unlike AWS put right; runs in the emulator's own Python.

SQS has no permission of its own for the batch calls: ``sqs:DeleteMessage`` covers ``DeleteMessageBatch``, and so on.
``ssm:GetParametersByPath`` is judged by the path, not by every parameter there is; Glue by database or table, alarms by
the beginning of their names.
A schedule whose name is taken is refused, and a Glue database can be taken up into a stack.
The account speaks plain HTTP on the loopback only, so its requests pass policies that demand TLS.
"""

import json
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.services import glue, scheduler
from ministack.services.cloudformation import changesets, provisioners

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
    operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if service == "ssm" and operation == "GetParametersByPath":
        return f"arn:aws:ssm:{region}:{account}:parameter{json.loads(body)['Path']}"
    if service == "glue":
        return f"arn:aws:glue:{region}:{account}:{glue_resource(operation, json.loads(body))}"
    if service == "monitoring" and operation == "DescribeAlarms":
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:{json.loads(body)['AlarmNamePrefix']}"
    return resource_of(service, method, path, headers, body, query, region, account)


def glue_resource(operation: str, asked: dict[str, Any]) -> str:
    """Name the database or table that a request to Glue is about."""
    if "DatabaseName" not in asked and not operation.endswith("Database"):
        return "catalog"
    if operation.endswith("Database"):
        return f"database/{asked.get('Name') or asked['DatabaseInput']['Name']}"
    table = asked.get("Name") or asked.get("TableInput", {}).get("Name")
    return f"table/{asked['DatabaseName']}/{table}" if table else f"database/{asked['DatabaseName']}"


HANDLERS = provisioners._RESOURCE_HANDLERS
make_schedule = HANDLERS["AWS::Scheduler::Schedule"]["create"]


def create_schedule(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
    """Make a schedule, unless its name is taken."""
    if f"{properties['GroupName']}/{properties['Name']}" in scheduler._schedules:
        raise ValueError(f"Schedule {properties['Name']} already exists.")
    return make_schedule(logical_id, properties, stack)


def find_database(name: str) -> str | None:
    """Say what is wrong with a database that is to be taken up."""
    return None if name in glue._databases else f"Database {name} not found."


HANDLERS["AWS::Scheduler::Schedule"]["create"] = create_schedule
HANDLERS["AWS::Glue::Database"]["import"] = lambda identifier: (identifier["DatabaseName"], {})
changesets._IMPORT_LOOKUPS["AWS::Glue::Database"] = (("DatabaseName",), find_database)
app.pin_request_origin = lambda address, _secure: pin_origin(address, True)
iam_actions.extract_iam_action = extract_action
iam_actions.extract_resource_arn = extract_resource
app.main()
