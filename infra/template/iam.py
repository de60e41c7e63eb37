"""IAM policies: one role for each function, each statement with only the actions and resources that its code uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.template.resource import Resource, make
from logdig.config.settings import Settings

Statement = dict[str, Any]


def allow(actions: Sequence[str], resources: Any, *, condition: dict[str, Any] | None = None) -> Statement:
    """Statement that allows actions on resources."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    if condition:
        statement["Condition"] = condition
    return statement


def document(*statements: Statement) -> dict[str, Any]:
    """Policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def only_tls(service: str, *resources: Any) -> Statement:
    """Statement of a resource policy that denies access without TLS."""
    return {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def role_name(settings: Settings, purpose: str) -> str:
    """Roles are global in an account, so their names end with the region."""
    return f"{settings.prefix}-{purpose}-{settings.region}"


def role(settings: Settings, purpose: str, service: str, meaning: str, *statements: Statement) -> Resource:
    """Role that one AWS service assumes for one purpose, in this account only.

    Args:
        settings: Names.
        purpose: Short name.
        service: Such as ``lambda.amazonaws.com``.
        meaning: One sentence.
        statements: What it may do.
    """
    trust: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    # Lambda and EC2 send no source account when they assume a role.
    if service.split(".")[0] in ("scheduler", "emr-serverless", "elasticbeanstalk"):
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    properties = {
        "RoleName": role_name(settings, purpose),
        "Description": meaning,
        "AssumeRolePolicyDocument": document(trust),
        "Policies": [{"PolicyName": purpose, "PolicyDocument": document(*statements)}],
    }
    return make(settings, "AWS::IAM::Role", meaning, properties)
