"""The template as data: named, tagged, private, and each role able to do its own work only."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from infra.cost.jobs import RUN_GB_HOURS, RUN_VCPU_HOURS, SPARK_GB_A_VCPU
from infra.deploy.retained import RetainedResource, importable_part
from infra.template.alarms import namespace
from infra.template.build import Artifacts, artifacts_template, build_template, is_not_emulated, without
from infra.template.resource import DATA_TYPES, TAG_LISTS
from infra.template.server import Server
from logdig.config.offers import OfferSettings, SmsSettings
from logdig.config.settings import AppSettings, FlushSettings, RetentionSettings, Settings
from logdig.errors import InvalidSettingError

SETTINGS = Settings(
    service="shop",
    stage="prod",
    region="ap-northeast-2",
    alarm_email="owner@shop.example",
    apps=(AppSettings("web", "pk_web_12345678", ("https://shop.example",)),),
)
WHERE = Artifacts(
    "shop-prod-s3-artifacts",
    "packages/functions-0.zip",
    "packages/entry-0.py",
    "--py-files s3://b/packages/spark-0.zip",
)
FRONT_DOORS = ("function-url", "rest-api")
FRESHNESS = ("daily", "hourly", "live")

ALLOWED = {
    "CollectorRole": {
        "sqs:SendMessage", "sqs:GetQueueAttributes", "ssm:GetParametersByPath",
        "logs:CreateLogStream", "logs:PutLogEvents",
    },
    "DecideRole": {
        "dynamodb:BatchGetItem", "dynamodb:UpdateItem", "sqs:SendMessage", "sqs:GetQueueAttributes",
        "ssm:GetParametersByPath",
        "logs:CreateLogStream", "logs:PutLogEvents",
    },
    "FlushRole": {
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "s3:PutObject", "s3:GetObject",
        "s3:ListBucket",
        "logs:CreateLogStream", "logs:PutLogEvents",
    },
    "FlushScheduleRole": {"lambda:InvokeFunction"},
    "JobsScheduleRole": {"emr-serverless:StartJobRun", "iam:PassRole"},
    "JobsRole": {
        "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject", "s3:PutObject", "s3:DeleteObject",
        "s3:ListBucketVersions", "s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload",
        "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable",
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem",
        "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility",
        "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups",
    },
}  # fmt: skip
NAMES = {
    "AWS::ApiGateway::RestApi": "Name", "AWS::ApiGateway::Stage": "StageName", "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName", "AWS::DynamoDB::Table": "TableName",
    "AWS::EMRServerless::Application": "Name", "AWS::IAM::Role": "RoleName", "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName", "AWS::Logs::MetricFilter": "FilterName", "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName", "AWS::SQS::Queue": "QueueName", "AWS::Scheduler::Schedule": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
}  # fmt: skip


def template(front_door: str = "function-url", freshness: str = "daily", **changes: Any) -> dict[str, Any]:
    settings = msgspec.structs.replace(SETTINGS, front_door=front_door, freshness=freshness, **changes)
    return build_template(settings, WHERE)


def of_type(document: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"] for name, resource in document["Resources"].items() if resource["Type"] == kind
    }


def job_configuration(document: dict[str, Any]) -> dict[str, str]:
    """What the one clock tells Spark."""
    (submit,) = [
        json.loads(resource["Target"]["Input"]["Fn::Sub"][0])["JobDriver"]["SparkSubmit"]
        for resource in of_type(document, "AWS::Scheduler::Schedule").values()
        if "JobDriver" in str(resource["Target"]["Input"])
    ]
    return dict(part.split("=", 1) for part in submit["SparkSubmitParameters"].split(" ") if "=" in part)


def statements(document: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    for policy in document["Resources"][role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("front_door", FRONT_DOORS)
@pytest.mark.parametrize("freshness", FRESHNESS)
def test_template_names_describes_and_tags_every_resource(front_door: str, freshness: str) -> None:
    document = template(front_door, freshness)

    for name, resource in document["Resources"].items():
        assert resource["Metadata"]["Meaning"].endswith("."), name
        if resource["Type"] in NAMES:
            name_value = resource["Properties"][NAMES[resource["Type"]]]
            assert "shop-prod" in name_value or name_value == "api", name
        if resource["Type"] in TAG_LISTS:
            pairs = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
            assert pairs == {"service": "shop", "stage": "prod", "made-by": "logdig"}, name


@pytest.mark.parametrize("front_door", FRONT_DOORS)
def test_template_gives_each_role_only_the_actions_of_its_work(front_door: str) -> None:
    document = template(front_door)
    roles = of_type(document, "AWS::IAM::Role")

    given = {
        name: {action for statement in statements(document, name) for action in statement["Action"]} for name in roles
    }

    assert given == ALLOWED


@pytest.mark.parametrize("when, sends", [("target", "JobsRole"), ("listen", "FlushRole")])
def test_template_lets_only_who_sends_messages_text_phones_and_no_topic(when: Any, sends: str) -> None:
    def document(*, dry_run: bool) -> dict[str, Any]:
        sms = SmsSettings(text="Hi", when=when, dry_run=dry_run)
        return template(offers=(OfferSettings(name="UPGRADE", sms=sms),))

    def publishing(found: dict[str, Any], role: str) -> list[dict[str, Any]]:
        return [one for one in statements(found, role) if "sns:Publish" in one["Action"]]

    roles = of_type(document(dry_run=False), "AWS::IAM::Role")
    assert [role for role in roles if publishing(document(dry_run=False), role)] == [sends]
    (statement,) = publishing(document(dry_run=False), sends)
    assert statement["NotResource"] == [{"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}]
    assert "Resource" not in statement
    assert not publishing(document(dry_run=True), sends)


def test_template_lets_the_jobs_delete_no_object_of_raw_and_no_table() -> None:
    """What they rewrite of raw is content-addressed; a version goes only when someone is forgotten."""
    given = {
        action: [resource["Fn::Sub"].split(":::")[-1] for resource in statement["Resource"]]
        for statement in statements(template(), "JobsRole")
        for action in statement["Action"]
        if action.startswith("s3:Delete")
    }

    assert given == {
        "s3:DeleteObject": ["shop-prod-s3/tables/*", "shop-prod-s3/checkpoints/*"],
        "s3:DeleteObjectVersion": ["shop-prod-s3/raw/*", "shop-prod-s3/bad/*"],
    }


def test_template_gives_no_role_a_resource_with_a_star_for_its_name() -> None:
    document = template()

    for name in of_type(document, "AWS::IAM::Role"):
        for statement in statements(document, name):
            assert statement["Effect"] == "Allow"
            resources = statement["Resource"]
            for resource in resources if isinstance(resources, list) else [resources]:
                text = resource if isinstance(resource, str) else json.dumps(resource)
                assert text != "*", name
                # Below a bucket, a database or a log group of ours a star is a name of ours, too.
                ours = any(word in text for word in ("shop-prod", "shop_prod", "Fn::GetAtt", "/shop/prod/"))
                assert ours or statement["Action"] == ["logs:DescribeLogGroups"] or "glue" in text, (name, text)


def test_template_lets_each_function_be_taken_on_by_its_own_role_only() -> None:
    document = template()

    roles = {
        name: resource["Role"]["Fn::GetAtt"][0] for name, resource in of_type(document, "AWS::Lambda::Function").items()
    }

    assert roles == {"Collector": "CollectorRole", "Decide": "DecideRole", "Flush": "FlushRole"}
    for name in roles.values():
        trust = document["Resources"][name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert [statement["Principal"] for statement in trust] == [{"Service": "lambda.amazonaws.com"}]


def test_template_opens_a_function_url_by_both_permissions_and_no_further() -> None:
    permissions = of_type(template(), "AWS::Lambda::Permission")

    for name in ("Collector", "Decide"):
        own = [permission for permission in permissions.values() if permission["FunctionName"] == {"Ref": name}]
        assert sorted(permission["Action"] for permission in own) == [
            "lambda:InvokeFunction",
            "lambda:InvokeFunctionUrl",
        ]
        by_action = {permission["Action"]: permission for permission in own}
        assert by_action["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "NONE"
        assert by_action["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True
    open_to_all = [resource for resource in permissions.values() if resource["Principal"] == "*"]
    assert {resource["FunctionName"]["Ref"] for resource in open_to_all} == {"Collector", "Decide"}


def test_template_names_its_caller_when_a_function_is_opened_to_a_service() -> None:
    for front_door in FRONT_DOORS:
        for resource in of_type(template(front_door), "AWS::Lambda::Permission").values():
            assert resource["Principal"] == "*" or "SourceArn" in resource


def test_template_refuses_whoever_comes_without_tls() -> None:
    document = template()
    of_queues, of_bucket = (
        of_type(document, kind)["QueuePolicy" if "SQS" in kind else "BucketPolicy"]
        for kind in ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy")
    )

    for policy, resources in ((of_queues, 2), (of_bucket, 2)):
        (deny,) = policy["PolicyDocument"]["Statement"]
        assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert len(deny["Resource"]) == resources
    for resource in of_type(document, "AWS::SNS::TopicPolicy").values():
        assert resource["PolicyDocument"]["Statement"][0]["Effect"] == "Deny"


def test_template_keeps_what_holds_data_when_the_stack_goes() -> None:
    for resource in template()["Resources"].values():
        kept = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) == ("Retain", "Retain")
        assert kept == (resource["Type"] in DATA_TYPES)


def test_template_holds_queue_and_flush_to_their_times() -> None:
    document = template()
    queue, dlq = (of_type(document, "AWS::SQS::Queue")[name] for name in ("Queue", "DeadLetters"))
    flush = of_type(document, "AWS::Lambda::Function")["Flush"]

    assert (queue["VisibilityTimeout"], queue["RedrivePolicy"]["maxReceiveCount"]) == (300, 50)
    assert queue["MessageRetentionPeriod"] == dlq["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] is dlq["SqsManagedSseEnabled"] is True
    assert (flush["Timeout"], flush["MemorySize"]) == (240, 512)
    assert flush["Timeout"] < queue["VisibilityTimeout"]


def test_template_ends_each_zone_by_its_own_days() -> None:
    rules = of_type(template(retention=RetentionSettings(raw_days=30, bad_days=0)), "AWS::S3::Bucket")["Bucket"][
        "LifecycleConfiguration"
    ]["Rules"]

    by_prefix = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    old = [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules if rule["Id"] == "old-versions-end"]

    # Tables have no rule: it would delete files that a snapshot still needs.
    assert by_prefix == {"raw/": 30, "erasures/list/": 60, "reports/": 90, "pages/": 400}
    assert old == [7]


@pytest.mark.parametrize(
    ("freshness", "expressions"),
    [
        ("daily", {"cron(0 3 * * ? *)": ["all"]}),
        ("hourly", {"cron(0 * * * ? *)": ["all"]}),
        ("live", {"cron(0 3 * * ? *)": ["all"], "rate(5 minutes)": ["ingest"]}),
    ],
)
def test_template_starts_the_jobs_by_freshness(freshness: str, expressions: dict[str, list[str]]) -> None:
    started = {}
    for resource in of_type(template(freshness=freshness), "AWS::Scheduler::Schedule").values():
        arn = resource["Target"]["Arn"].get("Fn::Sub", "")
        if arn.endswith("emrserverless:startJobRun"):
            asked = json.loads(resource["Target"]["Input"]["Fn::Sub"][0])
            submit = asked["JobDriver"]["SparkSubmit"]
            started[resource["ScheduleExpression"]] = submit["EntryPointArguments"][:1]
            assert submit["EntryPoint"] == "s3://shop-prod-s3-artifacts/packages/entry-0.py"
            assert resource["Target"]["RoleArn"] == {"Fn::GetAtt": ["JobsScheduleRole", "Arn"]}

    assert started == expressions


def test_template_starts_as_many_flushes_as_are_set() -> None:
    document = template(flush=FlushSettings(interval_seconds=60, flushers=3))

    flushes = [
        resource for resource in of_type(document, "AWS::Scheduler::Schedule").values()
        if resource["Target"]["Arn"] == {"Fn::GetAtt": ["Flush", "Arn"]}
    ]  # fmt: skip

    assert [resource["ScheduleExpression"] for resource in flushes] == ["rate(1 minute)"] * 3
    assert {resource["Target"]["RoleArn"]["Fn::GetAtt"][0] for resource in flushes} == {"FlushScheduleRole"}


@pytest.mark.parametrize("on_listen", [False, True])
def test_flush_may_use_profiles_only_when_it_acts_on_listens(on_listen: bool) -> None:
    document = template(flush=FlushSettings(on_listen=on_listen))

    statements = document["Resources"]["FlushRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    actions = {action for one in statements for action in one["Action"] if action.startswith("dynamodb:")}
    assert actions == ({"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"} if on_listen else set())


def test_template_is_refused_when_the_flush_is_not_every_whole_minutes() -> None:
    with pytest.raises(InvalidSettingError, match=r"flush\.interval_seconds = 90: whole minutes"):
        template(flush=FlushSettings(interval_seconds=90))


def test_template_watches_everything_that_can_go_wrong() -> None:
    document = template()

    alarms = set(of_type(document, "AWS::CloudWatch::Alarm"))
    budget = of_type(document, "AWS::Budgets::Budget")["Budget"]

    assert alarms == {
        "DeadLettersAlarm", "OldestMessageAlarm", "CollectorErrorsAlarm", "DecideErrorsAlarm", "FlushErrorsAlarm",
        "RejectedShare", "LedgerGapAlarm", "LakeFaultsAlarm", "JobAgeAlarm",
    }  # fmt: skip
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 20.0, "Unit": "USD"}
    assert "Budget" not in template(monthly_budget_usd=0.0)["Resources"]
    assert json.loads(of_type(document, "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"])["widgets"]


def test_alarms_read_figures_that_log_lines_give() -> None:
    document, own = template(), namespace(SETTINGS)
    transformations = [
        one
        for resource in of_type(document, "AWS::Logs::MetricFilter").values()
        for one in resource["MetricTransformations"]
    ]

    given = {one["MetricName"] for one in transformations if one["MetricNamespace"] == own}
    read = {
        resource["MetricName"]
        for resource in of_type(document, "AWS::CloudWatch::Alarm").values()
        if resource.get("Namespace") == own
    }

    assert read == given


def test_template_routes_decisions_to_their_own_function_when_the_door_is_a_rest_api() -> None:
    paths = of_type(template("rest-api"), "AWS::ApiGateway::RestApi")["RestApi"]["Body"]["paths"]

    uris = {
        path: methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for path, methods in paths.items()
    }

    assert {path for path, uri in uris.items() if "${Decide.Arn}" in uri} == {"/v1/decide"}
    assert {path for path, uri in uris.items() if "${Collector.Arn}" in uri} >= {"/", "/healthz", "/v1/events"}


def test_template_leaves_out_what_an_emulator_refuses_and_all_that_needs_it() -> None:
    whole = template()

    document = without(whole, is_not_emulated)

    gone = set(whole["Resources"]) - set(document["Resources"])
    assert gone == {"Jobs", "JobsScheduleRole", "DailyJobs", "Budget"}
    assert {"JobsApplication", "JobsApplicationArn"} == set(whole["Outputs"]) - set(document["Outputs"])


def test_template_refers_only_to_what_it_has() -> None:
    for document in (
        *(template(front_door) for front_door in FRONT_DOORS),
        without(template(), is_not_emulated),
        artifacts_template(SETTINGS),
    ):
        text = json.dumps(document)
        referred = {part.split('"')[0] for part in text.split('"Ref": "')[1:]}
        referred |= {part.split('"')[0] for part in text.split('"Fn::GetAtt": ["')[1:]}

        assert {name for name in referred if "::" not in name} <= set(document["Resources"])


def test_template_makes_buckets_private_encrypted_and_versioned() -> None:
    for document, name in ((template(), "Bucket"), (artifacts_template(SETTINGS), "Artifacts")):
        bucket = of_type(document, "AWS::S3::Bucket")[name]
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]

        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_template_lets_profiles_end_by_themselves() -> None:
    table = of_type(template(), "AWS::DynamoDB::Table")["Profiles"]

    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_template_gives_workers_the_size_that_the_bill_counts() -> None:
    conf = job_configuration(template())

    sizes = {
        # Spark adds a tenth, at least 384 MiB, and EMR Serverless bills whole gigabytes.
        (int(conf[f"spark.{who}.cores"]), math.ceil(1.1 * int(conf[f"spark.{who}.memory"].removesuffix("g"))))
        for who in ("driver", "executor")
    }
    workers = 1 + int(conf["spark.dynamicAllocation.initialExecutors"])

    assert sizes == {(1, SPARK_GB_A_VCPU)}
    assert workers * 3 / 60 == pytest.approx(RUN_VCPU_HOURS)
    assert workers * 3 / 60 * SPARK_GB_A_VCPU == pytest.approx(RUN_GB_HOURS)


def test_template_lets_servers_read_their_bundle_tell_their_health_and_write_their_own_logs_only() -> None:
    server = Server(
        {"S3Bucket": "b", "S3Key": "packages/server-0.zip"}, "64bit Amazon Linux 2023 v4.0.0 running Docker"
    )
    settings = msgspec.structs.replace(SETTINGS, front_door="server")
    document = build_template(settings, replace(WHERE, server=server))

    given = {
        action: statement["Resource"]
        for statement in statements(document, "ServerInstanceRole")
        for action in statement["Action"]
    }

    assert set(given) == {
        "sqs:SendMessage", "sqs:GetQueueAttributes", "dynamodb:BatchGetItem", "dynamodb:UpdateItem",
        "ssm:GetParametersByPath",
        "s3:GetObject", "s3:ListBucket", "elasticbeanstalk:PutInstanceStatistics",
        "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups",
    }  # fmt: skip
    for action, resources in given.items():
        if action.startswith(("elasticbeanstalk:", "logs:")):
            assert all("/shop-prod-server" in resource["Fn::Sub"] for resource in resources), action
    copies = "arn:${AWS::Partition}:s3:::elasticbeanstalk-${AWS::Region}-${AWS::AccountId}"
    assert given["s3:GetObject"] == [{"Fn::Sub": f"{copies}/resources/environments/*"}]
    assert given["s3:ListBucket"] == [{"Fn::Sub": copies}]


@pytest.mark.parametrize("missing", [set(), {"DeadLetters"}])
def test_template_is_cut_to_the_data_that_an_earlier_stack_kept(missing: set[str]) -> None:
    rows = {"DeadLetters": "queue", "Queue": "queue", "Bucket": "bucket", "Profiles": "table", "Database": "database"}
    kept = [RetainedResource(what, name, name, name) for name, what in rows.items() if name not in missing]

    part, taken = importable_part(template(), kept)

    # A queue cannot be imported without the dead letters that it refers to.
    wanted = set(rows) - (missing | {"Queue"} if missing else set())
    assert set(part["Resources"]) == {resource.logical_id for resource in taken} == wanted
    assert part["Outputs"] == {}
    for resource in taken:
        entry = resource.as_import()
        assert entry["ResourceType"] == part["Resources"][resource.logical_id]["Type"]


def test_template_runs_jobs_on_the_release_that_they_are_built_for() -> None:
    jobs = of_type(template(), "AWS::EMRServerless::Application")["Jobs"]

    assert (jobs["ReleaseLabel"], jobs["Architecture"]) == ("emr-spark-8.1.0", "ARM64")
    assert jobs["AutoStopConfiguration"]["Enabled"] is jobs["AutoStartConfiguration"]["Enabled"] is True


@pytest.mark.parametrize(
    "release, profile",
    [("emr-spark-8.1.0", None), ("emr-spark-8.2.0", "cost-optimized"), ("emr-spark-8.10.0", "cost-optimized")],
)
def test_template_asks_for_few_workers_when_the_release_would_add_them_early(release: str, profile: str | None) -> None:
    found = template(emr_release=release)

    assert of_type(found, "AWS::EMRServerless::Application")["Jobs"]["ReleaseLabel"] == release
    assert job_configuration(found).get("spark.emr-serverless.scalingProfile") == profile
