"""Stacks: the first failure is named with a next step; an empty change is no error; a broken stack is not changed."""

from __future__ import annotations

from typing import Any

import pytest

from infra.aws.account import RefusedByAwsError
from infra.aws.cloudformation import ChangeSet, apply_change, find_stack, prepare_change, prepare_import, remove_stack
from infra.aws.stack_events import Event, StackFailedError
from infra.deploy.executor import describe_step
from infra.deploy.plan import changes_of, make_plan
from infra.deploy.retained import RetainedResource
from infra.deploy.steps import ApplyTemplate, Change, ImportRetained, MakeArtifacts, RunSmokeTest
from logdig.errors import LogDigError, SetupError
from tests.fakes.account import ScriptedAccount
from tests.unit.infra.template.test_template import SETTINGS, template

BODY = {"TemplateBody": "{}"}
ABSENT = RefusedByAwsError("cloudformation:describe_stacks", "ValidationError", "Stack shop-prod does not exist")


def refused(code: str) -> RefusedByAwsError:
    return RefusedByAwsError("any:call", code, "")


def stack(status: str, **outputs: str) -> dict[str, Any]:
    rows = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    return {"Stacks": [{"StackId": "arn:stack", "StackStatus": status, "Outputs": rows}]}


def events(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """Events newest first, as CloudFormation gives them: id, status, reason."""
    oldest_first = [
        {"EventId": name, "LogicalResourceId": name, "ResourceType": "T", "ResourceStatus": status,
         "ResourceStatusReason": reason}
        for name, status, reason in rows
    ]  # fmt: skip
    return {"StackEvents": list(reversed(oldest_first))}


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


def test_change_gives_cloudformations_reason_when_it_is_refused() -> None:
    refused = {"Status": "FAILED", "StatusReason": "Template error: x"}
    account = ScriptedAccount(
        describe_stacks=[stack("UPDATE_COMPLETE")], create_change_set=[{"Id": "arn:set"}],
        describe_change_set=[refused], delete_change_set=[{}],
    )  # fmt: skip

    with pytest.raises(LogDigError, match="refuses the change of shop-prod: Template error: x"):
        prepare_change(account, "shop-prod", BODY, [])


def test_change_lists_failed_validations_when_cloudformation_only_refers_to_them() -> None:
    reason = "Validation failed. Use the DescribeEvents API for detailed failure information."
    validations = [
        {"LogicalResourceId": "Bucket", "ResourceType": "AWS::S3::Bucket", "EventType": "VALIDATION_ERROR",
         "ValidationName": "NAME_CONFLICT_VALIDATION", "ValidationStatusReason": "'b' already exists."},
        {"EventType": "STACK_EVENT", "OperationStatus": "FAILED"},
    ]  # fmt: skip
    account = ScriptedAccount(
        describe_stacks=[stack("UPDATE_COMPLETE")], create_change_set=[{"Id": "arn:set"}],
        describe_change_set=[{"Status": "FAILED", "StatusReason": reason}], delete_change_set=[{}],
        describe_events=[{"OperationEvents": validations}],
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
    queue = RetainedResource("queue", "shop-prod-sqs", "Queue", "https://sqs/1/shop-prod-sqs")

    change = prepare_import(account, "shop-prod", BODY, [queue.as_import()])

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


def test_first_plan_imports_retained_data_before_it_adds_the_rest() -> None:
    account = ScriptedAccount(
        get_caller_identity=[{"Account": "1", "Arn": "arn:me"}], describe_stacks=[ABSENT],
        get_queue_url=[refused("NonExistentQueue")], head_bucket=[{}], describe_table=[refused("ResourceNotFound")],
        get_database=[refused("EntityNotFound")],
    )  # fmt: skip

    plan = make_plan(account, SETTINGS, [], template())

    assert [type(step) for step in plan.steps] == [MakeArtifacts, ImportRetained, ApplyTemplate, RunSmokeTest]
    step = plan.steps[1]
    assert isinstance(step, ImportRetained)
    assert set(step.template["Resources"]) == {"Bucket"}
    assert {change.logical_id for change in plan.changes if change.action == "import"} == {"Bucket"}
    assert {change.action for change in plan.changes} == {"import", "add"}
    assert describe_step(step) == "import retained data into stack shop-prod: shop-prod-s3"


def test_apply_reports_each_event_once_and_names_the_first_failure() -> None:
    first = ("Queue", "CREATE_COMPLETE", "")
    cause = ("Bucket", "CREATE_FAILED", "shop-prod-s3 already exists")
    after = ("Flush", "CREATE_FAILED", "Resource creation cancelled")
    account = ScriptedAccount(
        describe_change_set=[{"StackId": "arn:stack"}],
        execute_change_set=[{}],
        describe_stack_events=[events(), events(first), events(first, cause, after)],
        describe_stacks=[stack("UPDATE_IN_PROGRESS"), stack("UPDATE_ROLLBACK_COMPLETE")],
    )
    reported: list[Event] = []

    with pytest.raises(StackFailedError) as caught:
        apply_change(account, ChangeSet("arn:set", "shop-prod", (), is_new=False), reported.append)

    assert [event.logical_id for event in reported] == ["Queue", "Bucket", "Flush"]
    assert [event.logical_id for event in caught.value.failures] == ["Bucket"]
    assert "Bucket (T): shop-prod-s3 already exists" in caught.value.message
    assert "everything is rolled back; its name is taken" in caught.value.message


def test_remove_is_done_when_the_stack_no_longer_exists() -> None:
    account = ScriptedAccount(
        describe_stacks=[stack("CREATE_COMPLETE"), stack("DELETE_IN_PROGRESS"), ABSENT],
        describe_stack_events=[events()], delete_stack=[{}],
    )  # fmt: skip

    assert remove_stack(account, "shop-prod", lambda _: None)


def change_row(action: str, replacement: str = "False", kind: str = "AWS::SQS::Queue") -> dict[str, Any]:
    return {
        "Action": action, "LogicalResourceId": "Queue", "ResourceType": kind, "Replacement": replacement,
        "Details": [{"Target": {"Attribute": "Properties", "Name": "QueueName"}}] * 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "action", "endangers"),
    [
        (change_row("Add"), "add", False),
        (change_row("Import"), "import", False),
        (change_row("Modify"), "change", False),
        (change_row("Modify", "True"), "replace", True),
        (change_row("Modify", "Conditional"), "may replace", True),
        (change_row("Remove"), "remove", True),
        (change_row("Remove", kind="AWS::Lambda::Url"), "remove", False),
    ],
)
def test_change_names_its_action_and_whether_data_is_in_danger(
    row: dict[str, Any], action: str, endangers: bool
) -> None:
    (change,) = changes_of(ChangeSet("s", "shop-prod", (row,), is_new=False), template())

    meaning = "Packs of events between collector and flush."
    assert change == Change(action, "Queue", row["ResourceType"], meaning, ("QueueName",))
    assert change.endangers_data is endangers
