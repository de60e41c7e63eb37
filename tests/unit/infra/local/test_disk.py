"""What the emulator acknowledged is there in the next one, and what was deleted is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.disk import Disk

KEYS = (
    "raw/dt=2026-11-24/abc.jsonl.gz",
    "load/a b/%/ü/노래.json",
    "pages/../up",
    "pages/./here",
    "a//b",
    "folder/",
    "p%25",
)
SETUP = """
import boto3, sys
from moto import mock_aws
from pathlib import Path
from infra.local.disk import Disk, keep_on
keep_on(Disk(Path(sys.argv[1])))
mock_aws().start()
s3, sqs = (boto3.client(name, region_name="us-east-1") for name in ("s3", "sqs"))
s3.create_bucket(Bucket="lake")
url, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("events", "other"))
"""
"""A process of its own: the patches hold for the whole process."""


def emulated(folder: Path, code: str) -> str:
    command = [sys.executable, "-c", SETUP + code, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def test_objects_and_messages_are_there_again_when_the_emulator_was_killed(tmp_path: Path) -> None:
    store = """
import os
for key in ("raw/1", "raw/2", "bad/3", "tables/4", "checkpoints/5"):
    s3.put_object(Bucket="lake", Key=key, Body=key.encode())
s3.copy_object(Bucket="lake", Key="raw/copy", CopySource="lake/raw/1")
s3.delete_object(Bucket="lake", Key="raw/2")
s3.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "bad/3"}]})
for body in ("first", "done", "노래"):
    sqs.send_message(QueueUrl=url, MessageBody=body)
sqs.send_message_batch(QueueUrl=other, Entries=[{"Id": "1", "MessageBody": "elsewhere"}])
for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]:
    if message["Body"] == "done":
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
os._exit(0)
"""
    emulated(tmp_path, store)

    read = """
keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="lake")["Contents"]]
print(keys, s3.get_object(Bucket="lake", Key="raw/copy")["Body"].read())
for queue in (url, other):
    print([message["Body"] for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]])
"""
    assert emulated(tmp_path, read).splitlines() == [
        "['raw/1', 'raw/copy'] b'raw/1'",
        "['first', '노래']",
        "['elsewhere']",
    ]


@pytest.mark.parametrize("key", KEYS)
def test_disk_returns_an_object_when_its_key_is_no_plain_path(tmp_path: Path, key: str) -> None:
    Disk(tmp_path / "data").write_object("lake", key, b"body")

    assert list(Disk(tmp_path / "data").objects("lake")) == [(key, b"body")]
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_disk_removes_nothing_else_when_an_object_or_message_is_missing(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.write_object("lake", "raw/1", b"1")
    disk.write_message("events", "id-1", "body", 5)

    disk.remove_object("lake", "raw/2")
    disk.remove_message("id-2")

    assert (disk.count_objects(), [message["body"] for message in disk.messages("events")]) == (1, ["body"])
