"""S3 in memory with its real rules: conditional puts, conflicts, checksums, effects before errors.

`FakeS3` stands where a boto3 client stands, so that the real adapter runs on top of it; `FakeStore` is both.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from logdig.store.object_store import DELETE_LIMIT, S3EventStore, StoredVersion
from logdig.times import Clock
from tests.fakes.queue import refusal

PAGE_KEYS = 1000


class NoSuchKeyError(ClientError):
    """S3's answer to a get of nothing."""


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


class FakeS3:
    """A boto3 S3 client with one bucket in memory; the buckets it is called with do not matter.

    ``before`` and ``after`` are called with operation and key and may raise; an error of ``after`` comes when the
    effect has happened. ``conflicts`` is the number of conditional puts still to meet another of the same key.
    ``on_the_way`` changes a body between sender and store. ``steps`` lists the calls. ``clock`` times puts.
    """

    exceptions = SimpleNamespace(NoSuchKey=NoSuchKeyError)

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.stored_at: dict[str, datetime] = {}
        self.clock: Clock = lambda: datetime.now(UTC)
        self.before: Callable[[str, str], None] = lambda _operation, _key: None
        self.after: Callable[[str, str], None] = lambda _operation, _key: None
        self.on_the_way: Callable[[bytes], bytes] = lambda body: body
        self.conflicts = 0
        self.steps: list[str] = []

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803 (names of AWS)
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        IfNoneMatch: str = "",  # noqa: N803
        IfMatch: str = "",  # noqa: N803
        ContentType: str = "",  # noqa: N803
        ChecksumSHA256: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """Store a body whole or not at all."""
        self._step("put", Key)
        arrived = self.on_the_way(Body)
        if ChecksumSHA256 and base64.b64decode(ChecksumSHA256) != hashlib.sha256(arrived).digest():
            raise refusal("PutObject", "BadDigest")
        if IfNoneMatch and self.conflicts:
            self.conflicts -= 1
            raise refusal("PutObject", "ConditionalRequestConflict", 409)
        if IfNoneMatch and Key in self.objects:
            raise refusal("PutObject", "PreconditionFailed", 412)
        if IfMatch and Key not in self.objects:
            raise refusal("PutObject", "NoSuchKey", 404)
        if IfMatch and IfMatch != _etag(self.objects[Key]):
            raise refusal("PutObject", "PreconditionFailed", 412)
        self.objects[Key] = arrived
        self.stored_at[Key] = self.clock()
        self.after("put", Key)
        return {"ETag": _etag(arrived)}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """Read one object."""
        self._step("get", Key)
        if Key not in self.objects:
            raise NoSuchKeyError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": _etag(self.objects[Key])}

    def get_paginator(self, _operation: str) -> FakeS3:
        """Of list_objects_v2, the only one needed."""
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        """List in key order, 1,000 keys a page."""
        self._step("list", Prefix)
        found = [key for key in sorted(self.objects) if key.startswith(Prefix)]
        pages = [found[start : start + PAGE_KEYS] for start in range(0, len(found), PAGE_KEYS)]
        return [{"Name": Bucket, "Contents": [self._entry(key) for key in keys]} for keys in pages]

    def _entry(self, key: str) -> dict[str, Any]:
        return {"Key": key, "Size": len(self.objects[key]), "LastModified": self.stored_at.get(key, self.clock())}

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Remove objects; a missing one is no error."""
        entries: Sequence[dict[str, str]] = Delete["Objects"]
        if not 1 <= len(entries) <= DELETE_LIMIT:
            raise refusal("DeleteObjects", "MalformedXML")
        for entry in entries:
            self._step("delete", entry["Key"])
            self.objects.pop(entry["Key"], None)
        return {}

    def _step(self, operation: str, key: str) -> None:
        self.before(operation, key)
        self.steps.append(operation)

    def lines(self, zone: str) -> list[bytes]:
        """Every stored line of a zone."""
        texts = (gzip.decompress(body) for key, body in self.objects.items() if key.startswith(f"{zone}/"))
        return [line for text in texts for line in text.splitlines()]


class FakeStore(FakeS3, S3EventStore):
    """`FakeS3` behind the real adapter, in one object."""

    def __init__(self) -> None:
        FakeS3.__init__(self)
        S3EventStore.__init__(self, self, "fake")

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """A store that keeps nothing has one version of each."""
        self._step("versions", prefix)
        return iter([StoredVersion(key, "null", True, False) for key in sorted(self.objects) if key.startswith(prefix)])

    def get_version(self, version: StoredVersion) -> bytes:
        """Read the one version."""
        return self.get(version.key)

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """Remove the one version of each."""
        self.delete([version.key for version in versions])
