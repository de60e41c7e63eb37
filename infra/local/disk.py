"""The emulator's state on disk: objects and queued messages outlive it, and what is made from them does not.

Moto keeps everything in memory. Here each object and each message is written before the call that stores it returns,
and removed before the call that deletes it does, so that a killed emulator loses nothing that it has acknowledged.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from moto.s3.models import S3Backend
from moto.sqs.models import Message, Queue, SQSBackend

REBUILT = ("tables/", "checkpoints/")
"""What Spark makes again from the objects. Glue's pointers to tables are in memory only, so tables would be useless."""
_EMPTY = "%"
"""An empty part of a key, such as that after a slash at its end; quoted text never is a lone percent sign."""


class Disk:
    """Objects as files named by their keys, and messages as files named by their ids, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._objects, self._messages, self._parts = (folder / name for name in ("objects", "messages", "parts"))
        for path in (self._objects, self._messages, self._parts):
            path.mkdir(parents=True, exist_ok=True)

    def write_object(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object, unless Spark makes it again."""
        if not key.startswith(REBUILT):
            self._write(self._object_path(bucket, key), body)

    def remove_object(self, bucket: str, key: str) -> None:
        """Remove an object; a missing one is no error."""
        self._object_path(bucket, key).unlink(missing_ok=True)

    def objects(self, bucket: str) -> Iterator[tuple[str, bytes]]:
        """Yield key and body of each object of a bucket."""
        folder = self._objects / bucket
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield "/".join(_unquoted(part) for part in path.relative_to(folder).parts), path.read_bytes()

    def count_objects(self) -> int:
        """Count the objects of all buckets."""
        return sum(path.is_file() for path in self._objects.rglob("*"))

    def write_message(self, queue: str, message_id: str, body: str, sent_ms: int) -> None:
        """Store a message; one that moves to another queue leaves its old one."""
        text = json.dumps({"queue": queue, "id": message_id, "body": body, "sent_ms": sent_ms})
        self._write(self._messages / f"{message_id}.json", text.encode())

    def remove_message(self, message_id: str) -> None:
        """Remove a message; a missing one is no error."""
        (self._messages / f"{message_id}.json").unlink(missing_ok=True)

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Messages of a queue in the order in which they were sent."""
        found = [json.loads(path.read_bytes()) for path in self._messages.glob("*.json")]
        return sorted((each for each in found if each["queue"] == queue), key=lambda each: each["sent_ms"])

    def _object_path(self, bucket: str, key: str) -> Path:
        return self._objects.joinpath(bucket, *map(_quoted, key.split("/")))

    def _write(self, path: Path, body: bytes) -> None:
        """Write a file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._parts)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        Path(name).replace(path)


def _quoted(part: str) -> str:
    """Make a file name of a part of a key."""
    if part in (".", ".."):
        return part.replace(".", "%2E")
    return quote(part, safe="=") or _EMPTY


def _unquoted(name: str) -> str:
    return "" if name == _EMPTY else unquote(name)


def keep_on(disk: Disk) -> None:
    """Have moto's S3 and SQS keep their state on a disk: what it holds is there once bucket and queue are created."""
    _keep_objects(S3Backend, disk)
    _keep_messages(SQSBackend, Queue, disk)


def _keep_objects(backend: Any, disk: Disk) -> None:
    create, put, delete = backend.create_bucket, backend.put_object, backend.delete_object

    def create_bucket(self: Any, bucket_name: str, *rest: Any, **options: Any) -> Any:
        bucket = create(self, bucket_name, *rest, **options)
        for key, body in disk.objects(bucket_name):
            put(self, bucket_name, key, body)
        return bucket

    def put_object(self: Any, bucket_name: str, key_name: str, value: bytes, *rest: Any, **options: Any) -> Any:
        disk.write_object(bucket_name, key_name, value)
        return put(self, bucket_name, key_name, value, *rest, **options)

    def delete_object(self: Any, bucket_name: str, key_name: str, *rest: Any, **options: Any) -> Any:
        disk.remove_object(bucket_name, key_name)
        return delete(self, bucket_name, key_name, *rest, **options)

    backend.create_bucket, backend.put_object, backend.delete_object = create_bucket, put_object, delete_object


def _keep_messages(backend: Any, queue: Any, disk: Disk) -> None:
    create, add, delete = backend.create_queue, queue.add_message, queue.delete_message

    def create_queue(self: Any, name: str, *rest: Any, **options: Any) -> Any:
        is_new = name not in self.queues
        made = create(self, name, *rest, **options)
        for kept in disk.messages(name) if is_new else ():
            message = Message(kept["id"], kept["body"])
            message.mark_sent(delay_seconds=0)
            message.sent_timestamp = kept["sent_ms"]
            add(made, message)
        return made

    def add_message(self: Any, message: Any) -> None:
        disk.write_message(self.name, message.id, message.body, message.sent_timestamp)
        add(self, message)

    def delete_message(self: Any, receipt_handle: str) -> None:
        for message in self._messages:
            if message.had_receipt_handle(receipt_handle):
                disk.remove_message(message.id)
        delete(self, receipt_handle)

    backend.create_queue, queue.add_message, queue.delete_message = create_queue, add_message, delete_message
