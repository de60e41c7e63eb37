"""The rules of SQS that the pipeline leans on, held by the queue in memory and by moto where moto is right.

DIFFERENCES names every rule that moto breaks, with the reason; such a test must fail there, or the list is wrong.
Source of the rules: Amazon SQS Developer Guide, quotas and API reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.queue import IN_FLIGHT_LIMIT, FakeClock, FakeSqs, refusal
from tests.faults.hooks import fails

DIFFERENCES = {
    "test_characters_outside_of_xml_are_refused": "moto takes every character",
    "test_batch_of_eleven_is_refused": "moto deletes any number at once",
    "test_batch_of_equal_ids_is_refused": "moto compares the ids of other entries",
    "test_limit_of_a_message_is_in_bytes": "moto counts characters",
    "test_empty_message_is_refused": "moto takes an empty message",
    "test_stale_receipt_says_yes_and_deletes_nothing": "moto deletes by any receipt that it once gave",
    "test_nothing_more_is_given_out_at_the_in_flight_limit": "moto has no such limit",
    "test_approximate_count_may_be_wrong": "moto counts exactly",
    "test_receive_may_bring_nothing_although_there_is_something": "moto looks at all messages in every receive",
    "test_message_may_come_twice_in_one_receive": "moto gives each message once",
    "test_message_may_come_again_after_its_delete": "moto forgets what is deleted",
    "test_single_entries_of_a_batch_may_fail": "moto fails no single entry",
    "test_calls_may_be_throttled": "moto throttles nothing",
    "test_call_may_time_out_after_its_effect": "moto answers whatever it did",
}

VISIBILITY_SECONDS = 300
RECEIVES_MOST = 3


@dataclass
class Lab:
    """One queue with a client; ``fake`` where it can be told to misbehave, which moto cannot."""

    client: Any
    url: str
    wait: Callable[[float], None]
    dead: Callable[[], list[str]]
    fake: FakeSqs | None = None

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def receive(self, most: int = 10, seconds: int = 0) -> list[dict[str, Any]]:
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def delete(self, *receipts: str, ids: Sequence[str] = "0123456789A") -> dict[str, Any]:
        entries = [{"Id": name, "ReceiptHandle": receipt} for name, receipt in zip(ids, receipts, strict=False)]
        answer: dict[str, Any] = self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)
        return answer

    def hide(self, receipt: str, seconds: int) -> dict[str, Any]:
        entries = [{"Id": "0", "ReceiptHandle": receipt, "VisibilityTimeout": seconds}]
        answer: dict[str, Any] = self.client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
        return answer

    def bodies(self) -> list[str]:
        """Texts of what is visible now, in order of their letters."""
        return sorted(message["Body"] for message in self.receive())


def fake_lab() -> Lab:
    clock = FakeClock()
    sqs = FakeSqs(clock, visibility_seconds=VISIBILITY_SECONDS, max_receive_count=RECEIVES_MOST)
    return Lab(sqs, "fake", clock.advance, lambda: sqs.dead, sqs)


def moto_lab(service: str) -> Lab:
    client = boto3.client("sqs")
    dead = client.create_queue(QueueName=f"{service}-dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    attributes = {
        "VisibilityTimeout": str(VISIBILITY_SECONDS),
        "RedrivePolicy": f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {RECEIVES_MOST}}}',
    }
    url = client.create_queue(QueueName=service, Attributes=attributes)["QueueUrl"]

    def dead_bodies() -> list[str]:
        return [one["Body"] for one in client.receive_message(QueueUrl=dead).get("Messages", [])]

    return Lab(client, url, time.sleep, dead_bodies)


@pytest.fixture(params=["fake", "moto"])
def lab(request: pytest.FixtureRequest) -> Lab:
    if request.param == "fake":
        return fake_lab()
    name = request.node.originalname
    if name in DIFFERENCES:
        request.node.add_marker(pytest.mark.xfail(reason=DIFFERENCES[name], strict=True))
    return moto_lab(request.getfixturevalue("service"))


def test_message_of_one_mebibyte_is_taken_and_one_byte_more_refused(lab: Lab) -> None:
    lab.send("a" * 1024 * 1024)

    with pytest.raises(ClientError, match="InvalidParameterValue"):
        lab.send("a" * (1024 * 1024 + 1))
    assert len(lab.receive()) == 1


def test_limit_of_a_message_is_in_bytes(lab: Lab) -> None:
    lab.send("한" * (1024 * 1024 // 3))

    with pytest.raises(ClientError, match="InvalidParameterValue"):
        lab.send("한" * (1024 * 1024 // 3 + 1))


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_characters_outside_of_xml_are_refused(lab: Lab, character: str) -> None:
    with pytest.raises(ClientError, match="InvalidMessageContents"):
        lab.send(f"a{character}")


def test_every_other_character_comes_back_as_it_was(lab: Lab) -> None:
    text = "\t\n\r ~\x7f\x85\u2028\u2029한글\ud7ff\ue000\ufffd🎵\U0010ffff<&>\"'"
    lab.send(text)

    assert lab.bodies() == [text]


def test_empty_message_is_refused(lab: Lab) -> None:
    with pytest.raises(ClientError):
        lab.send("")


def test_batch_of_eleven_is_refused(lab: Lab) -> None:
    lab.send(*"abcdefghijk")
    receipts = [message["ReceiptHandle"] for message in lab.receive() + lab.receive()]

    with pytest.raises(ClientError, match="TooManyEntriesInBatchRequest"):
        lab.delete(*receipts)


def test_batch_of_none_is_refused(lab: Lab) -> None:
    with pytest.raises(ClientError, match="EmptyBatchRequest"):
        lab.delete()


def test_batch_of_equal_ids_is_refused(lab: Lab) -> None:
    lab.send("a", "b")
    receipts = [message["ReceiptHandle"] for message in lab.receive()]

    with pytest.raises(ClientError, match="BatchEntryIdsNotDistinct"):
        lab.delete(*receipts, ids=["0", "0"])


@pytest.mark.parametrize(("most", "seconds"), [(0, 0), (11, 0), (1, 21), (1, -1)])
def test_receive_beyond_its_limits_is_refused(lab: Lab, most: int, seconds: int) -> None:
    with pytest.raises(ClientError):
        lab.receive(most, seconds)


def test_receive_brings_at_most_what_was_asked_for_and_each_message_with_its_count_and_time(lab: Lab) -> None:
    lab.send(*"abcd")

    received = lab.receive(3)

    assert 1 <= len(received) <= 3
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in received} == {"1"}
    assert all(int(message["Attributes"]["SentTimestamp"]) > 10**12 for message in received)


def test_message_is_hidden_until_its_visibility_ends_and_counts_its_receives(lab: Lab) -> None:
    lab.send("a")
    (message,) = lab.receive()

    hidden = lab.receive()
    lab.hide(message["ReceiptHandle"], 1)
    lab.wait(1.5)
    (again,) = lab.receive()

    assert hidden == []
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_message_comes_again_at_once_when_it_is_given_back(lab: Lab) -> None:
    lab.send("a")
    (message,) = lab.receive()

    answer = lab.hide(message["ReceiptHandle"], 0)

    assert [one["Id"] for one in answer["Successful"]] == ["0"]
    assert lab.bodies() == ["a"]


def test_visibility_beyond_twelve_hours_is_refused(lab: Lab) -> None:
    lab.send("a")
    (message,) = lab.receive()

    try:
        refused = bool(lab.hide(message["ReceiptHandle"], 12 * 3600 + 1).get("Failed"))
    except ClientError as err:
        refused = "InvalidParameterValue" in str(err)

    assert refused


def test_deleted_message_is_gone_and_deleting_it_again_is_no_error(lab: Lab) -> None:
    lab.send("a", "b")
    receipts = [message["ReceiptHandle"] for message in lab.receive()]

    for receipt in receipts:
        lab.hide(receipt, 0)
    answers = [lab.delete(*receipts) for _ in range(2)]

    assert [len(answer["Successful"]) for answer in answers] == [2, 2]
    assert lab.bodies() == []


def test_stale_receipt_says_yes_and_deletes_nothing(lab: Lab) -> None:
    lab.send("a")
    (message,) = lab.receive()
    lab.hide(message["ReceiptHandle"], 0)
    (again,) = lab.receive()

    answer = lab.delete(message["ReceiptHandle"])
    lab.hide(again["ReceiptHandle"], 0)

    assert len(answer["Successful"]) == 1
    assert lab.bodies() == ["a"]


def test_receipt_of_no_message_is_named_as_failed(lab: Lab) -> None:
    answer = lab.delete("no receipt")

    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("0", "ReceiptHandleIsInvalid")]


def test_message_received_too_often_goes_to_the_dead_letter_queue(lab: Lab) -> None:
    lab.send("a")
    for _ in range(RECEIVES_MOST):
        (message,) = lab.receive()
        lab.hide(message["ReceiptHandle"], 0)

    assert lab.receive() == []
    assert lab.dead() == ["a"]


def test_empty_receive_waits_as_long_as_it_was_told_and_brings_nothing(lab: Lab) -> None:
    started = lab.client._clock() if lab.fake else time.monotonic()

    received = lab.receive(seconds=1)

    waited = (lab.client._clock() - started).total_seconds() if lab.fake else time.monotonic() - started
    assert received == []
    assert waited >= 1


def test_nothing_more_is_given_out_at_the_in_flight_limit(lab: Lab) -> None:
    assert lab.fake, "not to be had in 120,000 messages"
    lab.fake._in_flight_limit = 10
    lab.send(*(f"m{number}" for number in range(20)))
    lab.receive()

    with pytest.raises(ClientError, match="OverLimit"):
        lab.receive()
    assert lab.receive(seconds=1) == []
    assert IN_FLIGHT_LIMIT == 120_000


def test_approximate_count_may_be_wrong(lab: Lab) -> None:
    lab.send(*"abc")
    name = "ApproximateNumberOfMessages"

    counts = {
        lab.client.get_queue_attributes(QueueUrl=lab.url, AttributeNames=[name])["Attributes"][name] for _ in range(20)
    }

    assert counts > {"3"}


def test_receive_may_bring_nothing_although_there_is_something(lab: Lab) -> None:
    lab.send("a")
    if lab.fake:
        lab.fake.empty_receives = 1

    assert lab.receive() == []
    assert lab.bodies() == ["a"]


def test_message_may_come_twice_in_one_receive(lab: Lab) -> None:
    lab.send("a")
    if lab.fake:
        lab.fake.twice = True

    first, second = lab.receive()

    assert first["MessageId"] == second["MessageId"]
    assert lab.delete(second["ReceiptHandle"])["Successful"]


def test_message_may_come_again_after_its_delete(lab: Lab) -> None:
    lab.send("a")
    (message,) = lab.receive()
    lab.hide(message["ReceiptHandle"], 0)
    kept = dict(lab.fake._entries) if lab.fake else {}
    lab.delete(message["ReceiptHandle"])
    if lab.fake:
        lab.fake._entries |= kept

    assert lab.bodies() == ["a"]


def test_single_entries_of_a_batch_may_fail(lab: Lab) -> None:
    lab.send("a", "b")
    receipts = [message["ReceiptHandle"] for message in lab.receive()]
    if lab.fake:
        lab.fake.fail_entries = lambda _operation, _size: [1]

    answer = lab.delete(*receipts)

    assert ([one["Id"] for one in answer["Successful"]], [one["Id"] for one in answer["Failed"]]) == (["0"], ["1"])


def test_calls_may_be_throttled(lab: Lab) -> None:
    if lab.fake:
        lab.fake.before = fails(repeat(refusal("SendMessage", "RequestThrottled", 403)), "send")

    with pytest.raises(ClientError, match="RequestThrottled"):
        lab.send("a")


def test_call_may_time_out_after_its_effect(lab: Lab) -> None:
    if lab.fake:
        lab.fake.after = fails(repeat(ReadTimeoutError(endpoint_url="https://sqs")), "send")

    with pytest.raises(ReadTimeoutError):
        lab.send("a")
    assert lab.bodies() == ["a"]


def test_every_difference_is_a_test_of_this_page() -> None:
    assert set(DIFFERENCES) <= set(globals())
