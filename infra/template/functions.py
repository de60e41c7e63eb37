"""The Lambda functions, each with its role and its log group, and the schedules and topic that start the flush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.template.iam import Statement, allow, document, role
from infra.template.messages import send_messages
from infra.template.resource import Resource, Resources, arn_of, bucket_arn, make, ref, sub
from logdig.config.settings import Settings
from logdig.errors import InvalidSettingError
from logdig.flush.run import TIMEOUT_SECONDS as FLUSH_SECONDS
from logdig.privacy.erasure_list import LIST_PREFIX, SALT_KEY

RUNTIME = "python3.11"
ARCHITECTURE = "arm64"
ENDPOINT_SECONDS = 15
"""Enough for three tries of SQS; the tracker keeps its events meanwhile."""
ENDPOINT_MEGABYTES = 256
FLUSH_MEGABYTES = 512
DASHBOARD_RUNTIME = "python3.12"
"""Arrow needs the C library that Lambda has from this version on."""
DASHBOARD_MEGABYTES = 2048
DASHBOARD_SECONDS = 60
HANDLERS = {"function-url": "lambdas.app.function_url", "rest-api": "lambdas.app.app"}

DASHBOARD_READS = [
    "tables/*",
    "pages/*",
    "state/shares.json",
    "state/releases.json",
    "state/models.json",
    "state/jobs.json",
    "bad/*",
]
"""Tables, pictures of pages, what is noted beside them, and rejected events, which page health shows samples of."""

_ACCEPTED = {
    "CKV_AWS_115": "The account's own limit holds; a reserved share would refuse visitors in a peak.",
    "CKV_AWS_116": "Endpoints answer synchronously; what a flush leaves stays in the queue, which has a DLQ.",
    "CKV_AWS_117": "It calls AWS services only; a VPC would add cost and a point of failure.",
    "CKV_AWS_173": "The variables hold names of resources, no secret; AWS encrypts them with its own key.",
    "CKV_AWS_272": "The package is checked by its digest, which is part of its name.",
}


@dataclass(frozen=True, slots=True)
class Function:
    """One function: ``logical_id`` in the template, ``name`` behind the prefix."""

    logical_id: str
    name: str
    handler: str
    meaning: str
    megabytes: int
    seconds: int
    environment: dict[str, Any]
    statements: tuple[Statement, ...]
    runtime: str = RUNTIME


def signing_path(settings: Settings) -> str:
    """Where the parameter store holds the signing secrets of server-side senders, one below it for each app."""
    return f"/{settings.service}/{settings.stage}/signing"


def read_secrets(settings: Settings) -> Statement:
    """Statement to read the signing secrets; AWS's own key of the parameter store needs no permission."""
    arn = f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{signing_path(settings)}"
    # IAM checks the path of the request and the parameters below it.
    return allow(["ssm:GetParametersByPath"], [sub(arn), sub(f"{arn}/*")])


def send_events() -> Statement:
    """Statement to send packs to the queue and to check its health."""
    return allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], [arn_of("Queue")])


def use_profiles() -> Statement:
    """Statement to read profiles and to count showings."""
    return allow(["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], [arn_of("Profiles")])


def endpoint_functions(settings: Settings) -> tuple[Function, ...]:
    """Functions that serve HTTP; none in server mode."""
    if settings.front_door == "server":
        return ()
    handler = HANDLERS[settings.front_door]
    environment = {
        "LOGDIG_QUEUE_URL": ref("Queue"),
        "LOGDIG_PROFILE_TABLE": ref("Profiles"),
        "LOGDIG_SIGNING_PARAMETERS": signing_path(settings),
    }
    return (
        Function(
            "Collector", "collector", handler, "Accepts events from pages and servers.",
            ENDPOINT_MEGABYTES, ENDPOINT_SECONDS, environment, (send_events(), read_secrets(settings)),
        ),
        Function(
            "Decide", "decide", handler, "Decides in milliseconds who sees an offer.",
            ENDPOINT_MEGABYTES, ENDPOINT_SECONDS, environment, (use_profiles(), send_events(), read_secrets(settings)),
        ),
    )  # fmt: skip


def flush_function(settings: Settings) -> Function:
    """The function that moves queued packs into the bucket."""
    queue = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    zones = bucket_arn(settings.bucket_name, "raw/*", "bad/*")
    return Function(
        "Flush", "flush", "lambdas.flush.run", "Moves queued packs into the zones of the bucket.",
        FLUSH_MEGABYTES, FLUSH_SECONDS,
        {"LOGDIG_QUEUE_URL": ref("Queue"), "LOGDIG_BUCKET": ref("Bucket")}
        | ({"LOGDIG_PROFILE_TABLE": ref("Profiles")} if settings.flush.on_listen else {}),
        (
            allow(queue, [arn_of("Queue")]),
            allow(["s3:PutObject"], zones),
            # The list of people who were erased while their events were in flight.
            allow(
                ["s3:ListBucket"],
                [bucket_arn(settings.bucket_name)],
                condition={"StringLike": {"s3:prefix": f"{LIST_PREFIX}*"}},
            ),
            allow(["s3:GetObject"], bucket_arn(settings.bucket_name, SALT_KEY)),
            *_reactions(settings),
            *send_messages(settings, "listen"),
        ),
    )  # fmt: skip


def _reactions(settings: Settings) -> tuple[Statement, ...]:
    """What a flush may do about the listens that it has written."""
    if not settings.flush.on_listen:
        return ()
    return (allow(["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"], [arn_of("Profiles")]),)


def dashboard_function(settings: Settings) -> Function:
    """The function that shows the dashboard; it writes nothing.

    S3 answers that a missing object is forbidden to who may not list, so it may list names, which are hashes.
    """
    bucket, account = settings.bucket_name, "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}"
    read = [*DASHBOARD_READS, "raw/*"] if settings.dashboard_live else DASHBOARD_READS
    tables = [
        sub(f"{account}:catalog"),
        sub(f"{account}:database/{settings.database}"),
        sub(f"{account}:table/{settings.database}/*"),
    ]
    return Function(
        "WebDashboard", "dashboard", "dashboard.function.handle", "Shows the dashboard to whom a link was given.",
        DASHBOARD_MEGABYTES, DASHBOARD_SECONDS,
        {"LOGDIG_QUEUE_URL": ref("Queue"), "LOGDIG_BUCKET": ref("Bucket")},
        (
            allow(["glue:GetTable"], tables),
            allow(["s3:ListBucket"], [bucket_arn(bucket)]),
            allow(["s3:GetObject"], bucket_arn(bucket, *read)),
            allow(["sqs:GetQueueAttributes"], [arn_of("Queue"), arn_of("DeadLetters")]),
            allow(["sqs:GetQueueUrl"], [arn_of("DeadLetters")]),
        ),
        DASHBOARD_RUNTIME,
    )  # fmt: skip


def functions(settings: Settings, code: dict[str, Any], dashboard_code: dict[str, Any] | None = None) -> Resources:
    """All functions.

    Args:
        settings: Names and endpoint.
        code: Location of their package: S3Bucket and S3Key.
        dashboard_code: Likewise of the dashboard; None = it is not deployed.
    """
    resources: Resources = {}
    if dashboard_code is not None:
        resources |= _function(settings, dashboard_function(settings), dashboard_code)
    for function in (*endpoint_functions(settings), flush_function(settings)):
        resources |= _function(settings, function, code)
    return resources | _flush_starters(settings)


def function_name(settings: Settings, name: str) -> str:
    """Full name of a function."""
    return f"{settings.prefix}-{name}"


def log_group(settings: Settings, name: str, meaning: str) -> Resource:
    """A log group with a retention."""
    accepted = {"CKV_AWS_158": "Log lines hold counts and no events; CloudWatch encrypts them with its own key."}
    properties = {"LogGroupName": name, "RetentionInDays": settings.retention.log_days}
    return make(settings, "AWS::Logs::LogGroup", meaning, properties, accepted=accepted)


def _function(settings: Settings, function: Function, code: dict[str, Any]) -> Resources:
    name, log, role_id = (
        function_name(settings, function.name),
        f"{function.logical_id}Log",
        f"{function.logical_id}Role",
    )
    properties = {
        "FunctionName": name,
        "Description": function.meaning,
        "Runtime": function.runtime,
        "Architectures": [ARCHITECTURE],
        "Handler": function.handler,
        "Code": code,
        "MemorySize": function.megabytes,
        "Timeout": function.seconds,
        "Role": arn_of(role_id),
        "Environment": {"Variables": function.environment},
        # Lambda's own three lines a call would cost more than the call: 38 GB a month at 100 million requests.
        "LoggingConfig": {"LogGroup": ref(log), "LogFormat": "JSON", "SystemLogLevel": "WARN"},
        "TracingConfig": {"Mode": "PassThrough"},
    }
    write_log = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [arn_of(log)])
    meaning = f"What the function {name} may do."
    return {
        log: log_group(settings, f"/aws/lambda/{name}", f"Log lines of {name}."),
        role_id: role(settings, function.name, "lambda.amazonaws.com", meaning, *function.statements, write_log),
        function.logical_id: make(settings, "AWS::Lambda::Function", function.meaning, properties, accepted=_ACCEPTED),
    }


def whole_minutes(settings: Settings) -> int:
    """Minutes between two flushes.

    Raises:
        InvalidSettingError: A schedule of AWS counts whole minutes.
    """
    seconds = settings.flush.interval_seconds
    if seconds % 60:
        raise InvalidSettingError("flush.interval_seconds", seconds, "whole minutes (60, 120, …) on AWS")
    return seconds // 60


def schedule(
    settings: Settings, name: str, meaning: str, expression: str, target: dict[str, Any], *, timezone: str = "UTC"
) -> Resource:
    """A schedule of EventBridge Scheduler."""
    properties = {
        "Name": f"{settings.prefix}-{name}",
        "Description": meaning,
        "GroupName": ref("Schedules"),
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": timezone,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": target,
    }
    accepted = {"CKV_AWS_297": "The schedule holds names of resources; AWS encrypts it with its own key."}
    return make(settings, "AWS::Scheduler::Schedule", meaning, properties, accepted=accepted)


def _flush_starters(settings: Settings) -> Resources:
    minutes = whole_minutes(settings)
    expression = f"rate({minutes} minute{'' if minutes == 1 else 's'})"
    target = {
        "Arn": arn_of("Flush"),
        "RoleArn": arn_of("FlushScheduleRole"),
        "Input": "{}",
        # The next run picks up what a failed one left.
        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
    }
    invoke = allow(["lambda:InvokeFunction"], [arn_of("Flush")])
    resources = {
        "Schedules": make(
            settings, "AWS::Scheduler::ScheduleGroup", "All schedules of the stack.", {"Name": settings.prefix}
        ),
        "FlushScheduleRole": role(
            settings, "flush-clock", "scheduler.amazonaws.com", "Lets the schedule start the flush.", invoke
        ),
    }
    for number in range(1, settings.flush.flushers + 1):
        resources[f"FlushSchedule{number}"] = schedule(
            settings, f"flush-{number}", f"Starts flush {number} of {settings.flush.flushers}.", expression, target
        )
    return resources | _flush_topic(settings)


def _flush_topic(settings: Settings) -> Resources:
    kind = "AWS::SNS::Topic"
    name = f"{settings.prefix}-flush"
    topic = {"TopicName": name, "DisplayName": name, "KmsMasterKeyId": "alias/aws/sns"}
    permission = {
        "FunctionName": ref("Flush"),
        "Action": "lambda:InvokeFunction",
        "Principal": "sns.amazonaws.com",
        "SourceArn": ref("FlushTopic"),
    }
    subscription = {"TopicArn": ref("FlushTopic"), "Protocol": "lambda", "Endpoint": arn_of("Flush")}
    return {
        "FlushTopic": make(settings, kind, 'A message starts a flush; {"force": true} writes even one event.', topic),
        "FlushTopicPolicy": topic_policy(settings, "FlushTopic", ()),
        "FlushTopicPermission": make(
            settings, "AWS::Lambda::Permission", "Lets the topic start the flush.", permission
        ),
        "FlushTopicSubscription": make(
            settings, "AWS::SNS::Subscription", "Brings the topic's messages to the flush.", subscription,
            after=("FlushTopicPermission",),
        ),
    }  # fmt: skip


def topic_policy(settings: Settings, topic: str, publishers: Sequence[str]) -> Resource:
    """Policy of a topic: TLS only, and which AWS services of this account may publish."""
    tls: Statement = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": ref(topic),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    services: Statement = {
        "Sid": "Publishers",
        "Effect": "Allow",
        "Principal": {"Service": list(publishers)},
        "Action": "sns:Publish",
        "Resource": ref(topic),
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }
    statements = (tls, services) if publishers else (tls,)
    properties = {"Topics": [ref(topic)], "PolicyDocument": document(*statements)}
    return make(settings, "AWS::SNS::TopicPolicy", f"Who may publish to {topic}, by TLS only.", properties)
