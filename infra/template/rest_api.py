"""REST mode: an API Gateway in front of the functions."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from infra.template.resource import Resources, make, ref, sub
from logdig.config.settings import Settings

DECIDE_PATH = "/v1/decide"


REST_STAGE = "api"


def rest_body(settings: Settings) -> dict[str, Any]:
    """OpenAPI document of the REST API: every path of the Chalice application, any method, proxied unchanged."""
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
        # An unknown path gets LogDig's 404, not API Gateway's 403 about tokens.
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


def rest_api(settings: Settings) -> Resources:
    body = rest_body(settings)
    # A deployment is immutable: another body needs another deployment.
    deployment = f"RestDeployment{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:10]}"
    resources: Resources = {
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
            "A deployment of the REST API.",
            {"RestApiId": ref("RestApi"), "Description": "A deployment of the REST API."},
        ),
        "RestStage": make(
            settings,
            "AWS::ApiGateway::Stage",
            "The deployment that is served.",
            {
                "StageName": REST_STAGE,
                "Description": "The deployment that is served.",
                "RestApiId": ref("RestApi"),
                "DeploymentId": ref(deployment),
            },
            accepted={
                "CKV_AWS_76": "An access log would be a second store of visitors' addresses; metrics count requests.",
                "CKV_AWS_73": "Tracing adds a paid call to each request; the functions' metrics give time and errors.",
                "CKV_AWS_120": "Every request is an event; no response may come from a cache.",
                "CKV_AWS_51": "Visitors' browsers have no client certificate.",
            },
        ),
    }
    for name in ("Collector", "Decide"):
        path = DECIDE_PATH if name == "Decide" else "/*"
        api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}"
        resources[f"{name}RestPermission"] = make(
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
    return resources
