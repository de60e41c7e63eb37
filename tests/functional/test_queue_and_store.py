"""One contract for queue and store, held by the fakes and by AWS clients against moto.

Moto does not know some of AWS's rules: it takes forbidden characters, deletes by stale receipts, never samples, never
fails a single entry. Those are tested on the fakes alone (tests/unit/flush/test_flusher.py).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import boto3
import pytest

from logdig.aws.clients import queue_check, s3_store, sqs_queue, with_signing_secrets
from logdig.config.settings import Settings
from logdig.config.signatures import signing_secrets
from logdig.errors import QueueUnavailableError, SecretsUnavailableError, StoreUnavailableError
from logdig.queue.event_queue import EventQueue, SqsEventQueue
from logdig.store.object_store import EventStore
from tests.fakes.answering import answering
from tests.fakes.queue import FakeClock, FakeQueue
from tests.fakes.store import FakeStore

KEY = "raw/dt=2026-11-24/" + "0" * 64 + ".jsonl.gz"


@pytest.fixture(params=["fake", "moto"])
def queue(request: pytest.FixtureRequest) -> EventQueue:
    if request.param == "fake":
        return FakeQueue(FakeClock())
    service = request.getfixturevalue("service")
    settings = Settings(service=service)
    boto3.client("sqs").create_queue(QueueName=settings.queue_name, Attributes={"VisibilityTimeout": "300"})
    return sqs_queue(settings)


@pytest.fixture(params=["fake", "moto"])
def store(request: pytest.FixtureRequest) -> Iterator[EventStore]:
    if request.param == "fake":
        yield FakeStore()
        return
    settings = Settings(service=request.getfixturevalue("service"))
    boto3.client("s3").create_bucket(
        Bucket=settings.bucket_name, CreateBucketConfiguration={"LocationConstraint": settings.region}
    )
    yield s3_store(settings)


def test_queue_gives_back_what_was_sent(queue: EventQueue) -> None:
    for index in range(3):
        queue.send(f"body {index}")

    messages = queue.receive(0)

    assert sorted(message.body for message in messages) == ["body 0", "body 1", "body 2"]
    assert {message.receive_count for message in messages} == {1}
    assert all(message.sent_at.tzinfo is not None for message in messages)


def test_queue_hides_received_messages_until_released(queue: EventQueue) -> None:
    queue.send("body")
    first = queue.receive(0)

    hidden = queue.receive(0)
    queue.release(first)
    again = queue.receive(0)

    assert (hidden, [message.receive_count for message in again]) == ([], [2])


def test_queue_gives_nothing_more_when_all_is_deleted(queue: EventQueue) -> None:
    for index in range(10):
        queue.send(f"body {index}")
    messages = []
    while batch := queue.receive(0):
        messages += batch

    failed = queue.delete(messages)

    assert (len(messages), failed) == (10, [])
    assert queue.receive(0) == []


def test_queue_takes_a_message_of_one_mebibyte_and_no_more(queue: EventQueue) -> None:
    queue.send("a" * 1024 * 1024)

    with pytest.raises(QueueUnavailableError):
        queue.send("a" * (1024 * 1024 + 1))


def test_store_puts_once_and_says_so(store: EventStore) -> None:
    first = store.put(KEY, b"one")
    second = store.put(KEY, b"two")

    assert (first, second, store.get(KEY)) == (True, False, b"one")


def test_store_lists_by_prefix_in_order_and_deletes(store: EventStore) -> None:
    for key in ("raw/b", "raw/a", "bad/c"):
        store.put(key, b"12345")

    listed = [(entry.key, entry.size_bytes) for entry in store.list("raw/")]
    store.delete(["raw/a", "raw/never"])

    assert listed == [("raw/a", 5), ("raw/b", 5)]
    assert [entry.key for entry in store.list("")] == ["bad/c", "raw/b"]


def test_store_tells_when_an_object_was_stored(store: EventStore) -> None:
    before = datetime.now(UTC)
    store.put(KEY, b"one")

    (entry,) = store.list("raw/")

    # S3 tells whole seconds.
    assert entry.stored_at is not None
    assert before.replace(microsecond=0) <= entry.stored_at <= datetime.now(UTC)


def test_store_names_the_key_when_there_is_none(store: EventStore) -> None:
    with pytest.raises(KeyError):
        store.get("raw/never")


def test_clients_raise_our_errors_when_aws_has_no_such_thing(service: str) -> None:
    settings = Settings(service=service)

    with pytest.raises(QueueUnavailableError, match=settings.queue_name):
        sqs_queue(settings)
    with pytest.raises(QueueUnavailableError):
        SqsEventQueue(boto3.client("sqs"), "http://127.0.0.1:9/none").send("body")
    with pytest.raises(StoreUnavailableError, match=settings.bucket_name):
        s3_store(settings).put(KEY, b"")


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"MessageId": ""}', b"<html>hello</html>"])
def test_queue_has_taken_nothing_when_the_answer_names_no_message(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering((200, {}, answer)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        queue = sqs_queue(Settings(queue_url=f"{server.endpoint}/1/q"))

        with pytest.raises(QueueUnavailableError):
            queue.send("body")


def test_queue_check_tells_whether_the_queue_answers(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(service=service)
    url = boto3.client("sqs").create_queue(QueueName=settings.queue_name)["QueueUrl"]

    queue_check(settings, url)()

    with pytest.raises(QueueUnavailableError, match="does not answer"):
        queue_check(settings, url + "-gone")()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed}")
    with pytest.raises(QueueUnavailableError, match="does not answer"):
        queue_check(settings, f"http://127.0.0.1:{closed}/1/q")()


def test_signing_secrets_come_from_the_parameter_store_and_the_environment_wins(service: str) -> None:
    settings = Settings(service=service)
    path = f"/{service}/dev/signing"
    store = boto3.client("ssm", region_name=settings.region)
    for number in range(12):
        store.put_parameter(Name=f"{path}/app-{number}", Value=f"s {number}", Type="SecureString")
    store.put_parameter(Name=f"{path}/app-0/previous", Value="old", Type="SecureString")
    store.put_parameter(Name=f"{path}/app-0/later", Value="no", Type="SecureString")
    store.put_parameter(Name=f"{path}/_origin", Value="of the CDN", Type="SecureString")
    store.put_parameter(Name=f"/{service}/dev/other/app-0", Value="no", Type="SecureString")
    environment = {"LOGDIG_SIGNING_PARAMETERS": path, "LOGDIG_SIGNING_SECRET_APP_1": "mine", "HOME": "/"}

    secrets = with_signing_secrets(settings, environment)

    assert signing_secrets("app-0", secrets) == (b"s 0", b"old")
    assert signing_secrets("app-1", secrets) == (b"mine",)
    assert signing_secrets("app-11", secrets) == (b"s 11",)
    assert secrets["LOGDIG_ORIGIN_SECRET"] == "of the CDN"
    assert len(secrets) == 12 + 1 + 1 + 2
    assert with_signing_secrets(settings, {"HOME": "/"}) == {"HOME": "/"}


def test_missing_parameter_store_is_a_transient_error(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")

    with pytest.raises(SecretsUnavailableError, match="/x/dev/signing"):
        with_signing_secrets(Settings(service=service), {"LOGDIG_SIGNING_PARAMETERS": "/x/dev/signing"})


def test_every_version_can_be_read_and_erased_where_the_bucket_keeps_them(service: str) -> None:
    settings = Settings(service=service)
    client = boto3.client("s3")
    client.create_bucket(Bucket=settings.bucket_name, CreateBucketConfiguration={"LocationConstraint": settings.region})
    kept = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=settings.bucket_name, VersioningConfiguration=kept)
    store = s3_store(settings)
    store.put(KEY, b"first")
    store.delete([KEY])
    store.put(KEY, b"second")

    versions = list(store.versions("raw/"))
    bodies = sorted(store.get_version(version) for version in versions if not version.is_mark)
    store.erase(versions)

    assert bodies == [b"first", b"second"]
    assert [(version.is_live, version.is_mark) for version in versions].count((True, False)) == 1
    assert [version.is_mark for version in versions].count(True) == 1
    assert list(store.versions("")) == []
