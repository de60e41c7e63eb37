"""One resource of the template: described, tagged, with the reasons for accepted findings in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logdig.config.settings import Settings

Resource = dict[str, Any]
Resources = dict[str, Resource]

TAG_LISTS = frozenset(
    {
        "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::CertificateManager::Certificate",
        "AWS::CloudFront::Distribution", "AWS::CloudWatch::Alarm", "AWS::DynamoDB::Table",
        "AWS::EMRServerless::Application", "AWS::ElasticBeanstalk::Environment", "AWS::IAM::Role",
        "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue",
        "AWS::Scheduler::ScheduleGroup",
    }
)  # fmt: skip
"""Types with a property ``Tags``, a list of Key and Value; the template's other types take no tags."""

DATA_TYPES = frozenset({"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Glue::Database", "AWS::SQS::Queue"})
"""Types that hold events or profiles: retained when the stack is destroyed, flagged when a plan replaces them."""


def make(
    settings: Settings,
    kind: str,
    meaning: str,
    properties: Mapping[str, Any],
    *,
    after: tuple[str, ...] = (),
    accepted: Mapping[str, str] | None = None,
    keep: bool = True,
) -> Resource:
    """Make one resource.

    Args:
        settings: For the tags.
        kind: CloudFormation type.
        meaning: One sentence for readers of the template.
        properties: As CloudFormation takes them.
        after: Resources that must exist before, where no reference says so.
        accepted: Finding of checkov -> why it is accepted here.
        keep: Whether a resource that holds data outlives the stack; False where it can be rebuilt.
    """
    resource: Resource = {"Type": kind, "Metadata": {"Meaning": meaning}}
    if keep and kind in DATA_TYPES:
        resource |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    if after:
        resource["DependsOn"] = list(after)
    if accepted:
        resource["Metadata"]["checkov"] = {"skip": [{"id": key, "comment": why} for key, why in accepted.items()]}
    resource["Properties"] = dict(properties)
    if kind in TAG_LISTS:
        resource["Properties"]["Tags"] = tags(settings)
    return resource


def tags(settings: Settings) -> list[dict[str, str]]:
    """Tags of every resource that takes some."""
    values = {"service": settings.service, "stage": settings.stage, "made-by": "logdig"}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def ref(name: str) -> dict[str, str]:
    """Reference to a resource: its name or address."""
    return {"Ref": name}


def attribute(name: str, what: str) -> dict[str, list[str]]:
    """Attribute of a resource."""
    return {"Fn::GetAtt": [name, what]}


def arn_of(name: str) -> dict[str, list[str]]:
    """ARN of a resource."""
    return attribute(name, "Arn")


def sub(text: str) -> dict[str, str]:
    """Text with ``${Name}`` filled in by CloudFormation."""
    return {"Fn::Sub": text}


def bucket_arn(bucket: str, *paths: str) -> Any:
    """ARNs of the keys below the paths of a bucket; of the bucket itself without any."""
    arns = [sub(f"arn:${{AWS::Partition}}:s3:::{bucket}/{path}") for path in paths]
    return arns or sub(f"arn:${{AWS::Partition}}:s3:::{bucket}")
