"""The deployed dashboard: a function that may read what pages need, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from infra.cost.bill import bill, workload
from infra.cost.model import total
from infra.cost.prices import read_prices
from infra.template.build import Artifacts, build_template
from infra.template.functions import dashboard_function
from logdig.config.settings import Settings

SETTINGS = Settings(service="shop", dashboard="function")
PACKAGES = Artifacts("b", "functions.zip", "entry.py", "", dashboard="dashboard.zip")


def statements(settings: Settings) -> list[dict[str, Any]]:
    return list(dashboard_function(settings).statements)


def test_policy_reads_only_and_names_everything() -> None:
    actions = {action for one in statements(SETTINGS) for action in one["Action"]}

    assert actions == {
        "glue:GetTable", "s3:ListBucket", "s3:GetObject", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
    }  # fmt: skip
    assert '"*"' not in json.dumps(statements(SETTINGS))


@pytest.mark.parametrize("live", [False, True])
def test_raw_may_be_read_only_for_who_is_there_now(live: bool) -> None:
    settings = msgspec.structs.replace(SETTINGS, dashboard_live=live)

    assert ("/raw/*" in json.dumps(statements(settings))) is live


def test_function_is_made_only_when_it_is_asked_for() -> None:
    resources = build_template(SETTINGS, PACKAGES)["Resources"]
    local = build_template(Settings(service="shop"), Artifacts("b", "functions.zip", "entry.py", ""))

    assert resources["WebDashboard"]["Properties"]["Architectures"] == ["arm64"]
    assert resources["WebDashboard"]["Properties"]["Code"] == {"S3Bucket": "b", "S3Key": "dashboard.zip"}
    assert {"WebDashboardUrl", "WebDashboardRole", "WebDashboardLog"} <= set(resources)
    assert not [name for name in local["Resources"] if name.startswith("WebDashboard")]


def test_plan_prices_the_function_only_where_it_is_deployed() -> None:
    prices = read_prices()
    lines = {name: bill(workload(Settings(dashboard=name), 1e6), prices) for name in ("local", "function")}

    [added] = [line for line in lines["function"] if line.what.startswith("dashboard, ")]
    assert total(lines["function"]) - total(lines["local"]) == pytest.approx(added.usd)
    assert added.usd > 0
