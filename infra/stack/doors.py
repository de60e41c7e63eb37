"""Where requests arrive: function URLs, a REST API, or a server behind a load balancer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from infra.stack.functions import read_profiles, read_secrets, send_events, signing_path
from infra.stack.policies import allow, role
from infra.stack.resource import Resources, arn_of, attribute, bucket_arn, make, ref, sub
from logdig.errors import SetupError
from logdig.settings import Settings

DECIDE_PATH = "/v1/decide"
REST_STAGE = "api"

_URL_ACCEPTED = {"CKV_AWS_258": "Pages of visitors call it; token, origin and signature are checked by the core."}


@dataclass(frozen=True, slots=True)
class Server:
    """What server mode needs.

    Args:
        bundle: Where the server's bundle lies: S3Bucket and S3Key.
        platform: Name of Elastic Beanstalk's Docker platform.
    """

    bundle: dict[str, Any]
    platform: str


def doors(settings: Settings, server: Server | None) -> Resources:
    """Resources of the chosen front door.

    Raises:
        SetupError: Server mode without a server.
    """
    if settings.front_door == "function-url":
        return _urls(settings)
    if settings.front_door == "rest-api":
        return _rest_api(settings)
    if server is None:
        raise SetupError("front_door = 'server' needs the server's bundle; build it with 'logdig package'")
    return _server(settings, server)


def endpoints(settings: Settings) -> dict[str, Any]:
    """Addresses of the collector and of the decision service, without a slash at the end."""
    if settings.front_door == "function-url":
        # CloudFormation gives the address with a slash at its end.
        def bare(name: str) -> dict[str, Any]:
            host = {"Fn::Select": [2, {"Fn::Split": ["/", attribute(name, "FunctionUrl")]}]}
            return {"Fn::Join": ["", ["https://", host]]}

        return {"Endpoint": bare("CollectorUrl"), "DecideEndpoint": bare("DecideUrl")}
    if settings.front_door == "rest-api":
        host = "https://${RestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
        address = sub(f"{host}/{REST_STAGE}")
    else:
        address = sub("http://${Server.EndpointURL}")
    return {"Endpoint": address, "DecideEndpoint": address}


def _urls(settings: Settings) -> Resources:
    made: Resources = {}
    for name in ("Collector", "Decide"):
        made[f"{name}Url"] = make(
            settings,
            "AWS::Lambda::Url",
            f"Public address of {name}.",
            {"TargetFunctionArn": ref(name), "AuthType": "NONE", "InvokeMode": "BUFFERED"},
            accepted=_URL_ACCEPTED,
        )
        made[f"{name}UrlPermission"] = make(
            settings,
            "AWS::Lambda::Permission",
            f"Lets anybody call the address of {name}.",
            {
                "FunctionName": ref(name),
                "Action": "lambda:InvokeFunctionUrl",
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
            },
        )
        made[f"{name}InvokePermission"] = make(
            settings,
            "AWS::Lambda::Permission",
            f"Lets the address of {name}, and nothing else, start it.",
            {
                "FunctionName": ref(name),
                "Action": "lambda:InvokeFunction",
                "Principal": "*",
                "InvokedViaFunctionUrl": True,
            },
        )
    return made


def rest_body(settings: Settings) -> dict[str, Any]:
    """OpenAPI document of the REST API: every path of the Chalice application with every method, as it comes."""
    from lambdas.app import app

    def integration(name: str) -> dict[str, Any]:
        uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${NAME.Arn}/invocations"
        proxy = {"type": "aws_proxy", "httpMethod": "POST", "uri": sub(uri.replace("NAME", name))}
        return {
            "x-amazon-apigateway-any-method": {
                "responses": {},
                "x-amazon-apigateway-integration": {**proxy, "passthroughBehavior": "when_no_match"},
            }
        }

    return {
        "swagger": "2.0",
        "info": {"title": f"{settings.prefix}-api", "version": "1"},
        "schemes": ["https"],
        "x-amazon-apigateway-binary-media-types": list(app.api.binary_types),
        # An unknown path is our 404, not API Gateway's 403 about tokens.
        "x-amazon-apigateway-gateway-responses": {
            "MISSING_AUTHENTICATION_TOKEN": {
                "statusCode": "404",
                "responseTemplates": {
                    "application/problem+json": '{"type": "about:blank", "title": "Not Found", "status": 404, '
                    '"detail": "no such path; docs/api.md lists all"}'
                },
            }
        },
        "paths": {path: integration("Decide" if path == DECIDE_PATH else "Collector") for path in app.routes},
    }


def _rest_api(settings: Settings) -> Resources:
    body = rest_body(settings)
    # A deployment never changes: another body is another deployment.
    deployment = f"RestDeployment{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:10]}"
    made: Resources = {
        "RestApi": make(
            settings,
            "AWS::ApiGateway::RestApi",
            "Public address of collector and decisions.",
            {
                "Name": f"{settings.prefix}-api",
                "Description": "Public address of collector and decisions.",
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "Body": body,
            },
        ),
        deployment: make(
            settings,
            "AWS::ApiGateway::Deployment",
            "This state of the REST API.",
            {"RestApiId": ref("RestApi"), "Description": "This state of the REST API."},
        ),
        "RestStage": make(
            settings,
            "AWS::ApiGateway::Stage",
            "The state that is served.",
            {
                "StageName": REST_STAGE,
                "Description": "The state that is served.",
                "RestApiId": ref("RestApi"),
                "DeploymentId": ref(deployment),
            },
            accepted={
                "CKV_AWS_76": "An access log would be a second store of visitors' addresses; metrics count requests.",
                "CKV_AWS_73": "Tracing costs a call each request; the functions' own metrics tell time and errors.",
                "CKV_AWS_120": "Every request is an event; nothing may be answered from a cache.",
                "CKV_AWS_51": "Pages of visitors have no client certificate.",
            },
        ),
    }
    for name in ("Collector", "Decide"):
        path = DECIDE_PATH if name == "Decide" else "/*"
        api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}"
        made[f"{name}RestPermission"] = make(
            settings,
            "AWS::Lambda::Permission",
            f"Lets the REST API start {name}.",
            {
                "FunctionName": ref(name),
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": sub(f"{api}/{REST_STAGE}/*{path}"),
            },
        )
    return made


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
