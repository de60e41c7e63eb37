"""Server mode: an Elastic Beanstalk environment behind a load balancer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.template.functions import read_secrets, send_events, signing_path, use_profiles
from infra.template.iam import Statement, allow, role
from infra.template.resource import Resource, Resources, arn_of, bucket_arn, make, ref, sub
from logdig.config.settings import Settings

HEALTH_ACTIONS = (
    "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeScalingActivities", "autoscaling:DescribeNotificationConfigurations",
    "ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeSecurityGroups",
    "elasticloadbalancing:DescribeInstanceHealth",
    "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetHealth",
)  # fmt: skip
"""What Elastic Beanstalk reads to watch health; these actions take no resource."""


@dataclass(frozen=True, slots=True)
class Server:
    """What server mode needs.

    Args:
        bundle: Location of the server's bundle: S3Bucket and S3Key.
        platform: Name of Elastic Beanstalk's Docker platform.
    """

    bundle: dict[str, Any]
    platform: str


def server_endpoint(settings: Settings, server: Server) -> Resources:
    """Resources of server mode: roles, application, version and environment."""
    name = f"{settings.prefix}-server"
    return {
        "ServerInstanceRole": _instance_role(settings, name),
        "ServerProfile": make(
            settings,
            "AWS::IAM::InstanceProfile",
            "Hands the server its role.",
            {"InstanceProfileName": f"{name}-{settings.region}", "Roles": [ref("ServerInstanceRole")]},
        ),
        "ServerRole": role(
            settings,
            "server-health",
            "elasticbeanstalk.amazonaws.com",
            "Lets Elastic Beanstalk watch health.",
            allow(HEALTH_ACTIONS, "*"),
        ),
        "ServerApplication": make(
            settings,
            "AWS::ElasticBeanstalk::Application",
            "The collector's servers.",
            {"ApplicationName": name, "Description": "The collector's servers."},
        ),
        "ServerVersion": make(
            settings,
            "AWS::ElasticBeanstalk::ApplicationVersion",
            "The bundle that runs.",
            {
                "ApplicationName": ref("ServerApplication"),
                "Description": "The bundle that runs.",
                "SourceBundle": server.bundle,
            },
        ),
        "Server": _environment(settings, server, name),
    }


def _environment(settings: Settings, server: Server, name: str) -> Resource:
    properties = {
        "ApplicationName": ref("ServerApplication"),
        "EnvironmentName": name,
        "Description": "Servers behind a load balancer.",
        "SolutionStackName": server.platform,
        "VersionLabel": ref("ServerVersion"),
        "OptionSettings": _option_settings(settings),
    }
    return make(settings, "AWS::ElasticBeanstalk::Environment", "Servers behind a load balancer.", properties)


def _option_settings(settings: Settings) -> list[dict[str, Any]]:
    """Options that differ by stack; the bundle's .ebextensions hold the others."""
    variables = {
        "LOGDIG_QUEUE_URL": ref("Queue"),
        "LOGDIG_PROFILE_TABLE": ref("Profiles"),
        "LOGDIG_SIGNING_PARAMETERS": signing_path(settings),
    }
    options = [("aws:elasticbeanstalk:application:environment", name, value) for name, value in variables.items()]
    options += [
        ("aws:autoscaling:launchconfiguration", "IamInstanceProfile", ref("ServerProfile")),
        ("aws:elasticbeanstalk:environment", "ServiceRole", arn_of("ServerRole")),
    ]
    return [{"Namespace": namespace, "OptionName": name, "Value": value} for namespace, name, value in options]


def _instance_role(settings: Settings, name: str) -> Resource:
    return role(
        settings,
        "server",
        "ec2.amazonaws.com",
        "What the server may do.",
        send_events(),
        use_profiles(),
        read_secrets(settings),
        *_platform_statements(name),
    )


def _platform_statements(name: str) -> tuple[Statement, ...]:
    """What Elastic Beanstalk's own agent does on a server: fetch the bundle, report health, write logs."""
    account = "${AWS::Region}:${AWS::AccountId}"
    # Elastic Beanstalk copies the bundle into its own bucket, where servers look for the newest manifest.
    bucket, path = "elasticbeanstalk-${AWS::Region}-${AWS::AccountId}", "resources/environments/*"
    beanstalk = f"arn:${{AWS::Partition}}:elasticbeanstalk:{account}"
    return (
        allow(["s3:ListBucket"], [bucket_arn(bucket)], condition={"StringLike": {"s3:prefix": path}}),
        allow(["s3:GetObject"], bucket_arn(bucket, path)),
        allow(
            ["elasticbeanstalk:PutInstanceStatistics"],
            [sub(f"{beanstalk}:application/{name}"), sub(f"{beanstalk}:environment/{name}/{name}")],
        ),
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups"],
            [sub(f"arn:${{AWS::Partition}}:logs:{account}:log-group:/aws/elasticbeanstalk/{name}/*")],
        ),
    )
