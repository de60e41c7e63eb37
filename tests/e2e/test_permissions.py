"""Least privilege, shown: a function with any one permission removed fails its part, and no other resource is open."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.template.iam import role_name
from logdig.decide.profiles import OfferScore, Profile, person_key
from logdig.decide.stores.dynamodb_items import DynamoDbItems
from logdig.decide.stores.profile_store import ProfileStore
from logdig.errors import LogDigError
from tests.e2e.account import REGION
from tests.e2e.conftest import Shop
from tests.e2e.stack import Stack, wait_until
from tests.e2e.traffic import OFFER

Part = Callable[[Stack, Shop], bool]


def _collects(stack: Stack, shop: Shop) -> bool:
    return stack.post(event_body(stack), origin=shop.url)[0] == 202


def _is_ready(stack: Stack, _shop: Shop) -> bool:
    return stack.account.call(stack.outputs["Endpoint"], "GET", "/readyz")[0] == 200


def _starts(stack: Stack, shop: Shop) -> bool:
    """Whether a new instance of the collector, which reads the signing secrets, answers."""
    # Setting the same environment again ends the instances that run with the old one.
    function = stack.function("collector")
    stack.account.client("lambda").update_function_configuration(
        FunctionName=function["FunctionName"], Environment=function["Environment"]
    )
    return _collects(stack, shop)


def _answer(stack: Stack, shop: Shop, customer: str) -> dict[str, Any]:
    ask = {"token": stack.token, "user_key": "u", "customer_id": customer, "placement": "before-song"}
    body = json.dumps(ask | {"consent": {"analytics": True, "ads": True}}).encode()
    status, answer = stack.post(body, origin=shop.url, output="DecideEndpoint", path="/v1/decide")
    assert status == 200, "a page never gets an error"
    return dict(answer)


def _decides(stack: Stack, shop: Shop) -> bool:
    """Whether a profile could be read: where not, the answer must not be kept, so its ttl_s is 0."""
    return bool(_answer(stack, shop, "nobody")["ttl_s"] > 0)


def _counts(stack: Stack, shop: Shop) -> bool:
    """Whether a showing is counted, by which the caps hold; without it the page still gets its answer."""
    customer = f"permission-{time.monotonic_ns()}"
    person = person_key(stack.settings.apps[0].name, customer_id=customer, user_key=None)
    items = DynamoDbItems(stack.account.client("dynamodb"), stack.settings.profile_table_name, _now)
    store = ProfileStore(items, _now)
    store.put([Profile(person, _now(), {OFFER: OfferScore(0.9, "m1")}, level=1, status=1)])
    wait_until(lambda: _answer(stack, shop, customer)["decision"] == "show", "a showing")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if store.read(person).counts.shown(OFFER):
            return True
        time.sleep(0.2)
    return False


def _now() -> datetime:
    return datetime.now(UTC)


def _exposes(stack: Stack, shop: Shop) -> bool:
    """Whether a decision leaves its exposure in the queue."""
    before = _queued(stack)
    _decides(stack, shop)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if _queued(stack) > before:
            return True
        time.sleep(0.2)
    return False


def _flushes(stack: Stack, shop: Shop) -> bool:
    """Whether a forced flush writes and deletes what is queued."""
    assert stack.post(event_body(stack), origin=shop.url)[0] == 202
    return stack.invoke(stack.outputs["FlushFunction"], {"force": True})[0]


def _gives_back(stack: Stack, shop: Shop) -> bool:
    """Whether a flush that finds too little makes it visible again at once."""
    assert stack.post(event_body(stack), origin=shop.url)[0] == 202
    succeeded, report = stack.invoke(stack.outputs["FlushFunction"], {})
    return succeeded and report["released"] > 0


def _queued(stack: Stack) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = stack.account.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["QueueUrl"], AttributeNames=names
    )
    return sum(int(response["Attributes"][name]) for name in names)


def event_body(stack: Stack) -> bytes:
    event: dict[str, Any] = {
        "event_id": f"permission-{time.monotonic_ns()}", "seq": 1, "type": "page", "user_key": "u", "session_id": "s",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "page_view_id": "p", "load_count": 1,
        "current_page": "https://shop.example/", "spent_milli_sec": 1, "page": {},
        "consent": {"analytics": True, "ads": True},
    }  # fmt: skip
    return json.dumps({"token": stack.token, "events": [event]}).encode()


PARTS: dict[str, tuple[str, Part]] = {
    "sqs:SendMessage of collector": ("collector", _collects),
    "sqs:GetQueueAttributes of collector": ("collector", _is_ready),
    "ssm:GetParametersByPath of collector": ("collector", _starts),
    "dynamodb:BatchGetItem of decide": ("decide", _decides),
    "dynamodb:UpdateItem of decide": ("decide", _counts),
    "sqs:SendMessage of decide": ("decide", _exposes),
    "sqs:ReceiveMessage of flush": ("flush", _flushes),
    "sqs:DeleteMessage of flush": ("flush", _flushes),
    "sqs:ChangeMessageVisibility of flush": ("flush", _gives_back),
    "s3:PutObject of flush": ("flush", _flushes),
    "s3:ListBucket of flush": ("flush", _flushes),
}


@contextmanager
def without(stack: Stack, role: str, action: str) -> Iterator[None]:
    """Take one action out of a role's policies for a while."""
    iam = stack.account.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    kept = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    for name, document in kept.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(_cut(document, action)))
    try:
        yield
    finally:
        for name, document in kept.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _cut(document: dict[str, Any], action: str) -> dict[str, Any]:
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if left := [other for other in actions if other != action]:
            statements.append(statement | {"Action": left})
    return document | {"Statement": statements}


@pytest.mark.parametrize("what", PARTS)
def test_function_is_denied_its_part_when_one_permission_is_removed(
    stack: Stack, shop: Shop, stored: list[str], what: str
) -> None:
    action, _, name = what.partition(" of ")
    _, works = PARTS[what]
    since_ms = int(time.time() * 1000)

    with without(stack, role_name(stack.settings, name), action):

        def is_denied() -> bool:
            assert not works(stack, shop)
            return any("AccessDenied" in line for line in stack.log_lines(name, since_ms))

        wait_until(is_denied, f"word of the denial in the log of {name}")
    wait_until(lambda: works(stack, shop), f"{name} with its permission back")


@pytest.fixture(scope="module")
def foreign(stack: Stack) -> dict[str, str]:
    """Resources of somebody else in the same account."""
    account = stack.account
    url = account.client("sqs").create_queue(QueueName="foreign")["QueueUrl"]
    location = {"LocationConstraint": REGION}
    account.client("s3").create_bucket(Bucket="foreign", CreateBucketConfiguration=location)
    account.client("dynamodb").create_table(
        TableName="foreign",
        AttributeDefinitions=[{"AttributeName": "person", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "person", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    account.client("ssm").put_parameter(Name="/foreign/secret", Value="x", Type="SecureString")
    return {"queue": url}


@pytest.mark.parametrize("name", ["collector", "decide", "flush", "jobs"])
def test_role_is_refused_everything_of_others(stack: Stack, foreign: dict[str, str], name: str) -> None:
    keys = stack.keys_of(name)
    sqs, s3, dynamodb, ssm, iam, glue = (
        stack.account.client(service, keys) for service in ("sqs", "s3", "dynamodb", "ssm", "iam", "glue")
    )
    tries: dict[str, Callable[[], object]] = {
        "send": lambda: sqs.send_message(QueueUrl=foreign["queue"], MessageBody="x"),
        "receive": lambda: sqs.receive_message(QueueUrl=foreign["queue"]),
        "put": lambda: s3.put_object(Bucket="foreign", Key="raw/x", Body=b"x"),
        "delete own raw": lambda: s3.delete_object(Bucket=stack.outputs["Bucket"], Key=stack.keys("raw/")[0]),
        "read profile": lambda: dynamodb.get_item(TableName="foreign", Key={"person": {"S": "x"}}),
        "scan own profiles": lambda: dynamodb.scan(TableName=stack.outputs["ProfileTable"]),
        "secret": lambda: ssm.get_parameter(Name="/foreign/secret", WithDecryption=True),
        "roles": lambda: iam.list_roles(),
    }
    if name == "jobs":
        tries["read own profile"] = lambda: dynamodb.get_item(
            TableName=stack.outputs["ProfileTable"], Key={"person": {"S": "x"}}
        )
        tries["make database"] = lambda: glue.create_database(DatabaseInput={"Name": "foreign"})
        tries["foreign tables"] = lambda: glue.get_tables(DatabaseName="foreign")
    else:
        tries["get own raw"] = lambda: s3.get_object(Bucket=stack.outputs["Bucket"], Key=stack.keys("raw/")[0])
        tries["put own tables"] = lambda: s3.put_object(Bucket=stack.outputs["Bucket"], Key="tables/x", Body=b"x")
        tries["own tables"] = lambda: glue.get_tables(DatabaseName=stack.settings.database)

    passed = [what for what, call in tries.items() if not is_refused(call)]

    assert passed == []


def is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except (ClientError, LogDigError) as err:
        return "AccessDenied" in str(err)
    return False
