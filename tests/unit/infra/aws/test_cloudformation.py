"""Stacks: what failed first is told with what to do; nothing to change is no error; a broken stack is not touched."""

from __future__ import annotations

from typing import Any

import pytest

from infra.aws.account import RefusedByAwsError
from infra.aws.cloudformation import ChangeSet, apply_change, find_stack, prepare_change, prepare_import, remove_stack
from infra.aws.stack_events import Event, StackFailedError
from infra.deploy.executor import in_words
from infra.deploy.plan import ApplyTemplate, Change, CheckRoad, MakeArtifacts, TakeUp, changes_of, make_plan
from infra.deploy.retained import Kept
from logdig.errors import LogDigError, SetupError
from tests.fakes.account import ScriptedAccount
from tests.unit.infra.template.test_template import SETTINGS, template

BODY = {"TemplateBody": "{}"}
ABSENT = RefusedByAwsError("cloudformation:describe_stacks", "ValidationError", "Stack shop-prod does not exist")


def refused(code: str) -> RefusedByAwsError:
    return RefusedByAwsError("any:call", code, "")


def stack(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackId": "arn:stack", "StackStatus": status, "Outputs": []}]}


def events(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """Events newest first, as CloudFormation gives them: id, status, reason."""
    found = [
        {"EventId": name, "LogicalResourceId": name, "ResourceType": "T", "ResourceStatus": status,
         "ResourceStatusReason": reason}
        for name, status, reason in rows
    ]  # fmt: skip
    return {"StackEvents": list(reversed(found))}


def test_stack_is_none_when_there_is_none_or_it_is_only_reviewed() -> None:
    assert find_stack(ScriptedAccount(describe_stacks=[ABSENT]), "shop-prod") is None
    assert find_stack(ScriptedAccount(describe_stacks=[stack("REVIEW_IN_PROGRESS")]), "shop-prod") is None


def test_change_is_none_when_nothing_would_change() -> None:
    failed = {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
    account = ScriptedAccount(
        describe_stacks=[stack("UPDATE_COMPLETE")], create_change_set=[{"Id": "arn:set"}],
        describe_change_set=[{"Status": "CREATE_IN_PROGRESS"}, failed], delete_change_set=[{}],
    )  # fmt: skip

    assert prepare_change(account, "shop-prod", BODY, []) is None
    assert account.said("create_change_set")[0]["ChangeSetType"] == "UPDATE"
    assert len(account.said("delete_change_set")) == 1


def test_change_of_a_new_stack_cleans_up_after_itself_when_it_fails() -> None:
    ready = {"Status": "CREATE_COMPLETE", "Changes": []}
    account = ScriptedAccount(
        describe_stacks=[ABSENT], create_change_set=[{"Id": "arn:set"}], describe_change_set=[ready]
    )

    change = prepare_change(account, "shop-prod", BODY, [])

    asked = account.said("create_change_set")[0]
    assert change is not None
    assert change.is_new
    assert (asked["ChangeSetType"], asked["OnStackFailure"]) == ("CREATE", "DELETE")
    assert asked["ImportExistingResources"] is True


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_change_is_refused_with_a_remedy_when_the_stack_is_broken(status: str) -> None:
    account = ScriptedAccount(describe_stacks=[stack(status)])

    with pytest.raises(SetupError, match=f"stack shop-prod is {status}; "):
        prepare_change(account, "shop-prod", BODY, [])


def test_change_tells_cloudformations_reason_when_it_is_refused() -> None:
    refused = {"Status": "FAILED", "StatusReason": "Template error: x"}
    account = ScriptedAccount(
        describe_stacks=[stack("UPDATE_COMPLETE")], create_change_set=[{"Id": "arn:set"}],
        describe_change_set=[refused], delete_change_set=[{}],
    )  # fmt: skip

    with pytest.raises(LogDigError, match="refuses the change of shop-prod: Template error: x"):
        prepare_change(account, "shop-prod", BODY, [])


def test_change_tells_what_the_checks_found_when_cloudformation_only_points_at_them() -> None:
    words = "Validation failed. Use the DescribeEvents API for detailed failure information."
    found = [
        {"LogicalResourceId": "Bucket", "ResourceType": "AWS::S3::Bucket", "EventType": "VALIDATION_ERROR",
         "ValidationName": "NAME_CONFLICT_VALIDATION", "ValidationStatusReason": "'b' already exists."},
        {"EventType": "STACK_EVENT", "OperationStatus": "FAILED"},
    ]  # fmt: skip
    account = ScriptedAccount(
        describe_stacks=[stack("UPDATE_COMPLETE")], create_change_set=[{"Id": "arn:set"}],
        describe_change_set=[{"Status": "FAILED", "StatusReason": words}], delete_change_set=[{}],
        describe_events=[{"OperationEvents": found}],
    )  # fmt: skip

    with pytest.raises(LogDigError) as caught:
        prepare_change(account, "shop-prod", BODY, [])

    assert "refuses the change of shop-prod: Bucket (AWS::S3::Bucket): 'b' already exists." in caught.value.message
    assert "its name is taken" in caught.value.message
    assert account.said("describe_events") == [{"ChangeSetName": "arn:set", "Filters": {"FailedEvents": True}}]
    assert [name for name, _ in account.calls][-2:] == ["describe_events", "delete_change_set"]


def test_import_names_every_resource_and_neither_tags_nor_outputs() -> None:
    ready = {"Status": "CREATE_COMPLETE", "Changes": []}
    account = ScriptedAccount(create_change_set=[{"Id": "arn:set"}], describe_change_set=[ready])
    kept = Kept("queue", "shop-prod-sqs", "Queue", "https://sqs/1/shop-prod-sqs")

    change = prepare_import(account, "shop-prod", BODY, [kept.as_import()])

    (asked,) = account.said("create_change_set")
    assert change.is_new
    assert asked["ChangeSetType"] == "IMPORT"
    assert not {"Tags", "ImportExistingResources", "OnStackFailure"} & set(asked)
    assert asked["ResourcesToImport"] == [
        {
            "ResourceType": "AWS::SQS::Queue", "LogicalResourceId": "Queue",
            "ResourceIdentifier": {"QueueUrl": "https://sqs/1/shop-prod-sqs"},
        }
    ]  # fmt: skip


def test_first_plan_takes_up_what_was_kept_before_it_adds_the_rest() -> None:
    account = ScriptedAccount(
        get_caller_identity=[{"Account": "1", "Arn": "arn:me"}], describe_stacks=[ABSENT],
        get_queue_url=[refused("NonExistentQueue")], head_bucket=[{}], describe_table=[refused("ResourceNotFound")],
        get_database=[refused("EntityNotFound")],
    )  # fmt: skip

    plan = make_plan(account, SETTINGS, [], template())

    assert [type(step) for step in plan.steps] == [MakeArtifacts, TakeUp, ApplyTemplate, CheckRoad]
    take_up = plan.steps[1]
    assert isinstance(take_up, TakeUp)
    assert set(take_up.template["Resources"]) == {"Bucket"}
    assert {one.logical_id for one in plan.changes if one.action == "take up"} == {"Bucket"}
    assert {one.action for one in plan.changes} == {"take up", "add"}
    assert in_words(take_up) == "take up into stack shop-prod what an earlier one kept: shop-prod-s3"


def test_apply_tells_each_event_once_and_names_what_failed_first() -> None:
    first = ("Queue", "CREATE_COMPLETE", "")
    cause = ("Bucket", "CREATE_FAILED", "shop-prod-s3 already exists")
    after = ("Flush", "CREATE_FAILED", "Resource creation cancelled")
    account = ScriptedAccount(
        describe_change_set=[{"StackId": "arn:stack"}],
        execute_change_set=[{}],
        describe_stack_events=[events(), events(first), events(first, cause, after)],
        describe_stacks=[stack("UPDATE_IN_PROGRESS"), stack("UPDATE_ROLLBACK_COMPLETE")],
    )
    told: list[Event] = []

    with pytest.raises(StackFailedError) as caught:
        apply_change(account, ChangeSet("arn:set", "shop-prod", (), is_new=False), told.append)

    assert [one.logical_id for one in told] == ["Queue", "Bucket", "Flush"]
    assert [one.logical_id for one in caught.value.failures] == ["Bucket"]
    assert "Bucket (T): shop-prod-s3 already exists" in caught.value.message
    assert "everything is rolled back; its name is taken" in caught.value.message


def test_remove_is_done_when_the_stack_no_longer_exists() -> None:
    account = ScriptedAccount(
        describe_stacks=[stack("CREATE_COMPLETE"), stack("DELETE_IN_PROGRESS"), ABSENT],
        describe_stack_events=[events()], delete_stack=[{}],
    )  # fmt: skip

    assert remove_stack(account, "shop-prod", lambda _: None)


def told(action: str, replacement: str = "False", kind: str = "AWS::SQS::Queue") -> dict[str, Any]:
    return {
        "Action": action, "LogicalResourceId": "Queue", "ResourceType": kind, "Replacement": replacement,
        "Details": [{"Target": {"Attribute": "Properties", "Name": "QueueName"}}] * 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "action", "endangers"),
    [
        (told("Add"), "add", False),
        (told("Import"), "take up", False),
        (told("Modify"), "change", False),
        (told("Modify", "True"), "replace", True),
        (told("Modify", "Conditional"), "may replace", True),
        (told("Remove"), "remove", True),
        (told("Remove", kind="AWS::Lambda::Url"), "remove", False),
    ],
)
def test_change_says_in_words_what_happens_and_whether_data_is_in_danger(
    row: dict[str, Any], action: str, endangers: bool
) -> None:
    (change,) = changes_of(ChangeSet("s", "shop-prod", (row,), is_new=False), template())

    meaning = "Packs of events between collector and flush."
    assert change == Change(action, "Queue", row["ResourceType"], meaning, ("QueueName",))
    assert change.endangers_data is endangers
