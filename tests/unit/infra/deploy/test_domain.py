"""A deploy with a domain: the record that DNS needs is named, a waiting stack is waited for, nothing stays behind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from infra.aws.account import RefusedByAwsError
from infra.aws.cloudformation import Stack
from infra.aws.stack_events import Event
from infra.deploy.domain import host_of, make_origin_secret, record_of, records, remove_domain
from infra.deploy.plan import make_plan
from infra.deploy.status import DomainStatus, domain_problems
from infra.deploy.steps import ApplyDomain, MakeOriginSecret, RemoveDomain
from infra.template.build import artifacts_template
from tests.fakes.account import ScriptedAccount
from tests.unit.infra.aws.test_cloudformation import ABSENT, events, stack
from tests.unit.infra.template.test_domain import NAMED
from tests.unit.infra.template.test_template import SETTINGS

WAITING = (
    "Content of DNS Record is: {Name: _3639ac514e785e898d2646601fa951d5.collect.shop.example.,Type: CNAME,"
    "Value: _98d2646601fa.acm-validations.aws.}"
)


EARLIER = WAITING.replace("collect.shop.example", "other.shop.example").replace("_98d", "_old")


class OneRegion(ScriptedAccount):
    """Answers in every region from the same script."""

    def in_region(self, region: str) -> ScriptedAccount:
        self.regions = (*getattr(self, "regions", ()), region)
        return self


def event(reason: str, logical_id: str = "Certificate") -> Event:
    return Event("1", logical_id, "AWS::CertificateManager::Certificate", "CREATE_IN_PROGRESS", reason)


def test_record_is_read_from_the_certificates_event() -> None:
    assert record_of(event(WAITING)) == (
        "_3639ac514e785e898d2646601fa951d5.collect.shop.example", "_98d2646601fa.acm-validations.aws",
    )  # fmt: skip
    assert record_of(event("Resource creation Initiated")) is None
    assert record_of(event(WAITING, "Distribution")) is None


def test_records_name_validation_and_target_only_where_the_owner_makes_them() -> None:
    found: dict[str, Any] = {
        "StackEvents": [
            {"EventId": "1", "LogicalResourceId": "Certificate", "ResourceStatusReason": WAITING},
            {"EventId": "2", "LogicalResourceId": "Certificate", "ResourceStatusReason": EARLIER},
        ]
    }
    account = OneRegion(describe_stack_events=[found])
    there = Stack("any", "arn:stack", "CREATE_COMPLETE", {"Target": "d1.cloudfront.net"})

    assert records(account, NAMED, there)["collect.shop.example"] == "d1.cloudfront.net"
    assert "_98d2646601fa.acm-validations.aws" in records(account, NAMED, there).values()
    assert len(records(account, NAMED, there)) == 2, "events of an earlier name are there, too"
    assert records(account, msgspec.structs.replace(NAMED, domain_zone="Z1"), there) == {}


def test_secret_is_never_replaced_when_there_is_one() -> None:
    refused = RefusedByAwsError("ssm:put_parameter", "ParameterAlreadyExists", "")
    account = OneRegion(put_parameter=[refused])

    make_origin_secret(account, NAMED)

    (asked,) = account.said("put_parameter")
    assert "Overwrite" not in asked
    assert (asked["Name"], asked["Type"]) == ("/shop/prod/signing/_origin", "SecureString")
    assert len(asked["Value"]) >= 43


def plan_of(account: ScriptedAccount, settings: Any, document: Any) -> Any:
    return make_plan(account, settings, [], document)


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"])
def test_deploy_waits_for_a_domain_that_waits_for_its_certificate(status: str) -> None:
    main = stack("CREATE_COMPLETE", Domain="collect.shop.example", Endpoint="https://a.on.aws")
    account = OneRegion(
        get_caller_identity=[{"Account": "1", "Arn": "arn:me"}],
        describe_stacks=[main, main, main, stack(status)],
        create_change_set=[{"Id": "arn:set"}], put_object=[{}], delete_change_set=[{}],
        describe_change_set=[{"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}],
        get_parameter=[{"Parameter": {"Value": "secret"}}],
    )  # fmt: skip

    plan = plan_of(account, NAMED, artifacts_template(NAMED))

    assert [type(step) for step in plan.steps] == [ApplyDomain]
    assert plan.changes == ()


def test_deploy_removes_the_domain_before_the_main_stack_forgets_it() -> None:
    main = stack("CREATE_COMPLETE", Domain="collect.shop.example")
    account = OneRegion(
        get_caller_identity=[{"Account": "1", "Arn": "arn:me"}],
        describe_stacks=[main], create_change_set=[{"Id": "arn:set"}], put_object=[{}],
        describe_change_set=[{"Status": "CREATE_COMPLETE", "Changes": []}],
    )  # fmt: skip

    plan = plan_of(account, SETTINGS, artifacts_template(SETTINGS))

    assert isinstance(plan.steps[0], RemoveDomain)
    assert {change.action for change in plan.changes if change.domain} == {"remove"}
    assert not plan.dangers
    assert "get_parameter" not in [name for name, _ in account.calls]


def test_deploy_asks_nothing_in_another_region_when_there_never_was_a_domain() -> None:
    account = OneRegion(
        get_caller_identity=[{"Account": "1", "Arn": "arn:me"}], describe_stacks=[stack("CREATE_COMPLETE")],
        create_change_set=[{"Id": "arn:set"}], put_object=[{}],
        describe_change_set=[{"Status": "CREATE_COMPLETE", "Changes": []}],
    )  # fmt: skip

    plan_of(account, SETTINGS, artifacts_template(SETTINGS))

    assert not hasattr(account, "regions")


def test_secret_is_made_before_the_functions_that_read_it() -> None:
    missing = RefusedByAwsError("ssm:get_parameter", "ParameterNotFound", "")
    account = OneRegion(
        get_caller_identity=[{"Account": "1", "Arn": "arn:me"}], describe_stacks=[ABSENT], get_parameter=[missing],
        get_queue_url=[RefusedByAwsError("", "NonExistentQueue", "")], head_bucket=[RefusedByAwsError("", "404", "")],
        describe_table=[RefusedByAwsError("", "ResourceNotFound", "")], head_object=[RefusedByAwsError("", "404", "")],
        get_database=[RefusedByAwsError("", "EntityNotFound", "")],
    )  # fmt: skip

    plan = plan_of(account, NAMED, artifacts_template(NAMED))

    kinds = [type(step).__name__ for step in plan.steps]
    assert kinds == ["MakeArtifacts", "MakeOriginSecret", "ApplyTemplate", "RunSmokeTest", "ApplyDomain"]
    assert MakeOriginSecret("/shop/prod/signing/_origin") in plan.steps


def test_domain_leaves_with_its_secret_when_its_stack_is_gone_already() -> None:
    account, lines = OneRegion(describe_stacks=[ABSENT], delete_parameter=[{}]), list[str]()

    assert not remove_domain(account, NAMED, lambda _: None, lines.append)
    assert lines == []
    assert account.said("delete_parameter") == [{"Name": "/shop/prod/signing/_origin"}]


def test_removal_is_tried_again_when_the_certificate_is_still_in_use() -> None:
    in_use = events(("Certificate", "DELETE_FAILED", "Certificate is in use"))
    made = stack("CREATE_COMPLETE", Target="d1.cloudfront.net")
    account, lines = OneRegion(
        # Looked for by `remove_domain`, by its removal, by each of two tries and after each.
        describe_stacks=[made, made, made, stack("DELETE_FAILED"), stack("DELETE_FAILED"), ABSENT],
        list_object_versions=[RefusedByAwsError("s3:list_object_versions", "NoSuchBucket", "")],
        describe_stack_events=[events(), events(), in_use, in_use], delete_stack=[{}], delete_parameter=[{}],
    ), list[str]()  # fmt: skip

    assert remove_domain(account, NAMED, lambda _: None, lines.append)
    assert len(account.said("delete_stack")) == 2
    assert [line for line in lines if "collect.shop.example CNAME d1.cloudfront.net" in line]


def test_deploy_makes_the_domain_anew_when_its_stack_can_only_be_removed() -> None:
    main = stack("CREATE_COMPLETE", Domain="collect.shop.example", Endpoint="https://a.on.aws")
    account = OneRegion(
        get_caller_identity=[{"Account": "1", "Arn": "arn:me"}],
        describe_stacks=[main, main, main, stack("ROLLBACK_COMPLETE")],
        create_change_set=[{"Id": "arn:set"}], put_object=[{}], delete_change_set=[{}],
        describe_change_set=[{"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}],
        get_parameter=[{"Parameter": {"Value": "secret"}}],
    )  # fmt: skip

    plan = plan_of(account, NAMED, artifacts_template(NAMED))

    assert [type(step) for step in plan.steps] == [ApplyDomain]
    assert {change.action for change in plan.changes} == {"add"}


@pytest.mark.parametrize(
    ("domain", "problem"),
    [
        (None, None),
        (DomainStatus("a.example", "CREATE_COMPLETE", True, {}), None),
        (DomainStatus("a.example", "missing", False, {}), "has no stack yet; run: logdig deploy"),
        (DomainStatus("a.example", "UPDATE_ROLLBACK_COMPLETE", True, {}), "is UPDATE_ROLLBACK_COMPLETE"),
        (DomainStatus("a.example", "CREATE_COMPLETE", False, {"a.example": "d"}), "its DNS needs a.example CNAME d"),
        (DomainStatus("a.example", "CREATE_COMPLETE", False, {}), "https://a.example/healthz does not answer 200"),
    ],
)
def test_status_says_what_keeps_the_domain_from_answering(domain: DomainStatus | None, problem: str | None) -> None:
    lines = domain_problems(domain)

    assert (problem is None) == (not lines)
    assert problem is None or problem in " ".join(lines)


def test_host_is_read_from_an_address() -> None:
    assert host_of("https://abc.lambda-url.eu-west-1.on.aws") == "abc.lambda-url.eu-west-1.on.aws"
    assert host_of("https://x.execute-api.eu-west-1.amazonaws.com/api") == "x.execute-api.eu-west-1.amazonaws.com"
    assert host_of("http://lb.eu-west-1.elb.amazonaws.com") == "lb.eu-west-1.elb.amazonaws.com"
    assert host_of("") == "known-after-deploy.invalid"
