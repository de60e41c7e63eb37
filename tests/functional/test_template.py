"""The final template on an emulator: everything that it knows is made, with the attributes that the template says."""

from __future__ import annotations

import ast
import json
from typing import Any

import boto3
import pytest

from infra.aws.account import Account
from infra.aws.cloudformation import apply_change, discard_change, find_stack, prepare_change, remove_stack
from infra.template.build import Artifacts, artifacts_template, build_template, without
from logdig.config.settings import AppSettings, Settings

REGION = "ap-northeast-1"
UNKNOWN = frozenset(
    {
        "AWS::Budgets::Budget", "AWS::CloudWatch::Alarm", "AWS::EMRServerless::Application", "AWS::Glue::Database",
        "AWS::Lambda::Url", "AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup",
    }
)  # fmt: skip
"""What moto's CloudFormation passes over without a word; the policy tests over the template hold these."""
TAGS = [{"Key": "service", "Value": "any"}]


@pytest.fixture
def settings(service: str) -> Settings:
    app = AppSettings("web", "pk_web_12345678", ("https://shop.example",))
    return Settings(service=service[:13], stage="prod", region=REGION, alarm_email="a@shop.example", apps=(app,))


@pytest.fixture
def account(moto_url: str) -> Account:
    return Account(REGION, moto_url, sleep=lambda _: None)


def client(account: Account, name: str) -> Any:
    return boto3.client(name, endpoint_url=account.endpoint, region_name=REGION)


def deploy(account: Account, settings: Settings) -> dict[str, Any]:
    """Make both stacks on moto; returns the template."""
    bucket = settings.artifacts_bucket_name
    body = {"TemplateBody": json.dumps(artifacts_template(settings))}
    first = prepare_change(account, f"{settings.stack_name}-artifacts", body, TAGS)
    apply_change(account, first, lambda _: None)
    client(account, "s3").put_object(Bucket=bucket, Key="packages/functions.zip", Body=EMPTY_ZIP)
    where = Artifacts(bucket, "packages/functions.zip", "packages/entry.py", "--py-files s3://b/spark.zip")
    template = without(build_template(settings, where), lambda one: one["Type"] in UNKNOWN - SILENT)
    second = prepare_change(account, settings.stack_name, {"TemplateBody": json.dumps(template)}, TAGS)
    apply_change(account, second, lambda _: None)
    return template


SILENT = UNKNOWN - {"AWS::Lambda::Url", "AWS::EMRServerless::Application", "AWS::Scheduler::ScheduleGroup"}
EMPTY_ZIP = b"PK\x05\x06" + b"\x00" * 18


def test_template_makes_everything_that_the_emulator_knows(account: Account, settings: Settings) -> None:
    template = deploy(account, settings)

    made = client(account, "cloudformation").describe_stack_resources(StackName=settings.stack_name)["StackResources"]
    known = {name for name, one in template["Resources"].items() if one["Type"] not in UNKNOWN}

    assert known <= {one.get("LogicalResourceId") for one in made}
    assert len(known) > 20


def test_template_makes_queues_encrypted_and_joined(account: Account, settings: Settings) -> None:
    deploy(account, settings)
    sqs = client(account, "sqs")

    def attributes(name: str) -> dict[str, str]:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    queue, dlq = attributes(settings.queue_name), attributes(settings.dlq_name)

    assert queue["SqsManagedSseEnabled"] == dlq["SqsManagedSseEnabled"] == "true"
    assert json.loads(queue["RedrivePolicy"]) == {"deadLetterTargetArn": dlq["QueueArn"], "maxReceiveCount": 50}
    assert (queue["VisibilityTimeout"], queue["MessageRetentionPeriod"]) == ("300", str(14 * 86_400))
    assert dlq["MessageRetentionPeriod"] == str(14 * 86_400)


@pytest.mark.parametrize("which", ["bucket_name", "artifacts_bucket_name"])
def test_template_makes_buckets_encrypted(account: Account, settings: Settings, which: str) -> None:
    deploy(account, settings)
    s3, bucket = client(account, "s3"), getattr(settings, which)

    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]

    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_template_makes_each_function_with_its_own_role_and_log(account: Account, settings: Settings) -> None:
    deploy(account, settings)
    functions, logs = client(account, "lambda"), client(account, "logs")

    for name in ("collector", "decide", "flush"):
        full = f"{settings.prefix}-{name}"
        configuration = functions.get_function_configuration(FunctionName=full)
        group = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{full}")["logGroups"][0]

        assert configuration["Role"].endswith(f"role/{full}-{REGION}")
        assert configuration["Runtime"] == "python3.11"
        assert group["retentionInDays"] == settings.retention.log_days


def test_template_makes_roles_whose_policies_are_those_of_the_template(account: Account, settings: Settings) -> None:
    deploy(account, settings)

    policy = client(account, "iam").get_role_policy(RoleName=f"{settings.prefix}-flush-{REGION}", PolicyName="flush")

    # moto hands back the document as Python writes it, not as JSON.
    document = policy["PolicyDocument"]
    statements = (ast.literal_eval(document) if isinstance(document, str) else document)["Statement"]
    queue_arn = f"arn:aws:sqs:{REGION}:123456789012:{settings.queue_name}"
    assert [statement["Resource"] for statement in statements if "sqs:ReceiveMessage" in statement["Action"]] == [
        [queue_arn]
    ]
    assert "*" not in [resource for statement in statements for resource in statement["Resource"]]


def test_stack_keeps_its_data_when_it_is_removed(account: Account, settings: Settings) -> None:
    deploy(account, settings)

    removed = remove_stack(account, settings.stack_name, lambda _: None)

    assert removed
    assert find_stack(account, settings.stack_name) is None
    assert client(account, "sqs").get_queue_url(QueueName=settings.queue_name)["QueueUrl"]
    assert client(account, "s3").head_bucket(Bucket=settings.bucket_name)
    assert not remove_stack(account, settings.stack_name, lambda _: None)


def test_change_set_leaves_no_stack_behind_when_it_is_forgotten(account: Account, settings: Settings) -> None:
    body = {"TemplateBody": json.dumps(artifacts_template(settings))}

    change_set = prepare_change(account, f"{settings.stack_name}-artifacts", body, TAGS)
    discard_change(account, change_set)

    assert find_stack(account, f"{settings.stack_name}-artifacts") is None
