"""Server mode: an Elastic Beanstalk environment behind a load balancer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.template.functions import read_profiles, read_secrets, send_events, signing_path
from infra.template.iam import allow, role
from infra.template.resource import Resources, arn_of, bucket_arn, make, ref, sub
from logdig.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Server:
    """What server mode needs.

    Args:
        bundle: Where the server's bundle lies: S3Bucket and S3Key.
        platform: Name of Elastic Beanstalk's Docker platform.
    """

    bundle: dict[str, Any]
    platform: str


def _server(settings: Settings, server: Server) -> Resources:
    environment = {
        "LOGDIG_QUEUE_URL": ref("Queue"),
        "LOGDIG_PROFILE_TABLE": ref("Profiles"),
        "LOGDIG_SIGNING_PARAMETERS": signing_path(settings),
    }
    own = [
        {"Namespace": "aws:elasticbeanstalk:application:environment", "OptionName": key, "Value": value}
        for key, value in environment.items()
    ] + [
        {
            "Namespace": "aws:autoscaling:launchconfiguration",
            "OptionName": "IamInstanceProfile",
            "Value": ref("ServerProfile"),
        },
        {"Namespace": "aws:elasticbeanstalk:environment", "OptionName": "ServiceRole", "Value": arn_of("ServerRole")},
    ]
    name = f"{settings.prefix}-server"
    account = "${AWS::Region}:${AWS::AccountId}"
    # Elastic Beanstalk copies the bundle into its own bucket, where servers look for the newest manifest.
    copies, place = "elasticbeanstalk-${AWS::Region}-${AWS::AccountId}", "resources/environments/*"
    find_bundle = allow(["s3:ListBucket"], [bucket_arn(copies)], condition={"StringLike": {"s3:prefix": place}})
    read_bundle = allow(["s3:GetObject"], bucket_arn(copies, place))
    beanstalk = f"arn:${{AWS::Partition}}:elasticbeanstalk:{account}"
    tell_health = allow(
        ["elasticbeanstalk:PutInstanceStatistics"],
        [sub(f"{beanstalk}:application/{name}"), sub(f"{beanstalk}:environment/{name}/{name}")],
    )
    write_logs = allow(
        ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups"],
        [sub(f"arn:${{AWS::Partition}}:logs:{account}:log-group:/aws/elasticbeanstalk/{name}/*")],
    )
    health = allow(
        [
            "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeScalingActivities", "autoscaling:DescribeNotificationConfigurations",
            "ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeSecurityGroups",
            "elasticloadbalancing:DescribeInstanceHealth",
            "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetHealth",
        ],
        "*",
    )  # fmt: skip
    return {
        "ServerInstanceRole": role(
            settings, "server", "ec2.amazonaws.com", "What the server may do.",
            send_events(), read_profiles(), read_secrets(settings), find_bundle, read_bundle,
            tell_health, write_logs,
        ),
        "ServerProfile": make(
            settings,
            "AWS::IAM::InstanceProfile",
            "Hands the server its role.",
            {"InstanceProfileName": f"{name}-{settings.region}", "Roles": [ref("ServerInstanceRole")]},
        ),
        "ServerRole": role(
            settings, "server-health", "elasticbeanstalk.amazonaws.com", "Lets Elastic Beanstalk watch health.", health
        ),
        "ServerApplication": make(
            settings,
            "AWS::ElasticBeanstalk::Application",
            "The server front door.",
            {"ApplicationName": name, "Description": "The server front door."},
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
        "Server": make(
            settings,
            "AWS::ElasticBeanstalk::Environment",
            "Servers behind a load balancer.",
            {
                "ApplicationName": ref("ServerApplication"),
                "EnvironmentName": name,
                "Description": "Servers behind a load balancer.",
                "SolutionStackName": server.platform,
                "VersionLabel": ref("ServerVersion"),
                "OptionSettings": own,
            },
        ),
    }  # fmt: skip
