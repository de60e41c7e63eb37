"""A domain of its own: made, used, changed, removed. The emulated CloudFront passes requests on; DNS is not tried.

Real CloudFront adds the viewer's headers itself. The emulated one passes on those of the test, and adds the origin
secret, which is what decides whether they count.
"""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
import tomlkit

from infra.deploy.iam_policies import DOMAIN
from infra.packaging.build import TRACKER
from tests.e2e.conftest import Shop
from tests.e2e.owner import Owner
from tests.e2e.stack import Stack
from tests.e2e.test_permissions import event_body

pytestmark = pytest.mark.timeout(1400)

NAME = "collect.shop.example"
PARTS = ("Certificate", "Scripts", "ScriptsPolicy", "ScriptsAccess", "Headers", "Distribution")
OVER_TLS = {"X-Forwarded-Proto": "https"}
"""How the emulator is told that a request came over TLS."""
PAGE = {"Content-Type": "text/plain", "User-Agent": "Mozilla/5.0 (X11) Firefox/140", **OVER_TLS}
VIEWER = {"CloudFront-Viewer-Country": "DE", "CloudFront-Viewer-Country-Region": "BE"}


@pytest.fixture(scope="module")
def deployed(stack: Stack, owner: Owner) -> str:
    """What the deploy with a domain printed, on both streams."""
    owner.edit(lambda document: _set(document, NAME))
    owner.grant(DOMAIN)
    plan = owner.run("plan")
    assert plan.returncode == 0, plan.stderr
    for part in PARTS:
        assert re.search(rf"add +domain: {part}:", plan.stdout), part
    assert re.search(rf"of it for {NAME}: [0-9.]+ usd a month", plan.stdout)
    run = owner.run("deploy", "--yes")
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def _set(document: tomlkit.TOMLDocument, domain: str | None) -> None:
    """Write or remove the domain; keys of the top level stand before every table."""
    document.pop("domain", None)
    if domain is not None:
        text = f'domain = "{domain}"\n' + tomlkit.dumps(document)
        document.clear()
        document.update(tomlkit.parse(text))


def target(printed: str) -> str:
    """Host of the distribution, from the record that the owner is told to make."""
    found = re.search(rf"^DNS +{re.escape(NAME)} CNAME (\S+)$", printed, re.MULTILINE)
    assert found is not None, printed
    return found[1]


def stored_country(stack: Stack, event_id: str) -> Any:
    """Country of one event in the bucket, after a flush."""
    assert stack.invoke(stack.outputs["FlushFunction"], {"force": True})[0]
    s3 = stack.account.client("s3")
    for key in reversed(stack.keys("raw/")):
        body = s3.get_object(Bucket=stack.outputs["Bucket"], Key=key)["Body"].read()
        for line in gzip.decompress(body).decode().splitlines():
            if event_id in line:
                return json.loads(line).get("country")
    raise AssertionError(f"{event_id} is not in the bucket")


def test_page_gets_script_and_endpoint_from_the_domain_when_there_is_one(deployed: str, stack: Stack) -> None:
    tag = re.search(r"<script .*</script>", deployed)
    assert tag is not None
    path, integrity = r"(/tracker/\S+/clicktracker\.js)", r"sha384-\S+"
    source = re.search(f'src="https://{NAME}{path}" integrity="{integrity}" crossorigin', tag[0])
    assert source is not None, tag[0]
    assert f'data-endpoint="https://{NAME}"' in tag[0]
    assert "data-decide-endpoint" not in tag[0]

    status, headers, script = stack.account.call(f"https://{target(deployed)}", "GET", source[1], headers=OVER_TLS)
    plain, _, _ = stack.account.call(f"https://{target(deployed)}", "GET", source[1])

    assert (status, plain) == (200, 301)
    assert script == (TRACKER / "dist" / "clicktracker.js").read_bytes()
    assert "immutable" in headers["cache-control"]


def test_country_counts_when_the_request_came_through_the_domain(deployed: str, stack: Stack, shop: Shop) -> None:
    headers = {**PAGE, **VIEWER, "Origin": shop.url}
    through, past = event_body(stack), event_body(stack)

    for address, body in ((f"https://{target(deployed)}", through), (stack.outputs["Endpoint"], past)):
        status, _, answer = stack.account.call(address, "POST", "/v1/events", body, headers)
        assert status == 202, answer

    ids = [json.loads(body)["events"][0]["event_id"] for body in (through, past)]
    assert [stored_country(stack, event_id) for event_id in ids] == ["DE", None]


def test_decisions_come_from_the_same_name(deployed: str, stack: Stack, shop: Shop) -> None:
    ask = {"token": stack.token, "user_key": "u", "customer_id": "nobody", "placement": "before-song"}
    body = json.dumps(ask | {"consent": {"analytics": True, "ads": True}}).encode()
    headers = {**PAGE, "Origin": shop.url}

    status, _, answer = stack.account.call(f"https://{target(deployed)}", "POST", "/v1/decide", body, headers)

    assert status == 200
    assert "ttl_s" in json.loads(answer)


def test_status_names_domain_and_record(deployed: str, owner: Owner) -> None:
    run = owner.run("status", "--json")

    status = json.loads(run.stdout)
    assert status["domain"]["name"] == NAME
    assert status["domain"]["state"] == "CREATE_COMPLETE"
    assert status["domain"]["dns"] == {NAME: target(deployed)}


def test_deploy_changes_nothing_when_the_domain_is_as_set(deployed: str, owner: Owner) -> None:
    run = owner.run("deploy", "--yes")

    assert run.returncode == 0, run.stderr
    assert "nothing to change" in run.stderr


def test_domain_leaves_with_all_its_parts_when_the_setting_is_gone(deployed: str, stack: Stack, owner: Owner) -> None:
    owner.edit(lambda document: _set(document, None))

    plan = owner.run("plan")
    run = owner.run("deploy", "--yes")

    assert plan.returncode == 0, plan.stderr
    for part in PARTS:
        assert re.search(rf"remove +domain: {part}:", plan.stdout), part
    assert "HOLDS DATA" not in plan.stdout
    assert run.returncode == 0, run.stderr
    assert f"delete this record from your DNS, or the name cannot be used again: {NAME} CNAME" in run.stderr
    assert_nothing_is_left(stack)

    # The next test destroys it with a domain.
    owner.edit(lambda document: _set(document, NAME))
    again = owner.run("deploy", "--yes")
    assert again.returncode == 0, again.stderr


def assert_nothing_is_left(stack: Stack) -> None:
    """Neither distribution nor certificate, bucket or secret."""
    client = stack.account.client
    assert client("cloudfront").list_distributions()["DistributionList"].get("Items", []) == []
    assert client("acm").list_certificates()["CertificateSummaryList"] == []
    names = [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
    assert stack.settings.scripts_bucket_name not in names
    with pytest.raises(client("ssm").exceptions.ParameterNotFound):
        client("ssm").get_parameter(Name="/shop/prod/signing/_origin")
