"""Destroy: the stack is removed, the data stays, a later deploy imports it, and only its typed name deletes it."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from infra.resources import lock_table_name
from tests.e2e.account import Account
from tests.e2e.conftest import Shop, outputs_of
from tests.e2e.owner import Owner
from tests.e2e.stack import Stack
from tests.e2e.test_domain import PARTS as DOMAIN_PARTS
from tests.e2e.test_domain import assert_nothing_is_left
from tests.e2e.test_permissions import event_body

pytestmark = pytest.mark.timeout(1400)


def test_destroy_keeps_the_data_and_the_next_deploy_imports_it(stack: Stack, owner: Owner, shop: Shop) -> None:
    gone = owner.run("destroy", "--yes", "--json")

    assert gone.returncode == 0, gone.stderr
    result = json.loads(gone.stdout)
    assert (result["stack"], result["removed"], result["drained"], result["deleted"]) == ("shop-prod", True, True, [])
    assert {resource["kind"] for resource in result["kept"]} == {"queue", "bucket", "table", "database"}
    for part in DOMAIN_PARTS:
        assert re.search(rf"DELETE_COMPLETE +{part} ", gone.stderr), part
    assert_nothing_is_left(stack)
    with pytest.raises(ClientError, match="not found"):
        stack.function("flush")
    before = stack.keys("raw/")
    assert before

    back = owner.run("deploy", "--yes")

    assert back.returncode == 0, back.stderr
    assert "import       Bucket" in back.stderr
    again = Stack(stack.account, owner.settings(), outputs_of(stack.account, owner.settings()), back.stdout)
    assert set(again.keys("raw/")) >= set(before)
    assert again.post(event_body(again), origin=shop.url)[0] == 202


def test_destroy_removes_the_data_only_when_its_name_is_typed(stack: Stack, owner: Owner, account: Account) -> None:
    wrong = owner.run("destroy", "--delete-data", "--name", "shop-dev", "--yes")

    assert wrong.returncode == 1
    assert "nothing was removed" in wrong.stderr
    assert stack.keys("raw/")

    right = owner.run("destroy", "--delete-data", "--name", "shop-prod", "--yes")

    assert right.returncode == 0, right.stderr
    names = {
        *(bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]),
        *(url.rsplit("/", 1)[-1] for url in account.client("sqs").list_queues()["QueueUrls"]),
        *account.client("dynamodb").list_tables()["TableNames"],
        *(database["Name"] for database in account.client("glue").get_databases()["DatabaseList"]),
        *(role["RoleName"] for role in account.client("iam").list_roles()["Roles"]),
    }
    # Iceberg may have made a table of locks, because the emulator's Glue needs one.
    left = names - {lock_table_name(stack.settings)}
    assert {name for name in left if name.startswith(("shop-prod", "shop_prod"))} == set()
