"""The lean client beside botocore's: the same request, the same signature, the same tries, the same errors."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from logdig.aws import clients, credentials
from logdig.aws.http_pool import AUTHORITIES, Endpoint
from logdig.aws.json_client import PROTOCOLS, JsonClient
from logdig.aws.sigv4 import signed_headers
from logdig.config.settings import Settings
from tests.fakes.answering import Answer, Answering, answering
from tests.fakes.aws_clients import BODY, REGION, full, lean
from tests.functional.conftest import free_port

Serve = Callable[..., Answering]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *answers: stack.enter_context(answering(*answers))


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("sqs", "send_message", {"QueueUrl": "https://q/1/a", "MessageBody": BODY}),
    ("sqs", "receive_message", {"QueueUrl": "https://q/1/a", "WaitTimeSeconds": 1, "MaxNumberOfMessages": 10}),
    ("ssm", "get_parameters_by_path", {"Path": "/a/b", "Recursive": True, "WithDecryption": True}),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"person": {"S": "손님"}}}),
]


@pytest.mark.parametrize(
    ("service", "name", "arguments"), CALLS, ids=[f"{service}-{name}" for service, name, _ in CALLS]
)
def test_request_and_signature_are_botocores_for_the_same_call(
    serve: Serve, service: str, name: str, arguments: dict[str, Any]
) -> None:
    found = serve((200, {}, b"{}"))

    getattr(full(found.endpoint, service=service), name)(**arguments)
    getattr(lean(found.endpoint, service=service), name)(**arguments)

    theirs, ours = (asked.headers for asked in found.asked)
    their_body, our_body = (asked.body for asked in found.asked)
    assert json.loads(our_body) == json.loads(their_body)
    assert _listed(ours) == _listed(theirs)
    assert {name: ours[name] for name in _listed(ours) if name != "x-amz-date"} == {
        name: theirs[name] for name in _listed(theirs) if name != "x-amz-date"
    }
    assert _signed_again(theirs, their_body, service)["authorization"] == theirs["authorization"]


def _listed(headers: dict[str, str]) -> list[str]:
    return headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")


def _signed_again(headers: dict[str, str], body: bytes, service: str) -> dict[str, str]:
    """Sign what a request signed, at its instant."""
    at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    plain = {name: headers[name] for name in _listed(headers) if name not in ("x-amz-date", "x-amz-security-token")}
    keys = credentials.Keys("AKIA1", "secret", headers.get("x-amz-security-token"))
    return signed_headers(plain, body, keys, at, service=service, region=REGION)


@pytest.fixture
def checked_queue(service: str, moto_url: str) -> Iterator[tuple[str, credentials.Keys]]:
    """A queue of an account that checks signatures, and keys that it knows."""
    iam = boto3.client("iam")
    iam.create_user(UserName=service)
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    iam.put_user_policy(UserName=service, PolicyName="may", PolicyDocument=json.dumps(may))
    made = iam.create_access_key(UserName=service)["AccessKey"]
    url = boto3.client("sqs").create_queue(QueueName=service)["QueueUrl"]
    _check_signatures(moto_url, after_calls="0")
    yield url, credentials.Keys(made["AccessKeyId"], made["SecretAccessKey"], None)
    _check_signatures(moto_url, after_calls="inf")


def _check_signatures(moto_url: str, after_calls: str) -> None:
    address = f"{moto_url}/moto-api/reset-auth"
    asked = urllib.request.Request(address, after_calls.encode(), {"Content-Type": "text/plain"})
    urllib.request.urlopen(asked, timeout=60).close()


def test_message_is_taken_by_a_service_that_checks_signatures_and_refused_when_the_secret_is_wrong(
    checked_queue: tuple[str, credentials.Keys], moto_url: str
) -> None:
    url, keys = checked_queue

    def client(held: credentials.Keys) -> JsonClient:
        return JsonClient(PROTOCOLS["sqs"], REGION, Endpoint(moto_url, AUTHORITIES, 3, 20, 4), lambda: held, 1)

    assert client(keys).send_message(QueueUrl=url, MessageBody=BODY)["MessageId"]
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client(keys._replace(secret_key="wrong")).send_message(QueueUrl=url, MessageBody=BODY)
    assert [message["Body"] for message in client(keys).receive_message(QueueUrl=url)["Messages"]] == [BODY]


THROTTLED = (400, {"x-amzn-query-error": "RequestThrottled;Sender"}, b'{"__type": "com.amazonaws.sqs#Slow"}')
ANSWERS: dict[str, list[Answer | None]] = {
    "good": [(200, {}, b'{"MessageId": "m"}')],
    "refused": [(400, {}, b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"}')],
    "denied": [(403, {}, b'{"__type": "AccessDenied", "Message": "not you"}')],
    "page of a balancer": [(502, {}, b"<html>Bad Gateway</html>")],
    "no json": [(418, {}, b"<html>")],
    "nothing said": [(404, {}, b"")],
    "throttled": [THROTTLED],
    "throttled once": [THROTTLED, (200, {}, b"{}")],
    "fails": [(500, {}, b'{"__type": "InternalError:http://x", "message": "ours"}')],
    "fails twice": [(503, {}, b""), (502, {}, b"gone"), (200, {}, b"{}")],
    "too many": [(429, {}, b"")],
    "moved": [(301, {"Location": "http://127.0.0.1:9/"}, b"")],
    "closes": [None],
    "closes once": [None, (200, {}, b"{}")],
    "answers in chunks": [(200, {"X-Long": "a" * 4000}, json.dumps({"MessageId": "m" * 70_000}).encode())],
}


@pytest.mark.parametrize("tries", [1, 4])
@pytest.mark.parametrize("case", ANSWERS)
def test_outcome_and_number_of_tries_are_botocores(
    serve: Serve, case: str, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    theirs, ours = serve(*ANSWERS[case]), serve(*ANSWERS[case])

    expected = _outcome(full(theirs.endpoint, tries), theirs)
    lean_outcome = _outcome(lean(ours.endpoint, tries), ours)

    assert lean_outcome == expected
    assert len(ours.asked) == len(theirs.asked)


def _outcome(client: Any, service: Answering) -> tuple[object, ...]:
    """What a call gives or raises, without the server's own address."""
    try:
        answer = client.send_message(QueueUrl="https://q/1/a", MessageBody=BODY)
    except ClientError as err:
        return err.response["Error"], str(err)
    except BotoCoreError as err:
        return type(err), str(err).replace(service.endpoint, "").replace('"/"', '""')
    return (answer.get("MessageId"),)


@pytest.mark.parametrize("content", [b"<html>a proxy of somebody</html>", b"[]", b"\xff"])
def test_unreadable_answer_is_no_acknowledgement(serve: Serve, content: bytes) -> None:
    service = serve((200, {}, content))

    with pytest.raises(BotoCoreError):
        lean(service.endpoint).send_message(QueueUrl="https://q/1/a", MessageBody=BODY)


def test_retries_end_as_botocores_when_the_quota_is_used_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    theirs, ours = serve((500, {}, b"")), serve((500, {}, b""))

    expected = _tries_of_each(full(theirs.endpoint), theirs)
    lean_tries = _tries_of_each(lean(ours.endpoint), ours)

    assert lean_tries == expected
    assert {1, 4} <= set(lean_tries)


def _tries_of_each(client: Any, service: Answering) -> list[int]:
    """How often each of many failing calls is tried."""
    totals = [0]
    for _ in range(16):
        with pytest.raises(ClientError):
            client.send_message(QueueUrl="https://q/1/a", MessageBody=BODY)
        totals.append(len(service.asked))
    return [after - before for before, after in pairwise(totals)]


def test_connection_is_kept_and_made_anew_when_nobody_listens_or_the_service_closed_it(
    serve: Serve,
) -> None:
    with pytest.raises(BotoCoreError, match="Could not connect"):
        lean(f"http://127.0.0.1:{free_port()}").send_message(QueueUrl="https://q/1/a", MessageBody=BODY)

    service = serve((200, {"Connection": "close"}, b"{}"))
    client = lean(service.endpoint, tries=1)
    for _ in range(3):
        client.send_message(QueueUrl="https://q/1/a", MessageBody=BODY)
    assert len(service.asked) == 3


def test_keys_that_end_are_renewed_before_the_next_call(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    service = serve((200, {}, b"{}"))
    made = iter(range(100))

    def renew() -> dict[str, str]:
        keys = {"access_key": f"AKIA{next(made)}", "secret_key": "s", "token": "t"}
        return keys | {"expiry_time": (datetime.now(UTC) + timedelta(minutes=5)).isoformat()}

    renewed = RefreshableCredentials.create_from_metadata(renew(), renew, "test")
    session = botocore.session.get_session()
    monkeypatch.setattr(session, "get_credentials", lambda: renewed)
    monkeypatch.setattr(credentials, "session", lambda: session)

    where = credentials.from_botocore("sqs", REGION, service.endpoint, {})
    client = JsonClient(
        PROTOCOLS["sqs"], REGION, Endpoint(service.endpoint, AUTHORITIES, 3, 20, 4), where.credentials, 1
    )
    for _ in range(2):
        client.send_message(QueueUrl="https://q/1/a", MessageBody=BODY)

    first, second = (asked.headers["authorization"].partition("Credential=")[2][:5] for asked in service.asked)
    assert first != second


def test_call_without_keys_raises_what_botocore_raises(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(credentials, "session", botocore.session.get_session)
    service = serve((200, {}, b"{}"))

    where = credentials.from_botocore("sqs", REGION, service.endpoint, {})
    client = JsonClient(
        PROTOCOLS["sqs"], REGION, Endpoint(service.endpoint, AUTHORITIES, 3, 20, 4), where.credentials, 1
    )

    with pytest.raises(BotoCoreError, match="Unable to locate credentials"):
        client.send_message(QueueUrl="https://q/1/a", MessageBody=BODY)
    assert service.asked == []


def test_settings_and_the_endpoint_of_the_environment_reach_the_client(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve((200, {}, b'{"MessageId": "m"}'))
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL", service.endpoint)

    clients.sqs_queue(Settings(queue_url="https://q/1/a", region="eu-west-3")).send("body")

    (asked,) = service.asked
    assert json.loads(asked.body) == {"QueueUrl": "https://q/1/a", "MessageBody": "body"}
    assert "/eu-west-3/sqs/aws4_request" in asked.headers["authorization"]
