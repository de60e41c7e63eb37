"""Destroy: the queue is drained first, data is found by name, and every version of an object is deleted."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from infra.aws.account import RefusedByAwsError
from infra.deploy.buckets import empty_bucket
from infra.deploy.destroy import LAST_FLUSHES, delete_retained, drain, remove_stacks
from infra.deploy.retained import RetainedResource, find_retained
from logdig.errors import LogDigError, SetupError
from tests.fakes.account import ScriptedAccount
from tests.unit.infra.aws.test_cloudformation import ABSENT, events
from tests.unit.infra.template.test_template import SETTINGS

STACK: dict[str, Any] = {
    "Stacks": [
        {
            "StackId": "arn:stack",
            "StackStatus": "CREATE_COMPLETE",
            "Outputs": [{"OutputKey": "FlushFunction", "OutputValue": "shop-prod-flush"}],
        }
    ]
}


def refused(code: str, reason: str = "") -> RefusedByAwsError:
    return RefusedByAwsError("any:call", code, reason)


def flushed(*received: int) -> list[Any]:
    return [{"Payload": io.BytesIO(json.dumps({"received": count}).encode())} for count in received]


def test_drain_flushes_until_nothing_comes() -> None:
    account = ScriptedAccount(describe_stacks=[STACK], invoke=flushed(10, 3, 0))

    assert drain(account, SETTINGS)
    assert [json.loads(call["Payload"]) for call in account.said("invoke")] == [{"force": True}] * 3


def test_drain_gives_up_when_the_flush_fails_or_never_ends() -> None:
    failing = {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "S3 put"}')}
    endless = ScriptedAccount(describe_stacks=[STACK], invoke=[*flushed(*[1] * LAST_FLUSHES), *flushed(0)])

    assert not drain(ScriptedAccount(describe_stacks=[STACK], invoke=[failing]), SETTINGS)
    assert not drain(endless, SETTINGS)


def test_drain_has_nothing_to_do_when_there_is_no_stack() -> None:
    assert drain(ScriptedAccount(describe_stacks=[ABSENT]), SETTINGS)


def test_remove_returns_false_when_there_was_no_stack() -> None:
    assert not remove_stacks(ScriptedAccount(describe_stacks=[ABSENT]), SETTINGS, lambda _: None, print)


def test_remove_empties_the_bucket_of_the_packages_before_its_stack() -> None:
    version = {"Key": "packages/functions-0.zip", "VersionId": "1"}
    account = ScriptedAccount(
        describe_stacks=[STACK, STACK, ABSENT, STACK, STACK, ABSENT],
        describe_stack_events=[events()], delete_stack=[{}],
        list_object_versions=[{"Versions": [version]}, {}], delete_objects=[{}],
    )  # fmt: skip

    assert remove_stacks(account, SETTINGS, lambda _: None, print)
    order = [name for name, _ in account.calls if name in ("delete_stack", "delete_objects")]
    assert order == ["delete_stack", "delete_objects", "delete_stack"]


def test_retained_data_is_found_with_its_cloudformation_identifier() -> None:
    account = ScriptedAccount(
        get_queue_url=[lambda QueueName: {"QueueUrl": f"https://sqs/1/{QueueName}"}],  # noqa: N803 (AWS's name)
        head_bucket=[refused("404")], describe_table=[{}], get_database=[refused("EntityNotFoundException")],
    )  # fmt: skip

    assert list(find_retained(account, SETTINGS)) == [
        RetainedResource("queue", "shop-prod-dlq", "DeadLetters", "https://sqs/1/shop-prod-dlq"),
        RetainedResource("queue", "shop-prod-sqs", "Queue", "https://sqs/1/shop-prod-sqs"),
        RetainedResource("table", "shop-prod-profiles", "Profiles", "shop-prod-profiles"),
    ]


def test_search_for_retained_data_fails_when_the_bucket_belongs_to_another_account() -> None:
    absent = refused("AWS.SimpleQueueService.NonExistentQueue")
    account = ScriptedAccount(get_queue_url=[absent], head_bucket=[refused("403", "Forbidden")])

    with pytest.raises(SetupError, match=r"bucket shop-prod-s3: the name is taken .* choose another bucket"):
        list(find_retained(account, SETTINGS))


def test_bucket_is_emptied_of_every_version_and_marker_before_it_is_deleted() -> None:
    first = {"Versions": [{"Key": "a", "VersionId": "1"}], "DeleteMarkers": [{"Key": "a", "VersionId": "2"}]}
    account = ScriptedAccount(list_object_versions=[first, {}], delete_objects=[{}], delete_bucket=[{}])
    deleted: list[int] = []

    delete_retained(account, RetainedResource("bucket", "shop-prod-s3", "Bucket", "shop-prod-s3"), deleted.append)

    assert deleted == [2]
    assert account.said("delete_objects")[0]["Delete"]["Objects"] == [
        {"Key": "a", "VersionId": "1"}, {"Key": "a", "VersionId": "2"},
    ]  # fmt: skip
    assert account.said("delete_bucket") == [{"Bucket": "shop-prod-s3"}]


def test_error_names_the_object_when_s3_does_not_delete_it() -> None:
    result = {"Errors": [{"Key": "a", "Message": "locked"}]}
    account = ScriptedAccount(
        list_object_versions=[{"Versions": [{"Key": "a", "VersionId": "1"}]}], delete_objects=[result]
    )

    with pytest.raises(LogDigError, match="s3://b/a cannot be deleted: locked; try again"):
        empty_bucket(account, "b", lambda _: None)


def test_database_is_deleted_with_all_its_tables() -> None:
    account = ScriptedAccount(
        get_tables=[{"TableList": [{"Name": "events"}], "NextToken": "2"}, {"TableList": [{"Name": "ledger"}]}],
        delete_table=[{}], delete_database=[{}],
    )  # fmt: skip

    delete_retained(account, RetainedResource("database", "shop_prod", "Database", "shop_prod"), lambda _: None)

    assert [call["Name"] for call in account.said("delete_table")] == ["events", "ledger"]
    assert account.said("delete_database") == [{"Name": "shop_prod"}]
