"""One name for everything: a CloudFront distribution with its certificate, in a stack of its own in us-east-1.

CloudFront takes certificates from us-east-1 only. The hosts of the origins are outputs of the main stack, so a deploy
passes them as parameters. Source: Amazon CloudFront developer guide, "Use various origins" and "Add custom headers".
"""

from __future__ import annotations

from typing import Any

from infra.template.functions import DASHBOARD_SECONDS
from infra.template.iam import allow, document, only_tls
from infra.template.resource import Resource, Resources, attribute, bucket_arn, make, ref, sub
from infra.template.rest_api import DECIDE_PATH, REST_STAGE
from infra.template.storage import NO_ACCESS_LOG, bucket_properties, housekeeping
from logdig.collect.enrichment import ADDRESS_HEADER, COUNTRY_HEADER, ORIGIN_SECRET_HEADER, REGION_HEADER
from logdig.config.settings import Settings
from logdig.config.signatures import SIGNATURE_HEADER

DOMAIN_REGION = "us-east-1"
ALIAS_ZONE = "Z2FDTNDATAQYW2"
"""Hosted zone of every distribution."""
CACHE_NOTHING = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHE_LONG = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
ANY_SITE_MAY_READ = "60669652-455b-4ae9-85a4-c4c02393f86c"
"""AWS's own policies CachingDisabled, CachingOptimized, AllViewerExceptHostHeader and SimpleCORS."""

PASSED_HEADERS = (
    "Origin", "User-Agent", "Content-Type", "Content-Encoding", SIGNATURE_HEADER, COUNTRY_HEADER, REGION_HEADER,
    ADDRESS_HEADER,
)  # fmt: skip
"""All that collector and decisions read; a policy takes at most ten. Never Host: a function URL answers to its own."""
COLLECTOR_PATHS = ("/v1/*", "/healthz", "/readyz")
TRACKER_PATHS = "/tracker/*"
ALL_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
OLD_SCRIPTS_DAYS = 30
KEPT_ERRORS = (403, 404, 500, 502, 503, 504)

PARAMETERS = {"CollectorHost": "Endpoint", "DecideHost": "DecideEndpoint", "DashboardHost": "DashboardEndpoint"}
"""Parameter -> the output of the main stack that holds its host."""
SECRET_PARAMETER = "OriginSecret"  # noqa: S105

_ACCEPTED = {
    "CKV_AWS_68": "A web ACL costs $6 a month; domain_web_acl names the owner's, if there is one.",
    "CKV_AWS_86": "An access log would be a second store of visitors' addresses; metrics count requests.",
}


def domain_stack(settings: Settings) -> str:
    """Name of the domain's stack; those of all regions lie in one."""
    return f"{settings.stack_name}-{settings.region}-domain"


def has_own_decide_host(settings: Settings) -> bool:
    """Whether decisions have an address of their own."""
    return settings.front_door == "function-url"


def host_parameters(settings: Settings) -> tuple[str, ...]:
    """Names of the parameters that are hosts."""
    decide = ("DecideHost",) if has_own_decide_host(settings) else ()
    return ("CollectorHost", *decide, *(("DashboardHost",) if settings.dashboard == "function" else ()))


def domain_template(settings: Settings) -> dict[str, Any]:
    """Make the template of the domain's stack.

    Args:
        settings: With a domain.
    """
    records = _records(settings) if settings.domain_zone else {}
    hosts = {
        name: {"Type": "String", "Description": f"Host of {PARAMETERS[name]}."} for name in host_parameters(settings)
    }
    secret = {"Type": "String", "NoEcho": True, "Description": "What only CloudFront and the origins know."}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"LogDig {settings.prefix}: {settings.domain} in front of collector, decisions and dashboard.",
        "Parameters": {**hosts, SECRET_PARAMETER: secret},
        "Resources": {
            "Certificate": _certificate(settings),
            **_scripts(settings),
            "Headers": _headers(settings),
            "Distribution": make(
                settings,
                "AWS::CloudFront::Distribution",
                f"Answers at {settings.domain}.",
                {"DistributionConfig": _distribution(settings)},
                accepted=_ACCEPTED,
            ),
            **records,
        },
        "Outputs": {
            "Target": {
                "Description": f"What a CNAME record of {settings.domain} points to.",
                "Value": attribute("Distribution", "DomainName"),
            },
        },
    }


def _certificate(settings: Settings) -> Resource:
    zone = {"HostedZoneId": settings.domain_zone} if settings.domain_zone else {}
    validation = {"DomainValidationOptions": [{"DomainName": settings.domain, **zone}]} if zone else {}
    properties = {"DomainName": settings.domain, "ValidationMethod": "DNS", **validation}
    return make(settings, "AWS::CertificateManager::Certificate", f"Certificate of {settings.domain}.", properties)


def _scripts(settings: Settings) -> Resources:
    """The bucket of the tracker's files, which only the distribution reads."""
    name = settings.scripts_bucket_name
    distribution = sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}")
    read = allow(
        ["s3:GetObject"], bucket_arn(name, "tracker/*"), condition={"StringEquals": {"AWS:SourceArn": distribution}}
    )
    read["Principal"] = {"Service": "cloudfront.amazonaws.com"}
    tls = only_tls("s3", bucket_arn(name), *bucket_arn(name, "*"))
    return {
        "Scripts": make(
            settings,
            "AWS::S3::Bucket",
            "The tracker's files, each version under its own name.",
            bucket_properties(name, housekeeping(OLD_SCRIPTS_DAYS)),
            accepted={"CKV_AWS_18": NO_ACCESS_LOG},
            keep=False,
        ),
        "ScriptsPolicy": make(
            settings,
            "AWS::S3::BucketPolicy",
            "Lets the distribution read the tracker's files, over TLS only.",
            {"Bucket": ref("Scripts"), "PolicyDocument": document(read, tls)},
        ),
        "ScriptsAccess": make(
            settings,
            "AWS::CloudFront::OriginAccessControl",
            "Signs what the distribution asks of the bucket.",
            {
                "OriginAccessControlConfig": {
                    "Name": f"{settings.prefix}-{settings.region}-scripts",
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        ),
    }


def _headers(settings: Settings) -> Resource:
    config = {
        "Name": f"{settings.prefix}-{settings.region}-collector",
        "Comment": "What collector and decisions read of a request.",
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": list(PASSED_HEADERS)},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
    }
    return make(
        settings,
        "AWS::CloudFront::OriginRequestPolicy",
        "Passes on the headers that the collector reads, with the viewer's country.",
        {"OriginRequestPolicyConfig": config},
    )


def _distribution(settings: Settings) -> dict[str, Any]:
    shown = settings.dashboard == "function"
    decide = "decide" if has_own_decide_host(settings) else "collector"
    collector = [_behaviour(path, "collector") for path in COLLECTOR_PATHS] if shown else []
    config = {
        "Enabled": True,
        "Comment": f"LogDig {settings.prefix}",
        "Aliases": [settings.domain],
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "PriceClass": "PriceClass_All",
        "ViewerCertificate": {
            "AcmCertificateArn": ref("Certificate"),
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
        "Origins": _origins(settings),
        "CacheBehaviors": [
            _behaviour(TRACKER_PATHS, "scripts"), _behaviour(DECIDE_PATH, decide), *collector,
        ],
        # By default an error is kept for ten seconds and shown to all.
        "CustomErrorResponses": [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in KEPT_ERRORS],
        "DefaultCacheBehavior": _behaviour(None, "dashboard" if shown else "collector"),
    }  # fmt: skip
    return config | ({"WebACLId": settings.domain_web_acl} if settings.domain_web_acl else {})


def _origins(settings: Settings) -> list[dict[str, Any]]:
    path = {"OriginPath": f"/{REST_STAGE}"} if settings.front_door == "rest-api" else {}
    # The load balancer of server mode has no certificate.
    protocol = "http-only" if settings.front_door == "server" else "https-only"
    secret = {"OriginCustomHeaders": [{"HeaderName": ORIGIN_SECRET_HEADER, "HeaderValue": ref(SECRET_PARAMETER)}]}
    hosts = [_origin("collector", "CollectorHost", protocol, path | secret)]
    if has_own_decide_host(settings):
        hosts.append(_origin("decide", "DecideHost", protocol, secret))
    if settings.dashboard == "function":
        hosts.append(_origin("dashboard", "DashboardHost", "https-only", {}))
    scripts = {
        "Id": "scripts",
        "DomainName": attribute("Scripts", "RegionalDomainName"),
        "OriginAccessControlId": ref("ScriptsAccess"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    return [*hosts, scripts]


def _origin(name: str, host: str, protocol: str, more: dict[str, Any]) -> dict[str, Any]:
    config = {
        "OriginProtocolPolicy": protocol,
        "OriginSSLProtocols": ["TLSv1.2"],
        # Not shorter than the function may take.
        "OriginReadTimeout": DASHBOARD_SECONDS,
    }
    return {"Id": name, "DomainName": ref(host), "CustomOriginConfig": config, **more}


def _behaviour(path: str | None, origin: str) -> dict[str, Any]:
    """How requests below a path are answered; None is every other path."""
    shared = {
        **({} if path is None else {"PathPattern": path}),
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "redirect-to-https" if origin in ("dashboard", "scripts") else "https-only",
        "Compress": True,
    }
    if origin == "scripts":
        return shared | {"CachePolicyId": CACHE_LONG, "ResponseHeadersPolicyId": ANY_SITE_MAY_READ}
    passed = ALL_BUT_HOST if origin == "dashboard" else ref("Headers")
    return shared | {
        "AllowedMethods": ALL_METHODS, "CachePolicyId": CACHE_NOTHING, "OriginRequestPolicyId": passed,
    }  # fmt: skip


def _records(settings: Settings) -> Resources:
    """Alias records in the owner's hosted zone, for IPv4 and IPv6."""
    target = {"DNSName": attribute("Distribution", "DomainName"), "HostedZoneId": ALIAS_ZONE}
    return {
        f"Record{kind}": make(
            settings,
            "AWS::Route53::RecordSet",
            f"Points {settings.domain} at the distribution.",
            {"HostedZoneId": settings.domain_zone, "Name": settings.domain, "Type": kind, "AliasTarget": target},
        )
        for kind in ("A", "AAAA")
    }
