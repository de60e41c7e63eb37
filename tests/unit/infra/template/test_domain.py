"""The template of the domain's stack: one name, paths to the right origin, and a secret that no template holds."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import msgspec
import pytest

from infra.cost.bill import bill, monthly_prices, workload
from infra.cost.model import total
from infra.cost.prices import read_prices
from infra.deploy.plan import offline_plan
from infra.template.build import template_text
from infra.template.domain import PASSED_HEADERS, domain_stack, domain_template
from infra.template.functions import DASHBOARD_SECONDS
from infra.template.resource import TAG_LISTS
from logdig.collect.enrichment import ADDRESS_HEADER, COUNTRY_HEADER, ORIGIN_SECRET_HEADER, REGION_HEADER
from logdig.config.settings import Settings
from tests.unit.infra.template.test_template import SETTINGS, template

NAMED = msgspec.structs.replace(SETTINGS, domain="collect.shop.example")
SHOWN = msgspec.structs.replace(NAMED, dashboard="function")


def config(settings: Settings) -> dict[str, Any]:
    distribution = domain_template(settings)["Resources"]["Distribution"]
    return dict(distribution["Properties"]["DistributionConfig"])


def origin_of(settings: Settings, path: str) -> str:
    """The origin that answers a path: the first pattern that fits, as CloudFront decides."""
    found = config(settings)
    for behaviour in found["CacheBehaviors"]:
        if fnmatchcase(path, behaviour["PathPattern"]):
            return str(behaviour["TargetOriginId"])
    return str(found["DefaultCacheBehavior"]["TargetOriginId"])


@pytest.mark.parametrize(
    ("path", "alone", "with_dashboard"),
    [
        ("/v1/events", "collector", "collector"),
        ("/v1/decide", "decide", "decide"),
        ("/healthz", "collector", "collector"),
        ("/readyz", "collector", "collector"),
        ("/tracker/1.0.0-abc/clicktracker.js", "scripts", "scripts"),
        ("/", "collector", "dashboard"),
        ("/pages", "collector", "dashboard"),
        ("/data/overview/trend", "collector", "dashboard"),
    ],
)
def test_path_reaches_its_origin(path: str, alone: str, with_dashboard: str) -> None:
    assert (origin_of(NAMED, path), origin_of(SHOWN, path)) == (alone, with_dashboard)


def test_rest_api_and_server_are_one_origin_below_their_own_path_and_protocol() -> None:
    rest, server = (msgspec.structs.replace(NAMED, front_door=door) for door in ("rest-api", "server"))

    for settings, path, protocol in ((rest, "/api", "https-only"), (server, None, "http-only")):
        origin, _ = config(settings)["Origins"]
        assert origin_of(settings, "/v1/decide") == "collector"
        assert (origin.get("OriginPath"), origin["CustomOriginConfig"]["OriginProtocolPolicy"]) == (path, protocol)


def test_collector_gets_what_it_reads_and_never_the_viewers_host_or_secret() -> None:
    passed = {name.lower() for name in PASSED_HEADERS}

    assert {"origin", "user-agent", "content-type", "content-encoding", "x-logdig-signature"} < passed
    assert {COUNTRY_HEADER, REGION_HEADER, ADDRESS_HEADER} < passed
    assert not passed & {"host", ORIGIN_SECRET_HEADER, "cookie", "authorization"}
    assert len(passed) <= 10, "CloudFront's limit of a policy"


def test_secret_reaches_only_what_checks_it_as_a_parameter_that_nobody_can_read() -> None:
    headers = {origin["Id"]: origin.get("OriginCustomHeaders") for origin in config(SHOWN)["Origins"]}
    sent = [{"HeaderName": ORIGIN_SECRET_HEADER, "HeaderValue": {"Ref": "OriginSecret"}}]

    assert domain_template(SHOWN)["Parameters"]["OriginSecret"]["NoEcho"] is True
    assert headers == {"collector": sent, "decide": sent, "dashboard": None, "scripts": None}


def test_scripts_are_read_by_this_distribution_alone() -> None:
    document = domain_template(NAMED)
    read, tls = document["Resources"]["ScriptsPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "${Distribution}" in read["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
    assert read["Resource"] == [{"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{NAMED.scripts_bucket_name}/tracker/*"}]
    assert tls["Effect"] == "Deny"


def test_dashboard_may_take_as_long_as_its_function_and_errors_are_not_kept() -> None:
    timeouts = [origin["CustomOriginConfig"]["OriginReadTimeout"] for origin in config(SHOWN)["Origins"][:-1]]

    assert min(timeouts) >= DASHBOARD_SECONDS
    assert {row["ErrorCachingMinTTL"] for row in config(SHOWN)["CustomErrorResponses"]} == {0}


def test_stacks_of_two_regions_have_two_names() -> None:
    other = msgspec.structs.replace(NAMED, region="eu-west-1")

    assert domain_stack(other) != domain_stack(NAMED)


def test_records_and_validation_are_made_only_in_a_zone_that_is_named() -> None:
    zoned = domain_template(msgspec.structs.replace(NAMED, domain_zone="Z0123456789"))["Resources"]

    assert {"RecordA", "RecordAAAA"} <= set(zoned)
    assert zoned["Certificate"]["Properties"]["DomainValidationOptions"] == [
        {"DomainName": NAMED.domain, "HostedZoneId": "Z0123456789"}
    ]
    assert not [name for name in domain_template(NAMED)["Resources"] if name.startswith("Record")]


def test_web_acl_is_attached_when_it_is_named() -> None:
    acl = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/12345678-1234-1234-1234-123456789012"

    assert config(msgspec.structs.replace(NAMED, domain_web_acl=acl))["WebACLId"] == acl
    assert "WebACLId" not in config(NAMED)


def test_template_of_the_domain_describes_tags_and_refers_to_what_it_has() -> None:
    document = domain_template(SHOWN)
    text = json.dumps(document)

    for name, resource in document["Resources"].items():
        assert resource["Metadata"]["Meaning"], name
        assert ("Tags" in resource["Properties"]) == (resource["Type"] in TAG_LISTS)
        assert "DeletionPolicy" not in resource, "copies of the tracker are no data"
    referred = set(re.findall(r'"(?:Ref": "|Fn::GetAtt": \[")([^"]+)"', text))
    assert {name for name in referred if "::" not in name} <= set(document["Resources"]) | set(document["Parameters"])
    assert len(text) < 51_200, "CloudFormation's limit of a template in the request"


def test_main_template_differs_by_one_output_when_there_is_a_domain() -> None:
    without, built = template(), template(domain=NAMED.domain)

    assert built["Outputs"].pop("Domain")["Value"] == NAMED.domain
    assert template_text(built) == template_text(without)


def test_plan_lists_every_part_and_its_price_when_there_is_a_domain() -> None:
    plan = offline_plan("123456789012", NAMED)
    prices = read_prices()

    added = {change.logical_id for change in plan.changes if change.domain}
    assert added == set(domain_template(NAMED)["Resources"])
    assert not plan.dangers
    whole = {name: total(bill(workload(chosen, 1e7), prices)) for name, chosen in (("no", SETTINGS), ("yes", NAMED))}
    usd = monthly_prices(NAMED, 1e7, prices)["usd_domain"]
    # A dollar a million requests, less what the replies cost without CloudFront.
    assert 1.0 < whole["yes"] - whole["no"] < usd < 1.5
    assert monthly_prices(SETTINGS, 1e7, prices)["usd_domain"] == 0
