"""Policies: one role a function, each statement with the actions and resources that its code really uses."""

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
    """Statement of a resource's own policy: nobody speaks to it without TLS."""
    return {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def role_name(settings: Settings, who: str) -> str:
    """Roles are global in an account, so their names end with the region."""
    return f"{settings.prefix}-{who}-{settings.region}"


def role(settings: Settings, who: str, service: str, meaning: str, *statements: Statement) -> Resource:
    """Role that one AWS service takes on for one purpose, in this account only.

    Args:
        settings: Names.
        who: Short name of the purpose.
        service: Such as ``lambda.amazonaws.com``.
        meaning: One sentence.
        statements: What it may do.
    """
    trust: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    # Lambda and EC2 name no source account when they take on a role.
    if service.split(".")[0] in ("scheduler", "emr-serverless", "elasticbeanstalk"):
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    properties = {
        "RoleName": role_name(settings, who),
        "Description": meaning,
        "AssumeRolePolicyDocument": document(trust),
        "Policies": [{"PolicyName": who, "PolicyDocument": document(*statements)}],
    }
    return make(settings, "AWS::IAM::Role", meaning, properties)
