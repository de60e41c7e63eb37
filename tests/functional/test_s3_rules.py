"""The rules of S3 that the pipeline leans on, held by the store in memory and by moto where moto is right.

DIFFERENCES names every rule that moto breaks, with the reason; such a test must fail there, or the list is wrong.
Source of the rules: Amazon S3 User Guide, conditional writes and checksums; API reference.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.queue import refusal
from tests.fakes.store import FakeS3
from tests.faults.hooks import fails

DIFFERENCES = {
    "test_put_is_refused_when_its_checksum_is_of_other_bytes": "moto believes every checksum",
    "test_conditional_put_may_conflict_with_another": "moto does one request after the other",
    "test_delete_of_more_than_a_thousand_keys_is_refused": "moto deletes any number at once",
    "test_calls_may_be_told_to_slow_down": "moto throttles nothing",
    "test_put_may_time_out_after_its_effect": "moto answers whatever it did",
    "test_body_may_be_damaged_on_the_way_and_is_then_refused": "moto is reached over the loopback alone",
}


@dataclass
class Lab:
    """One bucket with a client; ``fake`` where it can be told to misbehave, which moto cannot."""

    client: Any
    bucket: str
    fake: FakeS3 | None = None

    def put(self, key: str, body: bytes, **more: str) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def put_once(self, key: str, body: bytes) -> None:
        self.put(key, body, IfNoneMatch="*", ChecksumSHA256=checksum(body))

    def get(self, key: str) -> bytes:
        body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def pages(self, prefix: str = "") -> list[list[str]]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [[entry["Key"] for entry in page.get("Contents", [])] for page in pages]


def checksum(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def status_of(err: pytest.ExceptionInfo[ClientError]) -> int:
    status: int = err.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


@pytest.fixture(params=["fake", "moto"])
def lab(request: pytest.FixtureRequest) -> Lab:
    if request.param == "fake":
        fake = FakeS3()
        return Lab(fake, "fake", fake)
    name = request.node.originalname
    if name in DIFFERENCES:
        request.node.add_marker(pytest.mark.xfail(reason=DIFFERENCES[name], strict=True))
    service: str = request.getfixturevalue("service")
    client = boto3.client("s3")
    where = {"LocationConstraint": client.meta.region_name}
    client.create_bucket(Bucket=service, CreateBucketConfiguration=where)
    return Lab(client, service)


def test_second_conditional_put_is_refused_and_changes_nothing(lab: Lab) -> None:
    lab.put_once("a", b"one")

    for body in (b"two", b"one"):
        with pytest.raises(ClientError) as err:
            lab.put_once("a", body)
        assert status_of(err) == 412
    assert lab.get("a") == b"one"


def test_put_without_a_condition_overwrites(lab: Lab) -> None:
    lab.put("a", b"one")
    lab.put("a", b"two")

    assert lab.get("a") == b"two"


def test_conditional_put_is_taken_again_after_a_delete(lab: Lab) -> None:
    lab.put_once("a", b"one")
    lab.client.delete_objects(Bucket=lab.bucket, Delete={"Objects": [{"Key": "a"}]})

    lab.put_once("a", b"two")

    assert lab.get("a") == b"two"


def test_put_on_a_tag_replaces_what_has_it_and_nothing_else(lab: Lab) -> None:
    first = lab.client.put_object(Bucket=lab.bucket, Key="a", Body=b"one")["ETag"]
    assert lab.client.get_object(Bucket=lab.bucket, Key="a")["ETag"] == first

    lab.put("a", b"two", IfMatch=first)

    assert lab.get("a") == b"two"
    with pytest.raises(ClientError) as err:
        lab.put("a", b"three", IfMatch=first)
    assert status_of(err) == 412
    assert lab.get("a") == b"two"


def test_put_on_a_tag_is_refused_when_there_is_no_object(lab: Lab) -> None:
    with pytest.raises(ClientError) as err:
        lab.put("a", b"one", IfMatch='"0123456789abcdef0123456789abcdef"')

    assert status_of(err) == 404
    assert lab.pages("a") in ([], [[]])


def test_put_is_refused_when_its_checksum_is_of_other_bytes(lab: Lab) -> None:
    with pytest.raises(ClientError) as err:
        lab.put("a", b"one", ChecksumSHA256=checksum(b"two"))

    assert status_of(err) == 400
    assert lab.pages("a") in ([], [[]])


def test_body_may_be_damaged_on_the_way_and_is_then_refused(lab: Lab) -> None:
    if lab.fake:
        lab.fake.on_the_way = lambda body: body[:-1]

    with pytest.raises(ClientError, match="BadDigest"):
        lab.put_once("a", b"one")


def test_conditional_put_may_conflict_with_another(lab: Lab) -> None:
    if lab.fake:
        lab.fake.conflicts = 1

    with pytest.raises(ClientError) as err:
        lab.put_once("a", b"one")

    assert status_of(err) == 409
    lab.put_once("a", b"one")
    assert lab.get("a") == b"one"


def test_calls_may_be_told_to_slow_down(lab: Lab) -> None:
    if lab.fake:
        lab.fake.before = fails(repeat(refusal("PutObject", "SlowDown", 503)), "put")

    with pytest.raises(ClientError, match="SlowDown"):
        lab.put_once("a", b"one")


def test_put_may_time_out_after_its_effect(lab: Lab) -> None:
    if lab.fake:
        lab.fake.after = fails(repeat(ReadTimeoutError(endpoint_url="https://s3")), "put")

    with pytest.raises(ReadTimeoutError):
        lab.put_once("a", b"one")
    assert lab.get("a") == b"one"


def test_get_of_nothing_is_named_so(lab: Lab) -> None:
    with pytest.raises(lab.client.exceptions.NoSuchKey):
        lab.get("never")


def test_keys_are_listed_by_prefix_in_the_order_of_their_bytes(lab: Lab) -> None:
    keys = ["raw/10", "raw/2", "raw/Z", "raw/a", "raw/é", "raw/한", "raw/ﬀ", "raw/🎵"]
    for key in [*reversed(keys), "bad/a", "rawest"]:
        lab.put(key, b"1")

    assert lab.pages("raw/") == [sorted(keys, key=str.encode)]


def test_delete_of_a_missing_key_is_no_error(lab: Lab) -> None:
    lab.put("a", b"1")

    answer = lab.client.delete_objects(Bucket=lab.bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "never"}]})

    assert "Errors" not in answer
    assert lab.pages("a") in ([], [[]])


def test_delete_of_more_than_a_thousand_keys_is_refused(lab: Lab) -> None:
    entries = [{"Key": f"never-{number}"} for number in range(1001)]

    with pytest.raises(ClientError, match="MalformedXML"):
        lab.client.delete_objects(Bucket=lab.bucket, Delete={"Objects": entries})


def test_every_difference_is_a_test_of_this_page() -> None:
    assert set(DIFFERENCES) <= set(globals())
