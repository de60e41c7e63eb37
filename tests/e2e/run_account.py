"""Start the emulated account with its differences from AWS corrected; runs in the emulator's own Python.

SQS has no permission of its own for the batch calls: ``sqs:DeleteMessage`` covers ``DeleteMessageBatch``, and so on.
Of several versions to delete, the first needs ``s3:DeleteObjectVersion``, too.
``ssm:GetParametersByPath`` is judged by the path, not by every parameter there is; Glue by database or table, alarms by
the beginning of their names.
A schedule whose name is taken is refused, and a Glue database can be imported into a stack.
CloudFormation creates a resource only if the caller of the change may create it.
The account speaks plain HTTP on the loopback only, so its requests pass policies that demand TLS.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import glue, scheduler
from ministack.services.cloudformation import changesets, provisioners

pin_origin = app.pin_request_origin
action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn


def extract_action(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any
) -> Any:
    """Name the permission that a request needs."""
    action = action_of(service, method, path, headers, body, query_params)
    if service == "sqs" and action:
        return action.removesuffix("Batch")
    if service == "s3" and method == "POST" and "delete" in query_params:
        (_, version), *_ = iam_actions._s3_batch_delete_targets("", body) or [("", "")]
        return "s3:DeleteObjectVersion" if version else action
    return action


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
    """Reason why a database cannot be imported, or None."""
    return None if name in glue._databases else f"Database {name} not found."


MAKERS = {
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:{region}:{account}:alarm:{AlarmName}"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch:PutDashboard", "cloudwatch::{account}:dashboard/{DashboardName}"),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", "dynamodb:{region}:{account}:table/{TableName}"),
    "AWS::Glue::Database": ("glue:CreateDatabase", "glue:{region}:{account}:database/{DatabaseInput[Name]}"),
    "AWS::IAM::Role": ("iam:CreateRole", "iam::{account}:role/{RoleName}"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "lambda:{region}:{account}:function:{FunctionName}"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "logs:{region}:{account}:log-group:{LogGroupName}"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:::{BucketName}"),
    "AWS::SNS::Topic": ("sns:CreateTopic", "sns:{region}:{account}:{TopicName}"),
    "AWS::SQS::Queue": ("sqs:CreateQueue", "sqs:{region}:{account}:{QueueName}"),
    "AWS::Scheduler::Schedule": (
        "scheduler:CreateSchedule", "scheduler:{region}:{account}:schedule/{GroupName}/{Name}"
    ),
    "AWS::Scheduler::ScheduleGroup": (
        "scheduler:CreateScheduleGroup", "scheduler:{region}:{account}:schedule-group/{Name}"
    ),
}  # fmt: skip
"""What making a resource of a type needs, and the name that it is judged by, from the resource's properties."""


def judged(kind: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """Make a resource, unless the user who asked for the change may not."""
    action, name = MAKERS[kind]

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        caller = iam_evaluator.caller_arn()
        resource = "arn:aws:" + name.format(region=get_region(), account=get_account_id(), **properties)
        if ":user/" in caller and not is_allowed(caller, action, resource):
            raise ValueError(f"User: {caller} is not authorized to perform: {action} on resource: {resource}")
        return make(logical_id, properties, stack)

    return create


def is_allowed(user: str, action: str, resource: str) -> bool:
    """Judge an action by the policies of a user."""
    policies = iam_evaluator._gather_user_policies(user.rsplit("/", 1)[-1], get_account_id())
    asked = iam_evaluator.EvalContext(user, "User", get_account_id(), action, resource, get_region())
    return iam_evaluator.evaluate(asked, policies).decision == "Allow"


HANDLERS["AWS::Scheduler::Schedule"]["create"] = create_schedule
for kind in MAKERS:
    HANDLERS[kind]["create"] = judged(kind, HANDLERS[kind]["create"])
HANDLERS["AWS::Glue::Database"]["import"] = lambda identifier: (identifier["DatabaseName"], {})
changesets._IMPORT_LOOKUPS["AWS::Glue::Database"] = (("DatabaseName",), find_database)
app.pin_request_origin = lambda address, _secure: pin_origin(address, True)
iam_actions.extract_iam_action = extract_action
iam_actions.extract_resource_arn = extract_resource
app.main()
