"""HTTP endpoints: function URLs, a REST API, or a server behind a load balancer."""

from __future__ import annotations

from typing import Any

from infra.template.resource import Resources, attribute, make, ref, sub
from infra.template.rest_api import REST_STAGE, rest_api
from infra.template.server import Server, server_endpoint
from logdig.config.settings import Settings
from logdig.errors import SetupError

_URL_ACCEPTED = {"CKV_AWS_258": "Browsers call it; collector and dashboard check tokens, origin and signature."}


def endpoints(settings: Settings, server: Server | None) -> Resources:
    """Resources of the endpoints that ``front_door`` chooses, and of the dashboard's where it is deployed.

    Raises:
        SetupError: Server mode without a server.
    """
    own = _front_door(settings, server)
    return own | _function_urls(settings, "WebDashboard") if settings.dashboard == "function" else own


def _front_door(settings: Settings, server: Server | None) -> Resources:
    if settings.front_door == "function-url":
        return _function_urls(settings, "Collector", "Decide")
    if settings.front_door == "rest-api":
        return rest_api(settings)
    if server is None:
        raise SetupError("front_door = 'server' needs the server's bundle; build it with 'logdig package'")
    return server_endpoint(settings, server)


def endpoint_addresses(settings: Settings) -> dict[str, Any]:
    """Addresses of the collector, the decision service and the deployed dashboard, without a trailing slash."""
    shown = {"DashboardEndpoint": _url("WebDashboard")} if settings.dashboard == "function" else {}
    if settings.front_door == "function-url":
        return {"Endpoint": _url("Collector"), "DecideEndpoint": _url("Decide"), **shown}
    if settings.front_door == "rest-api":
        host = "https://${RestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
        address = sub(f"{host}/{REST_STAGE}")
    else:
        address = sub("http://${Server.EndpointURL}")
    return {"Endpoint": address, "DecideEndpoint": address, **shown}


def _url(name: str) -> dict[str, Any]:
    """A function's address; CloudFormation gives it with a trailing slash."""
    host = {"Fn::Select": [2, {"Fn::Split": ["/", attribute(f"{name}Url", "FunctionUrl")]}]}
    return {"Fn::Join": ["", ["https://", host]]}


def _function_urls(settings: Settings, *names: str) -> Resources:
    resources: Resources = {}
    for name in names:
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
