"""The deployer's policies allow what a deploy does, and nothing else."""

from __future__ import annotations

import ast
import json
import re

import msgspec
import pytest

from infra.deploy.iam_policies import DOMAIN, LAKE, PARTS, deployer_policy
from infra.paths import ROOT
from infra.template.domain import domain_template
from logdig.errors import InputError
from logdig.store.state.model_choices import CHOICES_KEY
from logdig.store.state.releases import RELEASES_KEY
from logdig.store.state.shares import SHARES_KEY
from tests.fakes.permissions import granted as granted_by
from tests.fakes.permissions import refused
from tests.unit.infra.template.test_template import FRONT_DOORS, SETTINGS, statements, template

CODE = [*(ROOT / "infra").rglob("*.py"), *(ROOT / "cli").rglob("*.py")]

LIFE = {
    "AWS::SQS::Queue": "sqs:CreateQueue sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SetQueueAttributes sqs:DeleteQueue "
    "sqs:TagQueue sqs:UntagQueue sqs:ListQueueTags",
    "AWS::SQS::QueuePolicy": "sqs:SetQueueAttributes sqs:GetQueueAttributes",
    "AWS::S3::Bucket": "s3:CreateBucket s3:DeleteBucket s3:ListBucket s3:PutBucketTagging s3:GetBucketTagging "
    "s3:PutEncryptionConfiguration s3:GetEncryptionConfiguration s3:PutBucketPublicAccessBlock "
    "s3:GetBucketPublicAccessBlock s3:PutBucketOwnershipControls s3:GetBucketOwnershipControls s3:PutBucketVersioning "
    "s3:GetBucketVersioning s3:PutLifecycleConfiguration s3:GetLifecycleConfiguration",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy s3:GetBucketPolicy s3:DeleteBucketPolicy",
    "AWS::Glue::Database": "glue:CreateDatabase glue:GetDatabase glue:UpdateDatabase glue:DeleteDatabase",
    "AWS::DynamoDB::Table": "dynamodb:CreateTable dynamodb:DescribeTable dynamodb:UpdateTable dynamodb:DeleteTable "
    "dynamodb:UpdateTimeToLive dynamodb:DescribeTimeToLive dynamodb:DescribeContinuousBackups dynamodb:TagResource "
    "dynamodb:UntagResource dynamodb:ListTagsOfResource",
    "AWS::Lambda::Function": "lambda:CreateFunction lambda:GetFunction lambda:GetFunctionConfiguration "
    "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:DeleteFunction lambda:TagResource "
    "lambda:UntagResource lambda:ListTags lambda:GetFunctionCodeSigningConfig iam:PassRole s3:GetObject "
    "s3:GetObjectVersion",
    "AWS::Lambda::Url": "lambda:CreateFunctionUrlConfig lambda:GetFunctionUrlConfig lambda:UpdateFunctionUrlConfig "
    "lambda:DeleteFunctionUrlConfig",
    "AWS::Lambda::Permission": "lambda:AddPermission lambda:RemovePermission lambda:GetPolicy",
    "AWS::IAM::Role": "iam:CreateRole iam:GetRole iam:UpdateRole iam:DeleteRole iam:PutRolePolicy iam:GetRolePolicy "
    "iam:DeleteRolePolicy iam:ListRolePolicies iam:ListAttachedRolePolicies iam:UpdateAssumeRolePolicy iam:TagRole "
    "iam:UntagRole",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup logs:DescribeLogGroups logs:DeleteLogGroup logs:PutRetentionPolicy "
    "logs:DeleteRetentionPolicy logs:TagResource logs:UntagResource logs:ListTagsForResource",
    "AWS::Logs::MetricFilter": "logs:PutMetricFilter logs:DescribeMetricFilters logs:DeleteMetricFilter",
    "AWS::Scheduler::Schedule": "scheduler:CreateSchedule scheduler:GetSchedule scheduler:UpdateSchedule "
    "scheduler:DeleteSchedule iam:PassRole",
    "AWS::Scheduler::ScheduleGroup": "scheduler:CreateScheduleGroup scheduler:GetScheduleGroup "
    "scheduler:DeleteScheduleGroup scheduler:TagResource scheduler:UntagResource scheduler:ListTagsForResource",
    "AWS::SNS::Topic": "sns:CreateTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:DeleteTopic "
    "sns:ListSubscriptionsByTopic sns:TagResource sns:UntagResource sns:ListTagsForResource",
    "AWS::SNS::TopicPolicy": "sns:SetTopicAttributes",
    "AWS::SNS::Subscription": "sns:Subscribe sns:Unsubscribe sns:GetSubscriptionAttributes "
    "sns:SetSubscriptionAttributes",
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms "
    "cloudwatch:TagResource cloudwatch:UntagResource cloudwatch:ListTagsForResource",
    "AWS::CloudWatch::Dashboard": "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards",
    "AWS::Budgets::Budget": "budgets:ModifyBudget budgets:ViewBudget budgets:TagResource budgets:UntagResource "
    "budgets:ListTagsForResource",
    "AWS::EMRServerless::Application": "emr-serverless:CreateApplication emr-serverless:GetApplication "
    "emr-serverless:UpdateApplication emr-serverless:StopApplication emr-serverless:DeleteApplication "
    "emr-serverless:TagResource emr-serverless:UntagResource emr-serverless:ListTagsForResource "
    "iam:CreateServiceLinkedRole",
    "AWS::ApiGateway::RestApi": "apigateway:POST apigateway:GET apigateway:PUT apigateway:PATCH apigateway:DELETE",
    "AWS::ApiGateway::Deployment": "apigateway:POST apigateway:GET apigateway:DELETE",
    "AWS::CertificateManager::Certificate": "acm:RequestCertificate acm:DescribeCertificate acm:DeleteCertificate "
    "acm:AddTagsToCertificate acm:RemoveTagsFromCertificate acm:ListTagsForCertificate",
    # CloudFront reads a web ACL as its caller before it attaches it.
    "AWS::CloudFront::Distribution": "wafv2:GetWebACL cloudfront:CreateDistribution cloudfront:GetDistribution "
    "cloudfront:GetDistributionConfig cloudfront:UpdateDistribution cloudfront:DeleteDistribution "
    "cloudfront:TagResource cloudfront:UntagResource cloudfront:ListTagsForResource",
    "AWS::CloudFront::OriginAccessControl": "cloudfront:CreateOriginAccessControl cloudfront:GetOriginAccessControl "
    "cloudfront:UpdateOriginAccessControl cloudfront:DeleteOriginAccessControl",
    "AWS::CloudFront::OriginRequestPolicy": "cloudfront:CreateOriginRequestPolicy cloudfront:GetOriginRequestPolicy "
    "cloudfront:UpdateOriginRequestPolicy cloudfront:DeleteOriginRequestPolicy",
    "AWS::Route53::RecordSet": "route53:ChangeResourceRecordSets route53:GetChange route53:GetHostedZone "
    "route53:ListResourceRecordSets",
    "AWS::ApiGateway::Stage": "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE apigateway:PUT",
}
"""What CloudFormation does with the caller's permissions in the life of each type."""

OTHER_NAMES = {
    "s3:head_object": {"s3:GetObject"},
    "s3:head_bucket": {"s3:ListBucket"},
    "s3:list_object_versions": {"s3:ListBucketVersions"},
    "s3:delete_objects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "lambda:invoke": {"lambda:InvokeFunction"},
    "sts:get_caller_identity": set(),  # needs no permission
    "elasticbeanstalk:list_available_solution_stacks": set(),  # server mode: AWS's own policy
}
CORE = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "glue:GetTable"}
"""Through the core's own clients: the probe in the bucket, the ledger in the tables."""
TAGS_OF_STACKS = {"cloudformation:TagResource", "cloudformation:UntagResource"}


ACCOUNT = "123456789012"


NAMELESS = re.compile(
    r"/applications/|/restapis|/tags/|:catalog$|aws-service-role|:certificate/|:cloudfront::|:hostedzone/Z0|:::change/|global/webacl/shop/"
)
ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/12345678-1234-1234-1234-123456789012"
NAMED = msgspec.structs.replace(SETTINGS, domain="collect.shop.example", domain_zone="Z0123456789", domain_web_acl=ACL)


def policy() -> list[dict[str, object]]:
    parts = (*PARTS, DOMAIN)
    return [statement for part in parts for statement in json.loads(deployer_policy(NAMED, ACCOUNT, part))["Statement"]]


def granted() -> set[str]:
    return {action for statement in policy() for action in statement["Action"]}


def called() -> set[str]:
    """Actions of every call to `Account`, read from the code."""
    actions: set[str] = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if not is_call or node.func.attr not in ("call", "find", "pages") or len(node.args) < 2:
                continue
            first, second = node.args[:2]
            if isinstance(first, ast.Constant) and isinstance(second, ast.Constant):
                name = f"{first.value}:{second.value}"
                action = f"{first.value}:{''.join(part.title() for part in second.value.split('_'))}"
                actions |= OTHER_NAMES.get(name, {action})
    return actions


def of_types() -> set[str]:
    documents = [*map(template, FRONT_DOORS), domain_template(NAMED)]
    kinds = {resource["Type"] for document in documents for resource in document["Resources"].values()}
    return {action for kind in kinds for action in LIFE[kind].split()}


def test_deployer_may_do_what_the_life_of_every_resource_needs() -> None:
    assert of_types() - granted() == set()


def test_deployer_may_make_every_call_of_the_commands() -> None:
    assert len(called()) > 20
    assert called() - granted() == set()


def test_deployer_may_do_nothing_else() -> None:
    assert granted() - of_types() - called() - CORE - TAGS_OF_STACKS == set()


def test_deployer_reaches_only_what_bears_the_stacks_name() -> None:
    for statement in policy():
        resources = statement["Resource"]
        if resources == "*":
            assert set(statement["Action"]) == {
                "emr-serverless:CreateApplication", "logs:DescribeLogGroups", "cloudwatch:GetMetricStatistics",
            } or statement["Condition"] == {
                "ForAllValues:StringEquals": {"acm:DomainNames": ["collect.shop.example"]}
            }  # fmt: skip
            continue
        for resource in resources:
            ours = any(name in resource for name in ("shop-prod", "shop_prod", "shop/prod"))
            # These bear ids that AWS makes.
            assert ours or NAMELESS.search(resource), resource


@pytest.mark.parametrize("action", ["iam:AttachRolePolicy", "iam:CreateUser", "s3:ListAllMyBuckets", "sqs:SendMessage"])
def test_deployer_may_not_make_himself_more_than_he_is(action: str) -> None:
    assert action not in granted()


def test_lake_policy_adds_to_the_jobs_role_what_forgetting_releases_and_the_queues_need() -> None:
    lake = granted_by(SETTINGS, json.loads(deployer_policy(SETTINGS, ACCOUNT, LAKE))["Statement"])
    # Logs and packages are EMR's needs, not the jobs'.
    role = {
        (action, name)
        for action, name in granted_by(SETTINGS, statements(template(), "JobsRole"))
        if not action.startswith("logs:") and "-artifacts" not in name
    }

    assert refused(role, lake) == []
    assert lake - role == {
        *((f"s3:{action}", "shop-prod-s3/load/*") for action in ("PutObject", "GetObjectVersion")),
        *(("s3:DeleteObjectVersion", f"shop-prod-s3/{place}/*") for place in ("load", "tables")),
        ("s3:PutObject", "shop-prod-s3/erasures/*"),
        *(("s3:PutObject", f"shop-prod-s3/{key}") for key in (RELEASES_KEY, CHOICES_KEY, SHARES_KEY)),
        *((f"sqs:{action}", "shop-prod-dlq") for action in ("DeleteMessage", "SendMessage")),
        *(
            (f"sqs:{action}", "shop-prod-sqs")
            for action in ("GetQueueUrl", "ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage", "SendMessage")
        ),
    }  # fmt: skip


def test_policy_of_the_domain_reaches_records_only_in_the_zone_that_is_named() -> None:
    bare = msgspec.structs.replace(NAMED, domain_zone="", domain_web_acl="")
    without = json.loads(deployer_policy(bare, ACCOUNT, DOMAIN))

    assert not {"Records", "WebAcl"} & {statement["Sid"] for statement in without["Statement"]}
    with pytest.raises(InputError, match="has no domain"):
        deployer_policy(SETTINGS, ACCOUNT, DOMAIN)


@pytest.mark.parametrize("part", [*PARTS, DOMAIN, LAKE])
def test_policy_fits_into_one_managed_policy_when_the_names_are_longest(part: str) -> None:
    settings = msgspec.structs.replace(NAMED, service="s" * 17, bucket="b" * 53, region="ap-southeast-99")

    text = deployer_policy(settings, ACCOUNT, part)

    # IAM's quota counts characters without white space.
    assert len(re.sub(r"\s", "", text)) <= 6144
    assert "${" not in text
