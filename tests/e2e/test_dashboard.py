"""The dashboard as a function: a link opens it, one permission less is a part less, revoked is closed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import tomlkit

from infra.template.iam import role_name
from tests.e2e.account import Account
from tests.e2e.conftest import outputs_of
from tests.e2e.owner import Owner
from tests.e2e.stack import Stack, wait_until
from tests.e2e.test_permissions import without

pytestmark = pytest.mark.timeout(1400)

PERMISSIONS = {
    "glue:GetTable": "ledger",
    "s3:GetObject": "jobs",
    "s3:ListBucket": "stored",
    "sqs:GetQueueAttributes": "depths",
    "sqs:GetQueueUrl": "depths",
}
"""Permission of the function, and the part of page Data health that needs it."""


class Shown:
    """The deployed dashboard, and cookies of the two scopes."""

    def __init__(self, account: Account, url: str, links: dict[str, dict[str, str]]) -> None:
        self.account, self.url, self.links = account, url, links
        self.cookies = {scope: self._enter(link["token"]) for scope, link in links.items()}

    def _enter(self, token: str) -> str:
        body = json.dumps({"token": token}).encode()
        status, headers, answer = self.account.call(
            self.url, "POST", "/access", body, {"Content-Type": "application/json"}
        )
        assert status == 200, answer
        return headers["set-cookie"].partition(";")[0]

    def ask(self, path: str, scope: str) -> tuple[int, Any]:
        """Ask an address of data with the cookie of a scope; return status and answer."""
        status, _, answer = self.account.call(self.url, "GET", f"/data/{path}", headers={"Cookie": self.cookies[scope]})
        return status, json.loads(answer)


@pytest.fixture(scope="module")
def shown(stack: Stack, owner: Owner, stored: list[str]) -> Iterator[Shown]:
    """The stack with the dashboard; afterwards without it, since packing it takes long."""
    owner.edit(lambda document: _set(document, "function"))
    run = owner.run("deploy", "--yes")
    assert run.returncode == 0, run.stderr
    links = {}
    for scope in ("numbers", "people"):
        made = owner.run("share", "create", "--scope", scope, "--json")
        assert made.returncode == 0, made.stderr
        links[scope] = json.loads(made.stdout)
    yield Shown(stack.account, outputs_of(stack.account, owner.settings())["DashboardEndpoint"], links)
    owner.edit(lambda document: _set(document, "local"))
    run = owner.run("deploy", "--yes")
    assert run.returncode == 0, run.stderr
    assert "DashboardEndpoint" not in outputs_of(stack.account, owner.settings())


def _set(document: tomlkit.TOMLDocument, where: str) -> None:
    """Keys of the top level stand before every table."""
    document.pop("dashboard", None)
    text = f'dashboard = "{where}"\n' + tomlkit.dumps(document)
    document.clear()
    document.update(tomlkit.parse(text))


def test_colleague_with_numbers_sees_no_person(shown: Shown) -> None:
    statuses = {
        path: shown.ask(path, "numbers")[0]
        for path in ("overview/trend", "health/state", "sessions/list", "health/samples", "offers/targets")
    }

    assert statuses == {
        "overview/trend": 200, "health/state": 200, "sessions/list": 403, "health/samples": 403, "offers/targets": 403,
    }  # fmt: skip


@pytest.mark.parametrize("action", PERMISSIONS)
def test_part_of_health_is_not_reached_when_one_permission_is_removed(shown: Shown, stack: Stack, action: str) -> None:
    part, since_ms = PERMISSIONS[action], int(time.time() * 1000)
    status, before = shown.ask("health/state", "people")
    assert (status, "unreachable" in before[part]) == (200, False)

    def is_refused() -> bool:
        # What is known of tables is kept for some seconds. The page goes on with what is left, and says no more.
        status, answer = shown.ask("health/state", "people")
        assert status == 200
        return bool(answer[part] == {"unreachable": ""})

    with without(stack, role_name(stack.settings, "dashboard"), action):
        wait_until(is_refused, f"a page without {part}")

    wait_until(
        lambda: any("AccessDenied" in line for line in stack.log_lines("dashboard", since_ms)), "word of the denial"
    )


def test_link_shows_nothing_once_it_is_revoked(shown: Shown, stack: Stack, owner: Owner) -> None:
    revoked = owner.run("share", "revoke", shown.links["numbers"]["id"])
    # A new instance has read no list yet; one that runs knows the old list for 60 seconds more.
    function = stack.function("dashboard")
    stack.account.client("lambda").update_function_configuration(
        FunctionName=function["FunctionName"], Environment=function["Environment"]
    )

    assert revoked.returncode == 0, revoked.stderr
    assert [shown.ask("overview/trend", scope)[0] for scope in ("numbers", "people")] == [401, 200]
