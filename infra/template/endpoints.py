"""HTTP endpoints: function URLs, a REST API, or a server behind a load balancer."""

from __future__ import annotations

from typing import Any

from infra.template.resource import Resources, attribute, make, ref, sub
from infra.template.rest_api import REST_STAGE, rest_api
from infra.template.server import Server, server_endpoint
from logdig.config.settings import Settings
from logdig.errors import SetupError

_URL_ACCEPTED = {"CKV_AWS_258": "Visitors' browsers call it; the collector checks token, origin and signature."}


def endpoints(settings: Settings, server: Server | None) -> Resources:
    """Resources of the endpoints that ``front_door`` chooses.

    Raises:
        SetupError: Server mode without a server.
    """
    if settings.front_door == "function-url":
        return _function_urls(settings)
    if settings.front_door == "rest-api":
        return rest_api(settings)
    if server is None:
        raise SetupError("front_door = 'server' needs the server's bundle; build it with 'logdig package'")
    return server_endpoint(settings, server)


def endpoint_addresses(settings: Settings) -> dict[str, Any]:
    """Addresses of the collector and of the decision service, without a trailing slash."""
    if settings.front_door == "function-url":
        # CloudFormation gives the address with a trailing slash.
        def without_slash(name: str) -> dict[str, Any]:
            host = {"Fn::Select": [2, {"Fn::Split": ["/", attribute(name, "FunctionUrl")]}]}
            return {"Fn::Join": ["", ["https://", host]]}

        return {"Endpoint": without_slash("CollectorUrl"), "DecideEndpoint": without_slash("DecideUrl")}
    if settings.front_door == "rest-api":
        host = "https://${RestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
        address = sub(f"{host}/{REST_STAGE}")
    else:
        address = sub("http://${Server.EndpointURL}")
    return {"Endpoint": address, "DecideEndpoint": address}


def _function_urls(settings: Settings) -> Resources:
    resources: Resources = {}
    for name in ("Collector", "Decide"):
        resources[f"{name}Url"] = make(
            settings,
            "AWS::Lambda::Url",
            f"Public address of {name}.",
            {"TargetFunctionArn": ref(name), "AuthType": "NONE", "InvokeMode": "BUFFERED"},
            accepted=_URL_ACCEPTED,
        )
        resources[f"{name}UrlPermission"] = make(
            settings,
            "AWS::Lambda::Permission",
            f"Lets anyone call the address of {name}.",
            {
                "FunctionName": ref(name),
                "Action": "lambda:InvokeFunctionUrl",
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
            },
        )
        resources[f"{name}InvokePermission"] = make(
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
    return resources
